"""The notifications of an occurrence share one state.

Before, each had its own: a confirmed occurrence could ring again from an older notification that was snoozed a second
time, and an old one could stay UNREAD beside the one that stands for it.
"""

from typing import Any

from peewee import SqliteDatabase

# Each notification of an occurrence that has come again, with the first one of the occurrence.
OCCURRENCES = """CREATE TABLE notification_of_occurrence AS
    WITH RECURSIVE occurrence (first, id) AS (
        SELECT id, id FROM user_notification AS one
        WHERE snooze_of IS NULL AND EXISTS (SELECT 1 FROM user_notification WHERE snooze_of = one.id)
        UNION ALL
        SELECT first, one.id FROM user_notification AS one JOIN occurrence ON one.snooze_of = occurrence.id
    )
    SELECT first, occurrence.id, max(occurrence.id) OVER (PARTITION BY first) AS newest,
        min(confirmed_at) OVER (PARTITION BY first) AS confirmed_at,
        min(snoozed_until) OVER (PARTITION BY first) AS snoozed_until,
        max(created_at) OVER (PARTITION BY first) AS came_at
    FROM occurrence JOIN user_notification AS one ON one.id = occurrence.id"""
CONFIRMED = """UPDATE user_notification SET status = 'READ', snoozed_until = NULL,
        read_at = coalesce(read_at, one.confirmed_at),
        confirmed_at = coalesce(user_notification.confirmed_at, one.confirmed_at)
    FROM notification_of_occurrence AS one
    WHERE one.id = user_notification.id AND one.confirmed_at IS NOT NULL"""
OLDER = """UPDATE user_notification SET status = 'READ', snoozed_until = NULL, read_at = coalesce(read_at, one.came_at)
    FROM notification_of_occurrence AS one
    WHERE one.id = user_notification.id AND one.confirmed_at IS NULL AND one.id < newest"""
NEWEST = """UPDATE user_notification SET snoozed_until = one.snoozed_until
    FROM notification_of_occurrence AS one
    WHERE one.id = user_notification.id AND one.confirmed_at IS NULL AND one.id = newest"""


def up(migrator: Any, db: SqliteDatabase) -> None:  # noqa: ARG001 - the runner passes both
    for statement in (OCCURRENCES, CONFIRMED, OLDER, NEWEST, "DROP TABLE notification_of_occurrence"):
        db.execute_sql(statement)
