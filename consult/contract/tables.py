"""The protocol's events, calls and pages, in the order of its document."""

from consult.contract import messages, notifications, occurrences, operations, questions, reminders

CLIENT_EVENTS = (
    questions.JOIN_QUESTION,
    questions.LEAVE_QUESTION,
    messages.SEND_MESSAGE,
    notifications.BIND_USER,
    notifications.NOTIFICATION_READ,
    notifications.NOTIFICATION_CONFIRM,
    notifications.NOTIFICATION_SNOOZE,
)
SERVER_EVENTS = (
    questions.JOINED_QUESTION,
    questions.LEFT_QUESTION,
    messages.SEND_MESSAGE_ACK,
    messages.NEW_MESSAGE,
    notifications.NOTIFICATION_NEW,
    notifications.BIND_USER_ACK,
    operations.ERROR,
    notifications.READ_ACK,
    notifications.CONFIRM_ACK,
    notifications.SNOOZE_ACK,
    notifications.NOTIFICATION_UPDATED,
    questions.QUESTION_UPDATED,
)
CALLS = (
    questions.OPEN_QUESTION,
    questions.LIST_QUESTIONS,
    questions.GET_QUESTION,
    questions.CHANGE_QUESTION,
    messages.LIST_MESSAGES,
    messages.POST_MESSAGE,
    reminders.ADD_REMINDER,
    reminders.LIST_REMINDERS,
    reminders.GET_REMINDER,
    reminders.CHANGE_REMINDER,
    reminders.LIST_OCCURRENCES,
    reminders.REMINDER_HISTORY,
    reminders.CANCEL_REMINDER,
    occurrences.WITHDRAW_REMINDER,
    occurrences.LIST_UNANSWERED,
    occurrences.USER_DAY,
    notifications.LIST_NOTIFICATIONS,
    notifications.READ_NOTIFICATION,
    notifications.SNOOZE_NOTIFICATION,
    notifications.CONFIRM_NOTIFICATION,
    notifications.NOTIFICATION_HISTORY,
    operations.HEALTH,
)
PAGES = (operations.CONSOLE, operations.DOCS, operations.METRICS, operations.PROTOCOL)
