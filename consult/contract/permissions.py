"""Who may do what, with tokens on: every event of clients, call and page, in the order of the protocol's document."""

from dataclasses import dataclass
from enum import Enum

from consult.contract import (
    confirm_links,
    files,
    messages,
    notifications,
    occurrences,
    operations,
    participants,
    questions,
    quiet_hours,
    reminders,
)
from consult.contract.rows import Call, ClientEvent, Page
from consult.contract.words import Words


class Role(Enum):
    """The columns of the table: what a token's type may do."""

    STAFF = "STAFF"
    ELDER = "ELDER"
    FAMILY = "FAMILY"
    SERVICE = "SERVICE"
    MONITOR = "MONITOR"  # a program that watches the server, such as Prometheus
    NOBODY = "NOBODY"  # without a token


class May(Enum):
    """The things that a role may reach."""

    NO = Words("否", "no")
    OWN = Words("自己的", "one's own")  # one's own questions, or what is of one's own user id
    LISTED = Words("令牌所列的", "those listed")  # the questions that the token lists
    ELDERS = Words("令牌所列长者的", "those elders'")  # what is of the elders that the token lists
    ALL = Words("全部", "all")
    SIGNED = Words("凭签名的地址", "by a signed address")  # what such an address, which has not ended, is of


@dataclass(frozen=True, slots=True)
class Permission:
    of: str  # what it is about: question, user, reminder, notification, file, or nothing
    staff: May
    elder: May
    family: May
    service: May
    monitor: May = May.NO
    nobody: May = May.NO
    elders: May = May.NO  # what a FAMILY token's `elders` add to that

    def of_role(self, role: Role) -> May:
        may: May = getattr(self, role.value.lower())
        return may

    def by_column(self) -> dict[str, May]:
        """Return the row as it is shown: by the roles' names and, beside FAMILY, by the claim of its tokens."""
        shown: dict[str, May] = {}
        for role in Role:
            shown[role.value] = self.of_role(role)
            if role is Role.FAMILY:
                shown["elders"] = self.elders
        return shown


# The types that tokens may have. A type without a column gets no token, and none of its tokens is accepted.
TOKEN_TYPES = tuple(role.value for role in Role if role is not Role.NOBODY)


def role_of(user_type: str) -> Role | None:
    """Return the role of a token's type, or None for a type without a column."""
    return Role(user_type) if user_type in TOKEN_TYPES else None


Row = ClientEvent | Call | Page
_OPEN = Permission("", May.ALL, May.ALL, May.ALL, May.ALL, May.ALL, May.ALL)
PERMISSIONS: dict[Row, Permission] = {
    questions.JOIN_QUESTION: Permission("question", May.ALL, May.OWN, May.LISTED, May.NO, elders=May.ELDERS),
    # It looks nothing up and tells nothing.
    questions.LEAVE_QUESTION: Permission("", May.ALL, May.ALL, May.ALL, May.ALL),
    messages.SEND_MESSAGE: Permission("question", May.ALL, May.OWN, May.LISTED, May.ALL, elders=May.ELDERS),
    notifications.BIND_USER: Permission("user", May.OWN, May.OWN, May.OWN, May.NO),
    # They are about the user that the connection is bound to; no family member answers for an elder.
    notifications.NOTIFICATION_READ: Permission("notification", May.OWN, May.OWN, May.OWN, May.NO),
    notifications.NOTIFICATION_CONFIRM: Permission("notification", May.OWN, May.OWN, May.OWN, May.NO),
    notifications.NOTIFICATION_SNOOZE: Permission("notification", May.OWN, May.OWN, May.OWN, May.NO),
    participants.READ_QUESTION: Permission("question", May.ALL, May.OWN, May.LISTED, May.NO, elders=May.ELDERS),
    questions.OPEN_QUESTION: Permission("question", May.ALL, May.OWN, May.NO, May.ALL, elders=May.ELDERS),
    questions.LIST_QUESTIONS: Permission("question", May.ALL, May.OWN, May.LISTED, May.ALL, elders=May.ELDERS),
    questions.GET_QUESTION: Permission("question", May.ALL, May.OWN, May.LISTED, May.ALL, elders=May.ELDERS),
    questions.CHANGE_QUESTION: Permission("question", May.ALL, May.OWN, May.LISTED, May.ALL, elders=May.ELDERS),
    messages.LIST_MESSAGES: Permission("question", May.ALL, May.OWN, May.LISTED, May.ALL, elders=May.ELDERS),
    messages.POST_MESSAGE: Permission("question", May.ALL, May.OWN, May.LISTED, May.ALL, elders=May.ELDERS),
    files.UPLOAD_FILE: Permission("", May.ALL, May.ALL, May.ALL, May.ALL),
    # What one has uploaded, and what messages name that one may see.
    files.GET_FILE: Permission("file", May.ALL, May.OWN, May.LISTED, May.ALL, nobody=May.SIGNED, elders=May.ELDERS),
    participants.LIST_PARTICIPANTS: Permission("question", May.ALL, May.OWN, May.LISTED, May.ALL, elders=May.ELDERS),
    # A participant gets notifications of replies, so staff and services alone add and remove one.
    participants.ADD_PARTICIPANT: Permission("question", May.ALL, May.NO, May.NO, May.ALL),
    participants.REMOVE_PARTICIPANT: Permission("question", May.ALL, May.NO, May.NO, May.ALL),
    reminders.ADD_REMINDER: Permission("reminder", May.ALL, May.OWN, May.OWN, May.ALL),
    reminders.LIST_REMINDERS: Permission("reminder", May.ALL, May.OWN, May.OWN, May.ALL, elders=May.ELDERS),
    reminders.GET_REMINDER: Permission("reminder", May.ALL, May.OWN, May.OWN, May.ALL, elders=May.ELDERS),
    reminders.CHANGE_REMINDER: Permission("reminder", May.ALL, May.OWN, May.OWN, May.ALL),
    reminders.LIST_OCCURRENCES: Permission("reminder", May.ALL, May.OWN, May.OWN, May.ALL, elders=May.ELDERS),
    reminders.REMINDER_HISTORY: Permission("reminder", May.ALL, May.OWN, May.OWN, May.ALL, elders=May.ELDERS),
    reminders.CANCEL_REMINDER: Permission("reminder", May.ALL, May.OWN, May.OWN, May.ALL),
    occurrences.WITHDRAW_REMINDER: Permission("reminder", May.ALL, May.OWN, May.OWN, May.ALL),
    occurrences.LIST_UNANSWERED: Permission("", May.ALL, May.NO, May.NO, May.ALL),
    occurrences.USER_DAY: Permission("user", May.ALL, May.OWN, May.OWN, May.ALL, elders=May.ELDERS),
    quiet_hours.SET_QUIET_HOURS: Permission("user", May.ALL, May.OWN, May.OWN, May.ALL, elders=May.ELDERS),
    quiet_hours.GET_QUIET_HOURS: Permission("user", May.ALL, May.OWN, May.OWN, May.ALL, elders=May.ELDERS),
    quiet_hours.END_QUIET_HOURS: Permission("user", May.ALL, May.OWN, May.OWN, May.ALL, elders=May.ELDERS),
    notifications.LIST_NOTIFICATIONS: Permission("user", May.ALL, May.OWN, May.OWN, May.ALL, elders=May.ELDERS),
    notifications.READ_NOTIFICATION: Permission("notification", May.ALL, May.OWN, May.OWN, May.ALL),
    notifications.SNOOZE_NOTIFICATION: Permission("notification", May.ALL, May.OWN, May.OWN, May.ALL),
    notifications.CONFIRM_NOTIFICATION: Permission("notification", May.ALL, May.OWN, May.OWN, May.ALL),
    notifications.NOTIFICATION_HISTORY: Permission(
        "notification", May.ALL, May.OWN, May.OWN, May.ALL, elders=May.ELDERS
    ),
    operations.HEALTH: _OPEN,
    operations.CONSOLE: _OPEN,
    operations.DOCS: _OPEN,
    operations.METRICS: Permission("", May.ALL, May.NO, May.NO, May.ALL, May.ALL),
    operations.PROTOCOL: _OPEN,
    operations.OPENAPI: _OPEN,
    operations.ASYNCAPI: _OPEN,
    # The link itself is the right.
    confirm_links.CONFIRM_PAGE: _OPEN,
    confirm_links.CONFIRM_BY_LINK: _OPEN,
}
