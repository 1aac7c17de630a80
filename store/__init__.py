"""The SQLite file, its one writer, and every query."""

# Before anything else of it can import another SQLite.
import store.sqlite  # noqa: F401
