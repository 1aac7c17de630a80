"""Who may do what, with tokens on: one row for every event, HTTP call and page. What has no row nobody may."""

from dataclasses import dataclass
from enum import Enum

Both = tuple[str, str]  # Chinese, English


class Role(Enum):
    """The columns of the table: what a token's type may do."""

    STAFF = "STAFF"
    ELDER = "ELDER"
    FAMILY = "FAMILY"
    SERVICE = "SERVICE"
    MONITOR = "MONITOR"  # a program that watches the server, such as Prometheus
    NOBODY = "NOBODY"  # without a token


class May(Enum):
    """How far a role reaches."""

    NO = ("否", "no")
    OWN = ("自己的", "one's own")  # one's own questions, or what is of one's own user id
    LISTED = ("令牌所列的", "those listed")  # the questions that the token lists
    ALL = ("全部", "all")


@dataclass(frozen=True, slots=True)
class Permission:
    name: str  # of the event; method and path of the call or page
    of: str  # what it is about: question, user, reminder, notification, or nothing
    staff: May
    elder: May
    family: May
    service: May
    monitor: May = May.NO
    nobody: May = May.NO

    def of_role(self, role: Role) -> May:
        may: May = getattr(self, role.value.lower())
        return may


def _open(name: str) -> Permission:
    return Permission(name, "", May.ALL, May.ALL, May.ALL, May.ALL, May.ALL, May.ALL)


# The types that tokens may have. A type without a column gets no token, and none of its tokens is accepted.
TOKEN_TYPES = tuple(role.value for role in Role if role is not Role.NOBODY)


def role_of(user_type: str) -> Role | None:
    """Return the role of a token's type, or None for a type without a column."""
    return Role(user_type) if user_type in TOKEN_TYPES else None


PERMISSIONS = {
    row.name: row
    for row in (
        Permission("join_question", "question", May.ALL, May.OWN, May.LISTED, May.NO),
        # It looks nothing up and tells nothing.
        Permission("leave_question", "", May.ALL, May.ALL, May.ALL, May.ALL),
        Permission("send_message", "question", May.ALL, May.OWN, May.LISTED, May.ALL),
        Permission("bind_user", "user", May.OWN, May.OWN, May.OWN, May.NO),
        # They are about the user that the connection is bound to.
        Permission("notification:read", "notification", May.OWN, May.OWN, May.OWN, May.NO),
        Permission("notification:confirm", "notification", May.OWN, May.OWN, May.OWN, May.NO),
        Permission("notification:snooze", "notification", May.OWN, May.OWN, May.OWN, May.NO),
        Permission("POST /api/questions", "question", May.ALL, May.OWN, May.NO, May.ALL),
        Permission("GET /api/questions", "question", May.ALL, May.OWN, May.LISTED, May.ALL),
        Permission("GET /api/questions/{question_id}", "question", May.ALL, May.OWN, May.LISTED, May.ALL),
        Permission("PATCH /api/questions/{question_id}", "question", May.ALL, May.OWN, May.LISTED, May.ALL),
        Permission("GET /api/questions/{question_id}/messages", "question", May.ALL, May.OWN, May.LISTED, May.ALL),
        Permission("POST /api/reminders", "reminder", May.ALL, May.OWN, May.OWN, May.ALL),
        Permission("GET /api/reminders", "reminder", May.ALL, May.OWN, May.OWN, May.ALL),
        Permission("GET /api/reminders/{id}", "reminder", May.ALL, May.OWN, May.OWN, May.ALL),
        Permission("PATCH /api/reminders/{id}", "reminder", May.ALL, May.OWN, May.OWN, May.ALL),
        Permission("GET /api/reminders/{id}/occurrences", "reminder", May.ALL, May.OWN, May.OWN, May.ALL),
        Permission("GET /api/reminders/{id}/history", "reminder", May.ALL, May.OWN, May.OWN, May.ALL),
        Permission("DELETE /api/reminders/{id}", "reminder", May.ALL, May.OWN, May.OWN, May.ALL),
        Permission("GET /api/users/{user_id}/notifications", "user", May.ALL, May.OWN, May.OWN, May.ALL),
        Permission("POST /api/notifications/{id}/read", "notification", May.ALL, May.OWN, May.OWN, May.ALL),
        Permission("POST /api/notifications/{id}/confirm", "notification", May.ALL, May.OWN, May.OWN, May.ALL),
        Permission("POST /api/notifications/{id}/snooze", "notification", May.ALL, May.OWN, May.OWN, May.ALL),
        Permission("GET /api/notifications/{id}/history", "notification", May.ALL, May.OWN, May.OWN, May.ALL),
        _open("GET /health"),
        Permission("GET /metrics", "", May.ALL, May.NO, May.NO, May.ALL, May.ALL),
        _open("GET /"),
        _open("GET /docs"),
        _open("GET /protocol.json"),
    )
}
