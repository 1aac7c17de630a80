"""The SQLite file, its one writer, and every query."""
