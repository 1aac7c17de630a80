"""What `--sandbox` adds: a clock that moves, a database of its own, samples, and parts that fail on demand."""
