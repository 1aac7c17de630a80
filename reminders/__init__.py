"""The loop that remembers: what is due becomes a notification, exactly once."""
