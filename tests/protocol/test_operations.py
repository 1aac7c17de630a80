"""What those who run the server see of it: `/metrics`, which a document lists, `/health`, and `careline status`."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from tests.certificates import pair
from tests.clients import message
from tests.conftest import Enter, StartServer
from tests.json_text import encode
from tests.packets import Closed, Polling, Websocket
from tests.server import ROOT, Server, in_seconds, new_id, run, wait_until
from tests.store.file import write_locked
from tests.tokens import key_file

# Those of what is switched on, or has run by now.
SOMETIMES: Final = tuple(
    f"careline_{part}_" for part in ("token_checks", "hook", "job", "off_disk", "drill", "replica")
)
ROW: Final = re.compile(r"^\| `(careline_\w+)` \| (\w+) \| ([^|]*?) ?\| ([^|]+) \|$", re.MULTILINE)
LEAVE: Final = ["leave_question", {"question_id": 5}]


@pytest.fixture(scope="module")
def server_arguments() -> Sequence[str]:
    """So few events a second that it is easy to ask too much."""
    return ("--connection-events", "5")


def documented() -> dict[str, tuple[str, set[str], str]]:
    """The document's metrics: type, labels and meaning by name."""
    rows = ROW.findall((ROOT / "docs" / "operations.md").read_text())
    table = {name: (kind, set(re.findall(r"`(\w+)`", labels)), told) for name, kind, labels, told in rows}
    assert len(table) == len(rows), "a metric has two rows"
    return table


def metrics(server: Server) -> dict[str, Metric]:
    """The server's metrics by the name that the document has them under."""
    answer = server.http("GET", "/metrics")
    assert answer.status == 200
    families = text_string_to_metric_families(answer.body)
    return {family.name + "_total" * (family.type == "counter"): family for family in families}


def value(server: Server, name: str, **labels: str) -> float:
    """One sample's value; 0 before there is one."""
    samples = [sample for family in metrics(server).values() for sample in family.samples]
    return next((sample.value for sample in samples if (sample.name, sample.labels) == (name, labels)), 0.0)


def shown(text: str) -> dict[str, str]:
    """What `careline status` prints below its first line, by name."""
    rows = [re.fullmatch(r"(\S+(?: \S+)*) {2,}(\S.*)", line) for line in text.splitlines()[2:]]
    assert all(rows), text
    assert len({row.start(2) for row in rows if row}) == 1, "aligned"
    return {row[1]: row[2] for row in rows if row}


def asked(server: Server, *arguments: str, env: Mapping[str, str] | None = None) -> tuple[int, str, str]:
    """What `careline status` ends with, and prints on its two streams."""
    result = run("status", "--port", str(server.port), *arguments, env=env, folder=server.folder)
    assert "Traceback" not in result.stderr
    return result.returncode, result.stdout, result.stderr


def test_every_metric_is_documented_and_the_other_way_round(server: Server, enter: Enter) -> None:
    broken, greedy = enter(Websocket, server), enter(Websocket, server)
    broken.send("9")
    with pytest.raises(Closed):
        broken.read_to_the_end()
    greedy.call_all([LEAVE] * 51)
    table, found = documented(), metrics(server)
    assert {name: family.type for name, family in found.items()} == {name: row[0] for name, row in table.items()}
    meanings = {name: row[2] for name, row in table.items()}
    assert {name: family.documentation for name, family in found.items()} == meanings
    for name, family in found.items():
        assert family.samples or name.startswith(SOMETIMES), name
        for sample in family.samples:
            assert set(sample.labels) - {"le"} == table[name][1], sample


def test_documents_speak_of_metrics_that_there_are() -> None:
    known = set(documented())
    for document in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        # Not what a proxy's settings call their own.
        named = set(re.findall(r"(?<!\$)\bcareline_[a-z]\w*", document.read_text()))
        assert {re.sub(r"_(bucket|sum|count)$", "", name) for name in named} <= known, document


def test_metrics_count_messages(start_server: StartServer, enter: Enter) -> None:
    server = start_server()  # of its own: that clients of earlier tests have ended is written a moment later
    question_id = server.open_question()
    polls = value(server, "careline_connections", transport="polling")
    client, other = enter(Websocket, server), enter(Polling, server)
    assert value(server, "careline_connections", transport="polling") == polls + 1
    for one in client, other:
        # With a cursor: else what it has read is written, too.
        one.call("join_question", {"question_id": question_id, "user_id": 1, "user_type": "ELDER", "after_id": 0})
    counted = ("messages_total", "deliveries_total", "commit_writes_sum")
    before = [value(server, f"careline_{name}") for name in counted]
    commits = value(server, "careline_commit_writes_count")
    client.call_all([["send_message", message(question_id, str(number))] for number in range(20)])
    after = [value(server, f"careline_{name}") for name in counted]
    assert [now - then for now, then in zip(after, before, strict=True)] == [20, 40, 20]
    assert commits < value(server, "careline_commit_writes_count") <= commits + 20
    assert value(server, "careline_commit_seconds_count") == value(server, "careline_commit_writes_count")


def test_metrics_count_events_by_their_result(server: Server, enter: Enter) -> None:
    question_id = server.open_question()
    client = enter(Websocket, server)

    def events(name: str, result: str) -> float:
        return value(server, "careline_events_total", event=name, result=result)

    results = [("send_message", "ok"), ("send_message", "QUESTION_NOT_FOUND"), ("send_message", "INVALID_PAYLOAD")]
    results += [("join_question", "QUESTION_NOT_FOUND"), ("unknown", "INVALID_PAYLOAD")]
    before = [events(*one) for one in results]
    client.call("send_message", message(question_id))
    client.call("send_message", message(999_999))
    client.call("send_message", message(0))
    client.call("join_question", {"question_id": 999_999, "user_id": 1, "user_type": "ELDER"})
    client.call("joinQuestion")
    assert [events(*one) for one in results] == [count + 1 for count in before]


def test_metrics_count_reminders(server: Server, enter: Enter) -> None:
    user_id = new_id()
    for kind in Websocket, Polling:
        enter(kind, server).call("bind_user", {"user_id": user_id})
    counted = [
        *("reminders_fired_total", "reminder_lateness_seconds_count"),
        *("notifications_written_total", "notifications_handed_total"),
    ]
    before = [value(server, f"careline_{name}") for name in counted]
    server.make_reminder(user_id, in_seconds(-1))
    handed = before[-1] + 2
    wait_until(lambda: value(server, "careline_notifications_handed_total") == handed, "the notification")
    wait_until(lambda: value(server, "careline_reminder_lateness_seconds_count") > before[1], "the end of the tick")
    after = [value(server, f"careline_{name}") for name in counted]
    assert [now - then for now, then in zip(after, before, strict=True)] == [1, 1, 1, 2]
    assert value(server, "careline_disk_free_bytes") > 0
    wait_until(lambda: value(server, "careline_loop_lag_seconds_count") > 2, "a look at the loop")


def test_reminders_that_cannot_fire_are_due(server: Server) -> None:
    server.make_reminder(new_id(), in_seconds(2.5))
    assert value(server, "careline_reminders_due") == 0
    with write_locked(server.database):
        wait_until(lambda: value(server, "careline_reminders_due") == 1, "its time")
    wait_until(lambda: value(server, "careline_reminders_due") == 0, "its notification")


def test_what_is_beyond_a_limit_is_counted_by_it(start_server: StartServer, enter: Enter) -> None:
    limits = {"connection-events": "5", "connection-bytes": "65536", "address-events": "12", "address-connections": "3"}
    server = start_server(*(f"--{name}={most}" for name, most in limits.items()))
    first, second, third = [enter(Websocket, server) for _ in range(3)]
    with pytest.raises(Closed, match="429"):
        Polling(server)
    first.call_all([LEAVE] * 51)
    assert second.call("leave_question", {"question_id": 5, "unknown": "x" * 700_000})["code"] == "RATE_LIMITED"
    third.call_all([LEAVE] * 45)
    second.call_all([LEAVE] * 20)
    third.call_all([LEAVE] * 5)  # its last ones, and with two of them the address is beyond its limit
    names = [name.replace("-", "_") for name in limits]
    counts = [value(server, "careline_rate_limited_total", limit=name) for name in names]
    assert counts == [1, 21, 2, 1]
    assert value(server, "careline_events_total", event="leave_question", result="RATE_LIMITED") == 24


def test_health(server: Server) -> None:
    health = server.http("GET", "/health").body
    assert health["loop_lag_ms"] >= 0
    assert (health["queues"]["writes"], health["queues"]["events"]) == (0, 0)
    assert health["disk_free_bytes"] > 0
    assert health["last_backup"] is None
    for day, made_at in ("2025-01-01", 1_735_660_800), ("2024-12-31", 1_735_574_400):
        backup = server.folder / f"{server.database.name}.daily-{day}"
        backup.touch()
        os.utime(backup, (made_at, made_at))
    (server.folder / f"{server.database.name}.daily-2025-01-02.abc.partial").touch()
    assert server.http("GET", "/health").body["last_backup"] == "2025-01-01 00:00:00"


def test_what_waits(start_server: StartServer, enter: Enter) -> None:
    server = start_server()
    question_id = server.open_question()
    client = enter(Websocket, server)
    sends = ["send_message", message(question_id)]
    with write_locked(server.database):
        client.send(*["42" + encode(sends).decode()] * 30)
        wait_until(lambda: value(server, "careline_events_unanswered") == 30, "the sends")
        for _ in range(30):
            assert '"success":false' in client.receive()
    assert value(server, "careline_events_total", event="send_message", result="INTERNAL_ERROR") == 30
    assert server.http("GET", "/health").body["queues"]["events"] == 0


class TestStatus:
    def test_of_one_that_is_well(self, start_server: StartServer, enter: Enter) -> None:
        server = start_server(nginx=False)
        clients = [enter(Websocket, server), enter(Polling, server)]
        clients[0].call(*LEAVE)
        status, text, errors = asked(server)
        assert (status, errors) == (0, "")
        version = server.http("GET", "/health").body["version"]
        assert text.splitlines()[:2] == [f"careline {version} at {server.url}: ok", ""]
        rows = shown(text)
        assert list(rows)[:3] == ["database", "reminders", "connections"]
        assert (rows["database"], rows["reminders"].partition(";")[0]) == ("ok", "ok")
        assert re.fullmatch(r"\d+ polling, \d+ websocket", rows["connections"])
        assert re.search(r"\d+ ok", rows["events"])
        assert {"job backup", "disk left", "loop lag", "waiting", "last backup", "cut off"} <= rows.keys()

    def test_of_one_that_is_failing(self, start_server: StartServer) -> None:
        server = start_server(nginx=False)
        with write_locked(server.database):
            wait_until(lambda: server.http("GET", "/health").status == 503, "the bad health")
            status, text, errors = asked(server)
        assert status == 1
        assert shown(text)["database"] == "database is locked"
        assert errors == f"careline: {server.url} is failing: database is locked\n"

    def test_where_nobody_answers(self, start_server: StartServer, tmp_path: Path) -> None:
        server = start_server(nginx=False)
        url = server.url
        server.stop()
        assert asked(server) == (1, "", f"careline: {url} cannot be reached: Connection refused\n")
        folder = tmp_path / "nothing"
        folder.mkdir()
        result = run("status", "--port", "0", folder=folder)
        assert (result.returncode, result.stdout) == (1, "")
        assert len(result.stderr.splitlines()) == 1
        assert not list(folder.iterdir()), "asking makes no database"

    def test_of_one_with_tls(self, start_server: StartServer) -> None:
        server = start_server(env=pair().settings(), nginx=False)
        status, text, errors = asked(server, env=pair().settings())
        assert (status, errors) == (0, "")
        assert text.splitlines()[0].endswith(f" at {server.url}: ok")
        status, text, errors = asked(server)
        assert (status, text, len(errors.splitlines())) == (1, "", 1)

    def test_of_one_that_asks_for_tokens(self, start_server: StartServer, tmp_path: Path) -> None:
        keys = {"CARELINE_AUTH_SECRET_FILE": str(key_file(tmp_path))}
        server = start_server(env=keys, nginx=False)
        status, text, errors = asked(server, env=keys)
        assert (status, errors) == (0, "")
        assert "connections" in shown(text)
        errors = asked(server, env={"CARELINE_AUTH_SECRET_FILE": str(tmp_path / "nothing")})[2]
        assert "--auth-secret-file" in errors
        assert asked(server) == (
            1,
            "",
            f"careline: {server.url} refuses to tell how it is: 401 Unauthorized; --auth-secret-file names its key\n",
        )

    def test_of_one_that_answers_to_other_hosts(self, start_server: StartServer) -> None:
        server = start_server("--allow-open", "--allowed-hosts", "careline.example,other.example", nginx=False)
        status, text, errors = asked(server)
        assert (status, text) == (1, "")
        assert (
            errors
            == f"careline: {server.url} refuses to tell how it is: 403 Forbidden; --allowed-hosts names its host\n"
        )
        assert asked(server, "--allowed-hosts", "careline.example")[0] == 0
