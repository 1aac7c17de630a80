"""Runs with tokens are with tokens, and what they cost is told as it was measured."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.bench import servers
from tests.bench.document import put_between_marks
from tests.bench.servers import WITH_TOKENS, Running, build_programs
from tests.bench.tokens_report import MEASURES, Compared, Measure, tables
from tests.bench.workloads import FAULTS, WORKLOADS, Chat, Client, Crowd, introduced, load
from tests.server import ROOT, wait_until

RATE = Measure("acks/s", ("acks_per_s",), True, 0)
TIME = Measure("all at once, s", ("at_once_1_s", "at_once_2_s"), False, 2)


def test_everybody_enters_and_speaks_by_a_token_of_its_own() -> None:
    build_programs()
    rooms = Chat(2, 3, 1, 1)

    def entered(database: Path) -> list[tuple[int, str]]:
        with closing(sqlite3.connect(database)) as connection:
            query = "SELECT user_id, user_type FROM audit WHERE action = 'connect' AND result = 'ok' ORDER BY user_id"
            return connection.execute(query).fetchall()

    with servers.running(WITH_TOKENS) as target:
        values = load(target, rooms, 0.2)
        everybody = wait_until(lambda: found if len(found := entered(target.database)) >= 6 else None, "the audit")
    assert everybody == [(user_id, client.user_type) for user_id, client in enumerate(rooms.clients(), 1)]
    assert {name: values[name] for name in FAULTS if values.get(name)} == {}
    assert values["acks"] == values["sent"] > 0


@pytest.mark.parametrize("name", WORKLOADS)
def test_each_question_has_one_elder(name: str) -> None:
    clients = WORKLOADS[name].clients()
    rooms = [client.room for client in clients if client.user_type == "ELDER"]
    assert rooms == sorted({client.room for client in clients}), "in the order in which the questions are opened"


def test_who_comes() -> None:
    assert Chat(1, 4, 2, 1).clients() == [Client(0, kind) for kind in ("STAFF", "STAFF", "ELDER", "FAMILY")]
    crowd = Crowd(3, 2).clients()
    assert crowd == [Client(0, "ELDER"), Client(1, "ELDER"), Client(0, "FAMILY")]
    assert introduced(Running(0, 0, Path()), crowd, [7, 8]) == ["ELDER", "ELDER", "FAMILY"], "no tokens where none asks"


def test_ratios_are_below_one_where_tokens_cost() -> None:
    assert Compared("ward", RATE, [100, 200], [50, 200]).ratios() == [0.5, 1]
    assert Compared("connect", TIME, [1, 2], [2, 2]).ratios() == [0.5, 1]


def test_a_table_has_the_medians_the_spread_and_each_pair() -> None:
    rate = Compared("ward", RATE, [1000, 1000, 1000, 1000, 1000], [900, 1100, 1000, 950, 1050])
    summary, *pairs = tables([rate])
    assert summary.rows == [["ward: acks/s", "1,000", "1,000", "1.00", "0.95 to 1.05", "0.90 to 1.10"]]
    (ward,) = pairs
    assert ward.header == ["ward", "acks/s"]
    assert ward.rows[:2] == [["1", "1,000 / 900 (0.90)"], ["2", "1,000 / 1,100 (1.10)"]]


def test_a_single_pair_has_no_spread() -> None:
    (row,) = tables([Compared("connect", TIME, [1.0], [2.0])])[0].rows
    assert row[3:] == ["0.50", "0.50 to 0.50", "0.50 to 0.50"]


@pytest.mark.parametrize("mark", ["made by `make bench-tokens`", "made by `make endurance`"])
def test_figures_come_between_their_marks(mark: str, tmp_path: Path) -> None:
    document = tmp_path / "performance.md"
    before = (ROOT / "docs" / "performance.md").read_text()
    document.write_text(before)
    put_between_marks(document, mark, "first \\1")
    put_between_marks(document, mark, "second \\1")
    head, _, rest = before.partition(f"<!-- {mark}: from here -->\n")
    tail = rest.partition("<!-- to here -->")[2]
    made = f"{head}<!-- {mark}: from here -->\n\nsecond \\1\n\n<!-- to here -->{tail}"
    assert document.read_text() == made


def test_only_what_is_measured_is_compared() -> None:
    assert set(MEASURES) <= set(WORKLOADS)
