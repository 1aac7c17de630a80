"""The tests of Careline. The benchmarks are beside them and import no test library."""

# Before anything else can import another SQLite: tests open databases with Careline's own code.
import store.sqlite  # noqa: F401
