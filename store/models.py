"""The tables, and nothing else. Models are bound to no database: a query is run by `store.database`."""

from peewee import BigIntegerField, BooleanField, ForeignKeyField, Model, TextField
from playhouse.sqlite_ext import AutoIncrementField


class Question(Model):
    """A consultation question. Times are milliseconds since 1970 UTC, here and below."""

    id = AutoIncrementField()
    title = TextField()
    elder_id = BigIntegerField()
    status = TextField()  # OPEN or CLOSED
    created_at = BigIntegerField()

    class Meta:
        table_name = "question"


class Message(Model):
    id = AutoIncrementField()
    question = ForeignKeyField(Question, column_name="question_id", lazy_load=False, index=False)
    sender_type = TextField()
    sender_id = BigIntegerField()
    role_display_name = TextField(null=True)
    content_type = TextField()
    content_text = TextField(null=True)
    attachments = TextField()  # a JSON array
    is_visible_to_patient = BooleanField()
    sent_at = BigIntegerField()
    client_msg_id = TextField(null=True)  # unique with question, sender_type and sender_id

    class Meta:
        table_name = "message"


class ReminderTask(Model):
    id = AutoIncrementField()
    user_id = BigIntegerField()
    biz_type = TextField()
    biz_id = BigIntegerField()
    channel = TextField()  # IN_APP or SYSTEM_MESSAGE
    title = TextField()
    content = TextField(null=True)
    remind_at = BigIntegerField()
    status = TextField()  # PENDING, DISPATCHED or CANCELLED
    created_at = BigIntegerField()

    class Meta:
        table_name = "reminder_task"


class UserNotification(Model):
    id = AutoIncrementField()
    user_id = BigIntegerField()
    biz_type = TextField()
    biz_id = BigIntegerField()
    title = TextField()
    content = TextField(null=True)
    status = TextField()  # UNREAD or READ
    created_at = BigIntegerField()
    read_at = BigIntegerField(null=True)
    # Null until some connection was handed the notification.
    pushed_at = BigIntegerField(null=True)
    task = ForeignKeyField(ReminderTask, column_name="task_id", lazy_load=False, index=False)
    occurrence_at = BigIntegerField()  # with task_id unique: one row for one occurrence

    class Meta:
        table_name = "user_notification"


class IdempotencyKey(Model):
    """What a POST with an `Idempotency-Key` was answered with."""

    key = TextField(primary_key=True)
    fingerprint = TextField()  # of method, path and body
    answer = TextField()  # JSON
    created_at = BigIntegerField()

    class Meta:
        table_name = "idempotency_key"
