"""Everything that a client sees: the Socket.IO events, the HTTP calls, the page."""
