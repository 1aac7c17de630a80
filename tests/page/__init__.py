"""The page at `/`, used in a real Chromium."""
