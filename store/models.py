"""The tables, and nothing else. Models are bound to no database: a query is run by `store.database`."""

from peewee import (
    AutoField,
    BigIntegerField,
    BlobField,
    BooleanField,
    CompositeKey,
    ForeignKeyField,
    IntegerField,
    Model,
    TextField,
)
from playhouse.sqlite_ext import AutoIncrementField


class Question(Model):
    """A consultation question. Times are milliseconds since 1970 UTC, here and below."""

    id = AutoIncrementField()
    title = TextField()
    elder_id = BigIntegerField()
    status = TextField()  # OPEN or CLOSED
    created_at = BigIntegerField()
    closed_at = BigIntegerField(null=True)  # null while it is open
    # Not null: for everybody the question is gone, and its rows are being deleted.
    deleted_at = BigIntegerField(null=True)
    assignee_id = BigIntegerField(null=True)
    priority = TextField(null=True)  # NORMAL or URGENT; null where none of these fields was ever given
    category = TextField(null=True)
    notify_replies = BooleanField(default=False)  # replies are notifications of participants who are away
    answer_within = BigIntegerField(null=True)  # milliseconds in which staff is to answer
    # A JSON array of [milliseconds after that, user id], null for the assignee: the ladder of an unanswered question.
    follow_up = TextField(null=True)
    waiting_task = BigIntegerField(null=True)  # the reminder of that ladder, while a message waits

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


class Participant(Model):
    """A user's place in a question, and up to where the user has read it (store/participants.py)."""

    question = ForeignKeyField(Question, column_name="question_id", lazy_load=False, index=False)
    user_id = BigIntegerField()
    user_type = TextField()
    takes_part = BooleanField()  # false: has a cursor alone
    read_up_to = BigIntegerField()  # the id of a message that the user may see; 0 before the first

    class Meta:
        table_name = "participant"
        primary_key = CompositeKey("question", "user_id", "user_type")


class File(Model):
    """A file that was uploaded. Its content is in the folder of files, under its hash (store/file_folder.py)."""

    sha256 = TextField(primary_key=True)  # in hexadecimal
    size = BigIntegerField()  # bytes
    content_type = TextField()  # what its content was recognised as
    uploaded_at = BigIntegerField()  # when it was uploaded last
    unnamed_since = BigIntegerField(null=True)  # null while a message names it

    class Meta:
        table_name = "file"


class FileUpload(Model):
    """A user has uploaded a file. Without tokens none is known."""

    sha256 = TextField()
    user_id = BigIntegerField()
    user_type = TextField()

    class Meta:
        table_name = "file_upload"
        primary_key = CompositeKey("sha256", "user_id", "user_type")


class FileUse(Model):
    """A message of a question names a file: one that patients may see, or one for staff."""

    sha256 = TextField()
    question = ForeignKeyField(Question, column_name="question_id", lazy_load=False, index=False)
    is_visible_to_patient = BooleanField()

    class Meta:
        table_name = "file_use"
        primary_key = CompositeKey("sha256", "question", "is_visible_to_patient")


class FileKey(Model):
    """The key that signs the addresses of files, in one row."""

    id = IntegerField(primary_key=True)
    key = BlobField()

    class Meta:
        table_name = "file_key"


class ReminderTask(Model):
    id = AutoIncrementField()
    user_id = BigIntegerField()
    biz_type = TextField()
    biz_id = BigIntegerField()
    channel = TextField()  # IN_APP, SYSTEM_MESSAGE, SMS or PUSH
    title = TextField()
    content = TextField(null=True)
    remind_at = BigIntegerField()
    status = TextField()  # PENDING, DISPATCHED or CANCELLED
    created_at = BigIntegerField()
    # Null in a task that was made with none of the fields of recurrence.
    rrule = TextField(null=True)
    exdates = TextField(null=True)  # a JSON array of times on the wall of `timezone`
    timezone = TextField(null=True)
    missed = TextField(null=True)  # latest, all or skip
    paused = BooleanField(default=False)
    # The first and the last time that the rule may give, on the wall of `timezone`; the last is null where it goes on.
    starts_on = TextField(null=True)
    ends_on = TextField(null=True)
    next_at = BigIntegerField(null=True)  # when it is due next; null when nothing more comes by itself
    revision = BigIntegerField(default=0)  # rises with each change of the task
    parked_at = BigIntegerField(null=True)  # not null: it is not due until it is tried again
    parked_for = TextField(null=True)  # why it is parked
    # On the wall of its zone, or of the clinic's where it has none; null: `next_at` alone counts.
    next_on = TextField(null=True)
    zone_given = BooleanField(default=True)  # false: it goes by the clinic's zone, whichever that is
    # A JSON array of [milliseconds after the planned time, user id]; the last, whose user is null, is the ladder's end.
    follow_up = TextField(null=True)
    critical = BooleanField(null=True)  # true: quiet hours do not hold it

    class Meta:
        table_name = "reminder_task"


class Occurrence(Model):
    """What became of one planned occurrence of a task."""

    task = ForeignKeyField(ReminderTask, column_name="task_id", lazy_load=False, index=False)
    planned_on = TextField()  # what it is known by (store/planned.py)
    planned_at = BigIntegerField()  # its moment, by the zone data of its time
    at = BigIntegerField()  # when this became of it
    outcome = TextField()  # WRITTEN, MISSED, PAUSED or CANCELLED
    notification_id = BigIntegerField(null=True)
    # What became of it in the end: DONE, SKIPPED, MISSED or WITHDRAWN; null until then.
    settled = TextField(null=True)
    settled_at = BigIntegerField(null=True)
    settled_by = TextField(null=True)
    note = TextField(null=True)

    class Meta:
        table_name = "occurrence"
        primary_key = CompositeKey("task", "planned_on")


class Rung(Model):
    """A user that an occurrence rings while it is not answered, and when (store/rungs.py)."""

    task = ForeignKeyField(ReminderTask, column_name="task_id", lazy_load=False, index=False)
    planned_on = TextField()
    number = IntegerField()  # from 1; 0 for the first ring, where quiet hours have held it
    user_id = BigIntegerField(null=True)  # null: the ladder ends
    due_at = BigIntegerField()
    passed_at = BigIntegerField(null=True)  # when it rang, or was passed without a ring
    held_from = BigIntegerField(null=True)  # when it was due before quiet hours held it

    class Meta:
        table_name = "rung"
        primary_key = CompositeKey("task", "planned_on", "number")


class QuietHours(Model):
    """The hours in which a user is left alone."""

    user_id = BigIntegerField(primary_key=True)
    begins = TextField()  # such as 22:00, on the wall of the zone
    ends = TextField()
    timezone = TextField()
    zone_given = BooleanField()  # false: it goes by the clinic's zone, whichever that is

    class Meta:
        table_name = "quiet_hours"


class HeldSnooze(Model):
    """A snooze that comes later than it was asked for, as long as its notification is snoozed until then."""

    notification_id = BigIntegerField(primary_key=True)
    user_id = BigIntegerField()
    held_from = BigIntegerField()
    until = BigIntegerField()

    class Meta:
        table_name = "held_snooze"


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
    # When it was handed to the first connection that has shown that it read it; null until one has.
    pushed_at = BigIntegerField(null=True)
    # Null in that of a reply (store/replies.py).
    task = ForeignKeyField(ReminderTask, column_name="task_id", null=True, lazy_load=False, index=False)
    occurrence_at = BigIntegerField()  # for which moment it came
    # What its occurrence is known by, with task_id unique: one row for one occurrence. Null in one that came again.
    occurrence_on = TextField(null=True)
    confirmed_at = BigIntegerField(null=True)
    snoozed_until = BigIntegerField(null=True)  # when it comes again; null when it does not
    # The notification that comes again as this one; with it occurrence_at is when, unique: one row for one snooze.
    snooze_of = ForeignKeyField("self", column_name="snooze_of", null=True, lazy_load=False, index=False)
    pushed_to = IntegerField()  # how many connections have shown that they read it
    # Its own id in one that was written while the clock was ahead: it does not stand for its occurrence. 0 otherwise.
    early = BigIntegerField()
    rung = IntegerField()  # of the ladder that it rang for; 0 for the first notification of an occurrence
    withdrawn_at = BigIntegerField(null=True)  # when its reminder was withdrawn, and it was unread

    class Meta:
        table_name = "user_notification"


class History(Model):
    """What happened to a task or a notification, where no column of theirs says so already."""

    id = AutoField()
    task_id = BigIntegerField(null=True)
    notification_id = BigIntegerField(null=True)
    at = BigIntegerField()
    what = TextField()
    by = TextField()
    detail = TextField()  # a JSON object

    class Meta:
        table_name = "history"


class IdempotencyKey(Model):
    """What a POST with an `Idempotency-Key` was answered with."""

    key = TextField(primary_key=True)
    fingerprint = TextField()  # of method, path and body
    answer = TextField()  # JSON
    created_at = BigIntegerField()

    class Meta:
        table_name = "idempotency_key"


class HighestId(Model):
    """SQLite's own count of the highest id that each table has ever given."""

    name = TextField(primary_key=True)
    seq = BigIntegerField()

    class Meta:
        table_name = "sqlite_sequence"


class RevokedToken(Model):
    """A token that is not good any more, though it has not run out."""

    id = AutoIncrementField()
    token = BlobField(unique=True)  # its SHA-256
    expires_at = BigIntegerField()
    revoked_at = BigIntegerField()

    class Meta:
        table_name = "revoked_token"


class RevokedUser(Model):
    """A user whose tokens up to a moment are revoked."""

    id = AutoIncrementField()
    user_id = BigIntegerField()
    user_type = TextField()  # "" for every type
    issued_until = BigIntegerField()  # tokens issued up to then are revoked, and those that do not say when
    revoked_at = BigIntegerField()

    class Meta:
        table_name = "revoked_user"


class LinkSecret(Model):
    """What links to confirm are signed with, in one row."""

    id = IntegerField(primary_key=True)
    secret = BlobField()

    class Meta:
        table_name = "link_secret"


class SoundClock(Model):
    """When the clock was last known to be right, in one row."""

    id = IntegerField(primary_key=True)
    at = BigIntegerField()
    reached = BigIntegerField(null=True)  # NULL: `at`
    waited = BigIntegerField()

    class Meta:
        table_name = "sound_clock"


class ClockRun(Model):
    """The clock went on by itself from a start or a jump to the next."""

    id = IntegerField(primary_key=True)
    begins = BigIntegerField()
    seen = BigIntegerField()  # its last time
    jumped = BooleanField()  # it began by a jump that is still doubted; else by a start
    made_good = BooleanField()  # what was written before it, by a clock that was ahead

    class Meta:
        table_name = "clock_run"


class Audit(Model):
    """Who did what."""

    id = AutoIncrementField()
    at = BigIntegerField()
    user_id = BigIntegerField()
    user_type = TextField()
    address = TextField()
    action = TextField()  # an event's name, an HTTP call's method and path, or what the server did
    object = TextField()  # such as "question 5", or ""
    result = TextField()  # ok, or the code of the fault

    class Meta:
        table_name = "audit"


class Session(Model):
    """A client that is brought back when it shows its pid."""

    id = AutoField()
    secret = TextField()  # of the client's pid, its SHA-256 in hexadecimal
    owner_id = BigIntegerField(null=True)  # whose token it showed; null without tokens, as is the next
    owner_type = TextField(null=True)
    user_id = BigIntegerField(null=True)  # that it is bound to without a cursor
    follows = BooleanField()  # it knows `notification:updated`
    message_id = BigIntegerField()  # it has read all that it was sent up to there
    notification_id = BigIntegerField()
    ended_at = BigIntegerField(null=True)  # null while it is connected

    class Meta:
        table_name = "session"


class SessionRoom(Model):
    """A question that a client has joined without a cursor."""

    session = ForeignKeyField(Session, column_name="session_id", lazy_load=False, index=False)
    question_id = BigIntegerField()
    is_staff = BooleanField()  # what it sees of the question without tokens
    updates = BooleanField()  # it gets `question:updated`
    since = BigIntegerField()  # the last message before it joined
    user_id = BigIntegerField(null=True)  # the user that it named, or null; likewise user_type
    user_type = TextField(null=True)

    class Meta:
        table_name = "session_room"
        primary_key = CompositeKey("session", "question_id")


class Outbox(Model):
    """An event that waits for hooks (store/outbox.py)."""

    id = AutoIncrementField()
    event = TextField()
    subject_id = BigIntegerField()  # of the message, notification, task or question that it tells of
    at = BigIntegerField()
    channel = TextField(null=True)  # of a notification or a missed occurrence
    state = TextField(null=True)  # a JSON object: what may change later, as it was then
    hook = TextField(null=True)  # the only one that is told it, again; null: all
    replay_of = BigIntegerField(null=True)  # the id under which that was told it before
    # Of messages that were created in a row: `subject_id` is that of the last, `at` that of the first.
    count = IntegerField(default=1)

    class Meta:
        table_name = "outbox"


class Hook(Model):
    """How far a hook has come."""

    name = TextField(primary_key=True)
    position = BigIntegerField()  # the id of the last event that it is done with
    failing_since = BigIntegerField(null=True)  # null: the last delivery succeeded
    last_error = TextField(null=True)
    lost = BigIntegerField(default=0)  # dead letters that were deleted for want of room

    class Meta:
        table_name = "hook"


class DeadLetter(Model):
    """An event that a hook was not told in three days."""

    hook = TextField()
    id = BigIntegerField()
    event = TextField()
    subject_id = BigIntegerField()
    at = BigIntegerField()
    channel = TextField(null=True)
    state = TextField(null=True)
    buried_at = BigIntegerField()
    why = TextField()

    class Meta:
        table_name = "dead_letter"
        primary_key = CompositeKey("hook", "id")


class OutboxOrigin(Model):
    """What the ids of this file's events begin with, in one row."""

    id = IntegerField(primary_key=True)
    origin = TextField()

    class Meta:
        table_name = "outbox_origin"


class OffDisk(Model):
    """The newest copy on another disk, and the last drill with one: a row each."""

    what = TextField(primary_key=True)  # COPY or DRILL
    at = BigIntegerField()
    is_ok = IntegerField()  # 1: the drill found nothing wrong
    told = TextField()  # what the drill found

    class Meta:
        table_name = "off_disk"
