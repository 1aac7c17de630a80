"""Careline, broken: when a reminder is due again is committed before what it is due for, as two calls would."""

import sys
import time
from dataclasses import replace
from typing import Any

import main
from store import occurrences
from store.occurrences import Planned

dispatch_planned = occurrences.dispatch_planned


def moved_on_first(connection: Any, planned: Planned) -> Any:
    dispatch_planned(connection, Planned(planned.now, [replace(plan, outcomes=[]) for plan in planned.plans]))
    connection.execute("COMMIT")
    time.sleep(0.4)
    connection.execute("BEGIN IMMEDIATE")
    back = [(plan.was_due, plan.task_id) for plan in planned.plans]
    connection.executemany("UPDATE reminder_task SET next_at = ? WHERE id = ?", back)
    return dispatch_planned(connection, planned)


occurrences.dispatch_planned = moved_on_first
sys.exit(main.main(sys.argv[1:]))
