"""Files where tokens are asked for: who may see one, who may name one, and how long an address is good."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from typing import Any

import pytest

from consult.file_addresses import FileAddresses
from store.clock import system_clock
from tests.clients import message
from tests.entry.world import ROLES, World
from tests.files import get
from tests.packets import Kind, Polling, Websocket
from tests.server import Server, wait_until
from tests.tokens import token

SEERS = ("ELDER", "FAMILY", "RELATIVE", "SERVICE")  # who see what patients see


@pytest.fixture(scope="module")
def world(server: Server) -> World:
    return World(server)


def addresses(item: dict[str, Any]) -> list[str]:
    """Give the addresses in a message."""
    return [one["url"] for one in item["attachments"]]


def key_of(server: Server) -> bytes:
    """Give the key that signs addresses, as whoever has the box could read it."""
    with closing(sqlite3.connect(server.database)) as connection:
        return bytes(connection.execute("SELECT key FROM file_key").fetchone()[0])


class TestStaffOnly:
    @pytest.fixture(scope="class")
    @staticmethod
    def hidden(world: World) -> str:
        """A file that only a staff-only message of the elder's question names."""
        sha256 = world.upload("for staff", world.tokens["STAFF"])
        for question_id in (world.questions["ELDER"], world.questions["SERVICE"]):
            assert world.show(question_id, sha256, is_visible_to_patient=False).status == 201
        return sha256

    @pytest.mark.parametrize("role", SEERS)
    def test_no_other_gets_it(self, world: World, hidden: str, role: str) -> None:
        shown = world.tokens[role]
        for query in ("", "?user_type=STAFF", "?expires=1&signature=a"):
            answer = get(world.server, f"/files/{hidden}{query}", shown)
            assert (answer.status, answer.json["code"]) == (404, "NOT_FOUND")
        assert get(world.server, f"/files/{hidden}", world.tokens["STAFF"]).status == 200

    @pytest.mark.parametrize("role", ["ELDER", "FAMILY", "RELATIVE"])
    @pytest.mark.parametrize("kind", [Websocket, Polling])
    def test_no_message_shows_it_to_others(self, world: World, hidden: str, role: str, kind: Kind) -> None:
        question_id = world.questions["ELDER"]
        shown = world.tokens[role]
        path = f"/api/questions/{question_id}/messages?limit=200&user_type=STAFF"
        assert hidden not in str(world.ask("GET", path, shown).body)
        joining = {"question_id": question_id, "user_id": ROLES[role], "after_id": 0}
        with closing(kind(world.server)) as connection:
            connection.enter(shown)
            connection.call("join_question", joining)
            assert world.show(question_id, hidden, is_visible_to_patient=False).status == 201
            assert world.show(question_id, world.file("ELDER", "own"), text="结束").status == 201
            connection.call("leave_question", {"question_id": question_id})
            assert "结束" in str(connection.events)
            assert hidden not in str(connection.events)

    @pytest.mark.parametrize("role", SEERS)
    def test_no_other_may_name_it(self, world: World, hidden: str, role: str) -> None:
        """Or naming it would open it."""
        sender = {"sender_type": "SYSTEM" if role == "SERVICE" else "FAMILY" if role == "RELATIVE" else role}
        said = message(1, sender_id=ROLES[role], **sender, attachments=[{"url": f"/files/{hidden}"}])
        del said["question_id"]
        path = f"/api/questions/{world.questions[role]}/messages"
        answer = world.ask("POST", path, world.tokens[role], said)
        assert (answer.status, answer.body["message"]) == (400, "attachments 中的文件不存在或不可使用")
        with closing(Websocket(world.server)) as connection:
            connection.enter(world.tokens[role])
            ack = connection.call("send_message", {**said, "question_id": world.questions[role]})
            assert ack == {"success": False, "message": "发送失败：attachments 中的文件不存在或不可使用"}

    def test_it_opens_with_a_message_that_patients_may_see(self, world: World) -> None:
        sha256 = world.upload("first for staff, then for all", world.tokens["STAFF"])
        world.show(world.questions["ELDER"], sha256, is_visible_to_patient=False)
        assert get(world.server, f"/files/{sha256}", world.tokens["ELDER"]).status == 404
        world.show(world.questions["ELDER"], sha256)
        assert get(world.server, f"/files/{sha256}", world.tokens["ELDER"]).status == 200


class TestUnnamed:
    def test_it_is_its_uploader_s_alone(self, world: World) -> None:
        sha256 = world.upload("not named", world.tokens["ELDER"])
        assert get(world.server, f"/files/{sha256}", world.tokens["ELDER"]).status == 200
        for role in ("STAFF", "FAMILY", "RELATIVE", "SERVICE"):
            assert get(world.server, f"/files/{sha256}", world.tokens[role]).status == 404
        assert get(world.server, f"/files/{sha256}", token(ROLES["ELDER"], "FAMILY")).status == 404
        assert get(world.server, f"/files/{sha256}").status == 401

    def test_who_uploads_the_same_may_see_it_too(self, world: World) -> None:
        sha256 = world.upload("the same leaflet", world.tokens["ELDER"])
        assert world.upload("the same leaflet", world.tokens["FAMILY"]) == sha256
        assert get(world.server, f"/files/{sha256}", world.tokens["FAMILY"]).status == 200

    def test_what_one_sees_one_may_send_on(self, world: World) -> None:
        sha256 = world.file("ELDER", "own")
        said = message(1, sender_id=ROLES["RELATIVE"], sender_type="FAMILY", attachments=[{"url": f"/files/{sha256}"}])
        del said["question_id"]
        path = f"/api/questions/{world.questions['RELATIVE']}/messages"
        assert world.ask("POST", path, world.tokens["RELATIVE"], said).status == 201


class TestAddresses:
    def test_one_is_good_without_a_token_and_for_its_file_alone(self, world: World) -> None:
        question_id = world.questions["ELDER"]
        items = world.ask("GET", f"/api/questions/{question_id}/messages", world.tokens["ELDER"]).body["items"]
        (address, *_) = [one for item in items for one in addresses(item)]
        assert get(world.server, address).status == 200
        other = re.sub(r"[0-9a-f]{64}", world.file("ELDER", "foreign"), address)
        answer = get(world.server, other)
        assert (answer.status, answer.json["code"]) == (403, "FORBIDDEN")
        # With a token that may not see it the right signature counts, as for anyone who was given it.
        assert get(world.server, address, token(1, "ELDER")).status == 200
        assert get(world.server, other, token(1, "ELDER")).status == 404
        assert get(world.server, address, "bad").status == 401

    @pytest.mark.parametrize("seconds", [-86_400, -3_601, 3_700, 86_400])
    def test_one_of_another_time_is_refused(self, world: World, seconds: int) -> None:
        """Yesterday's has ended. Tomorrow's was given by a clock that was wrong."""
        url = f"/files/{world.file('ELDER', 'own')}"
        then = FileAddresses(key_of(world.server), lambda: system_clock() + seconds * 1000)
        (address,) = re.findall(r'/files/[^"]+', then.handed(f'{{"url":"{url}"}}'))
        answer = get(world.server, address)
        assert (answer.status, answer.json["code"]) == (403, "FORBIDDEN")
        now = FileAddresses(key_of(world.server), system_clock)
        (address,) = re.findall(r'/files/[^"]+', now.handed(f'{{"url":"{url}"}}'))
        assert get(world.server, address).status == 200

    def test_an_audit_has_who_looked(self, world: World) -> None:
        sha256 = world.file("ELDER", "own")
        get(world.server, f"/files/{sha256}", world.tokens["ELDER"])

        def found() -> bool:
            with closing(sqlite3.connect(world.server.database)) as connection:
                query = "SELECT count(*) FROM audit WHERE action = 'GET /files/{file}' AND object = ? AND user_id = ?"
                return bool(connection.execute(query, (f"file {sha256}", ROLES["ELDER"])).fetchone()[0])

        wait_until(found, "the row of the audit")
