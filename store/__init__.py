"""What Careline remembers: the SQLite file, its one writer, and every query."""
