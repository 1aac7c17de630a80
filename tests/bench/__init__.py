"""The benchmark of `make bench`: Careline beside its peers (docs/performance.md)."""
