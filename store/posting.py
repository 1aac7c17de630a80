"""A message is sent: what is stored of it, and what comes of it for the people of its question."""

import sqlite3

from store import messages, participants
from store.messages import Appended, Draft, Message


def post(connection: sqlite3.Connection, drafts: list[Draft]) -> list[Appended]:
    """Store a batch of messages, whose senders take part in their questions from then on."""
    appended = messages.append(connection, drafts)
    participants.add_senders(connection, (one for one in appended if isinstance(one, Message)))
    return appended


def post_one(connection: sqlite3.Connection, draft: Draft) -> Appended:
    """Store one message, as `post` does many."""
    (appended,) = post(connection, [draft])
    return appended
