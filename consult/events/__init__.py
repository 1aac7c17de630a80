"""One file for each event that clients send, named after it."""
