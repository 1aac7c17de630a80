"""The one table of who may do what: nothing that clients can ask for is without a row."""

from __future__ import annotations

import re

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
from consult.contract.permissions import PERMISSIONS, May, Role
from consult.contract.rows import Call, ClientEvent, Page
from consult.contract.tables import CALLS, CLIENT_EVENTS, PAGES


def test_everything_has_a_row() -> None:
    """What the contract defines, and no table of permissions names, would be no part of the protocol."""
    modules = (
        *(messages, notifications, occurrences, operations, participants, questions, quiet_hours, reminders),
        *(confirm_links, files),
    )
    defined = {row for module in modules for row in vars(module).values() if isinstance(row, ClientEvent | Call | Page)}
    assert defined == set(PERMISSIONS), "contract/permissions.py says who may do what"
    assert {*CLIENT_EVENTS, *CALLS, *PAGES} == defined


def test_what_an_id_in_a_path_is_of_is_told() -> None:
    """Without it nobody could look whose it is."""
    for asked, row in PERMISSIONS.items():
        assert row.of in ("", "question", "user", "reminder", "notification", "file")
        assert len(re.findall(r"{(\w+)}", asked.name)) <= 1
        if "{" in asked.name and not isinstance(asked, Page):
            assert row.of


def test_a_list_is_of_questions() -> None:
    """And of the files that messages of those name."""
    for row in PERMISSIONS.values():
        reach = [row.of_role(role) for role in Role]
        assert row.of in ("question", "file") or May.LISTED not in reach
        assert May.OWN not in (row.service, row.nobody)
