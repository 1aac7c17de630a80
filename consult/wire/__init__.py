"""The hot path: the door, the websocket driver, frames encoded once, bounded outboxes; and long-polling beside it."""
