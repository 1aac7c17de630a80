"""Participants of questions, and up to where each has read."""

from typing import Any

from peewee import SqliteDatabase

STATEMENTS = (
    # Who does not take part has a cursor alone.
    """CREATE TABLE participant (
        question_id INTEGER NOT NULL REFERENCES question (id),
        user_id INTEGER NOT NULL,
        user_type TEXT NOT NULL,
        takes_part INTEGER NOT NULL,
        read_up_to INTEGER NOT NULL,
        PRIMARY KEY (question_id, user_id, user_type)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX participant_of_user ON participant (user_id, user_type, question_id) WHERE takes_part = 1",
    # Unread messages are counted by the index alone.
    "DROP INDEX message_of_question",
    """CREATE INDEX message_of_question
        ON message (question_id, id, sender_type, sender_id, is_visible_to_patient)""",
    # What was said before there were cursors counts as read.
    """INSERT INTO participant (question_id, user_id, user_type, takes_part, read_up_to)
        SELECT one.question_id, one.user_id, one.user_type, 1,
            coalesce((SELECT id FROM message WHERE question_id = one.question_id
                AND (one.user_type = 'STAFF' OR is_visible_to_patient) ORDER BY id DESC LIMIT 1), 0)
        FROM (SELECT id AS question_id, elder_id AS user_id, 'ELDER' AS user_type FROM question
            UNION
            SELECT question_id, sender_id, sender_type FROM message
            WHERE sender_type <> 'SYSTEM' AND sender_id > 0) AS one""",
    # The user that joined a question.
    "ALTER TABLE session_room ADD COLUMN user_id INTEGER",
    "ALTER TABLE session_room ADD COLUMN user_type TEXT",
)


def up(migrator: Any, db: SqliteDatabase) -> None:  # noqa: ARG001 - the runner passes both
    for statement in STATEMENTS:
        db.execute_sql(statement)
