"""The tests of Careline. The benchmarks are beside them and import no test library."""
