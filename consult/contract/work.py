"""What the budgets of users count of an event or a call, beside that it is one."""

from enum import Enum, auto


class Work(Enum):
    NONE = auto()
    READ = auto()
    SEARCH = auto()  # a read that looks at much more than it gives
    WRITE = auto()
    CHANGE = auto()  # a write that makes a history longer
