"""The code of docs/client.md, run as it stands there: nothing missing, nothing twice, whatever the server does."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from tests.clients import Client, Clients, message, node_environment
from tests.packets import Websocket
from tests.server import LIMIT, ROOT, Server, in_seconds, new_id, wait_until
from tests.tokens import key_file, token

GUIDE: Final = ROOT / "docs" / "client.md"
MISSED: Final = 1100  # messages, and notifications
COMES_BACK: Final = 30.0  # seconds; the official client waits for up to seven before it tries again

# Reports what the front end is told, a line of JSON each, and takes what it is to send from standard input.
DRIVER: Final = """
import { createInterface } from "node:readline";
const tell = (kind) => (value, more) => process.stdout.write(JSON.stringify({ kind, value, more }) + "\\n");
const [url, me, question_id] = JSON.parse(process.env.FRONT_END);
const handlers = { onMessage: tell("message"), onNotification: tell("notification"), onFault: tell("fault") };
const talk = consultation(url, me, question_id, { ...handlers, ...given, onReset: tell("reset") });
for await (const line of createInterface({ input: process.stdin })) {
  if (!order(JSON.parse(line))) talk.send(JSON.parse(line));
}
talk.close();
"""

# Before the front end: what the tests have it meet. Orders set how many fetches are to fail, and which token is shown.
ORDERS: Final = """
let [failing, shown] = [0, null];
const real = globalThis.fetch;
globalThis.fetch = (...words) => (failing > 0 ? (failing--, Promise.reject(new TypeError("failed"))) : real(...words));
const given = { token: async () => shown };
const order = ({ fail, token }) => {
  if (fail !== undefined) failing = fail;
  if (token !== undefined) shown = token;
  return fail !== undefined || token !== undefined;
};
"""

# Two devices of one user, for the inbox that stays in step.
DEVICES: Final = """
import { createInterface } from "node:readline";
const tell = (kind) => (...value) => process.stdout.write(JSON.stringify({ kind, value }) + "\\n");
const [url, user_id] = JSON.parse(process.env.FRONT_END);
const handlers = (name) => ({ ...given, onChange: tell(name), onFault: tell("fault") });
const devices = ["desk", "phone"].map((name) => inbox(url, user_id, handlers(name)));
for await (const line of createInterface({ input: process.stdin })) {
  if (order(JSON.parse(line))) continue;
  const [device, ...answer] = JSON.parse(line);
  devices[device].answer(...answer);
}
devices.forEach((device) => device.close());
"""


def blocks() -> list[str]:
    """The guide's pieces of code."""
    return re.findall(r"^```js\n(.*?)^```$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


class FrontEnd:
    """One of the guide's front ends in Node."""

    def __init__(self, script: str, *given: Any) -> None:
        self.told: list[dict[str, Any]] = []
        self._process = subprocess.Popen(
            ["node", "--input-type=module", "--eval", script],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT / "tests",
            env=node_environment(FRONT_END=json.dumps(given)),
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.told.append(json.loads(line))

    def send(self, content: Any) -> None:
        """Let it send a message, or answer a notification."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(content) + "\n")
        self._process.stdin.flush()

    def say(self, text: str) -> None:
        self.send({"content_type": "TEXT", "content_text": text})

    def shown(self, kind: str) -> list[Any]:
        """Give what it has shown of a kind: message, notification or fault."""
        return [one["value"] for one in list(self.told) if one["kind"] == kind]

    def ids(self, kind: str) -> list[int]:
        return [one["id"] for one in self.shown(kind)]

    def wait_for(self, kind: str, count: int, limit: float = LIMIT) -> None:
        """Wait until it has shown that many."""
        wait_until(lambda: len(self.shown(kind)) >= count, f"{count} of {kind}", limit)

    def close(self) -> None:
        """Let it end; fail when Node ended with a fault."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            status = self._process.wait(LIMIT)
        finally:
            self._process.kill()
            self._reader.join(LIMIT)
            self._process.stdout.close()
        assert status == 0


StartFrontEnd = Callable[[Server, int, int], FrontEnd]


@pytest.fixture
def front_end() -> Iterator[StartFrontEnd]:
    """A way to start the front end, as an elder of that id in a question; at the end it must have had no fault."""
    started: list[FrontEnd] = []

    def start(server: Server, user_id: int, question_id: int) -> FrontEnd:
        me = {"sender_id": user_id, "sender_type": "ELDER", "role_display_name": "张三"}
        started.append(FrontEnd(ORDERS + blocks()[0] + DRIVER, server.url, me, question_id))
        return started[-1]

    yield start
    for one in started:
        one.close()


@pytest.fixture
def staying(tmp_path: Path) -> Iterator[Server]:
    """A server that comes back at the same address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = Server(tmp_path, "--port", str(port))
    server.start()
    yield server
    server.close()


def stored(server: Server, question_id: int) -> list[dict[str, Any]]:
    """Give every message of a question, page by page."""
    found: list[dict[str, Any]] = []
    while page := server.messages(question_id, f"after_id={found[-1]['id'] if found else 0}&limit=200"):
        found += page
    return found


def notified(server: Server, user_id: int) -> list[int]:
    """Give the ids of a user's notifications, page by page, oldest first."""
    found: list[int] = []
    while page := server.notifications(user_id, f"after_id={found[-1] if found else 0}&limit=200"):
        found += [one["id"] for one in page]
    return found


def send_many(client: Client, question_id: int, name: str, count: int) -> None:
    """Send that many messages and wait until each is acknowledged."""
    before = sum(one.event == "send_message:ack" for one in client.events)
    for number in range(count):
        client.emit("send_message", message(question_id, f"{name} {number}"))

    def answered() -> bool:
        return sum(one.event == "send_message:ack" for one in list(client.events)) == before + count

    wait_until(answered, f"{count} acks", COMES_BACK)


def test_it_is_as_short_as_its_title_says() -> None:
    """Each line counts that is not empty."""
    title = GUIDE.read_text(encoding="utf-8").splitlines()[0]
    told = re.fullmatch(r"# (\d+) 行的前端 · A front end in (\d+) lines", title)
    assert told, title
    lines = [line for line in blocks()[0].splitlines() if line.strip()]
    assert int(told[1]) == int(told[2])
    assert len(lines) <= int(told[1])
    assert f"a front end in {told[1]} lines" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_nothing_is_missing_and_nothing_comes_twice(
    staying: Server, clients: Clients, front_end: StartFrontEnd
) -> None:
    server, user_id = staying, new_id()
    question_id = server.open_question()
    nurse = clients.connect(to=server)
    front = front_end(server, user_id, question_id)
    said = [f"own {number}" for number in range(60)]
    for text in said[:5]:
        front.say(text)
    send_many(nurse, question_id, "first", 5)
    server.make_reminder(user_id, in_seconds(0))
    front.wait_for("message", 10)
    front.wait_for("notification", 1)

    # Killed with sends on their way; more are written while nobody listens.
    for text in said[5:50]:
        front.say(text)
    front.wait_for("message", 12)
    server.kill()
    for text in said[50:]:
        front.say(text)

    # Elsewhere, where the front end does not look, life goes on: more than two joins replay.
    server.start(["serve", "--port", "0", "--database", str(server.database)])
    send_many(clients.connect(to=server), question_id, "missed", MISSED)
    for _ in range(MISSED):
        server.make_reminder(user_id, in_seconds(0))
    wait_until(lambda: len(notified(server, user_id)) == 1 + MISSED, "all notifications", COMES_BACK)
    server.stop()

    # It catches up, but is cut off once more on the way.
    server.start()
    front.wait_for("message", 300, COMES_BACK)
    server.kill()
    server.start()
    others = clients.connect(to=server)
    send_many(others, question_id, "meanwhile", 30)
    wait_until(lambda: len(front.shown("message")) > MISSED, "the rest", COMES_BACK)
    send_many(others, question_id, "live", 30)

    def all_are_stored() -> bool:
        return {one["content_text"] for one in stored(server, question_id)} >= set(said)

    wait_until(all_are_stored, "all that was said", COMES_BACK)
    messages = stored(server, question_id)
    front.wait_for("message", len(messages), COMES_BACK)
    front.wait_for("notification", 1 + MISSED, COMES_BACK)
    assert front.shown("message") == messages
    assert front.ids("notification") == notified(server, user_id)
    assert sorted(one["content_text"] for one in messages if one["sender_id"] == user_id) == sorted(said)
    assert front.shown("fault") == []


def test_what_was_refused_can_be_sent_again(server: Server, front_end: StartFrontEnd) -> None:
    question_id = server.open_question()
    server.set_status(question_id, "CLOSED")
    front = front_end(server, new_id(), question_id)
    front.say("too late?")
    front.wait_for("fault", 1)
    [fault] = [one for one in front.told if one["kind"] == "fault"]
    assert fault["value"] == "发送失败：咨询问题已关闭"
    server.set_status(question_id, "OPEN")
    front.send(fault["more"])
    front.wait_for("message", 1)
    assert [one["content_text"] for one in stored(server, question_id)] == ["too late?"]


def test_a_question_that_does_not_exist_is_told(server: Server, front_end: StartFrontEnd) -> None:
    front = front_end(server, new_id(), 2**53 - 1)
    front.wait_for("fault", 1)
    assert front.shown("fault") == ["咨询问题不存在"]


def test_the_example_of_its_use(server: Server) -> None:
    question_id = server.open_question()
    code, use, *_ = blocks()
    use = use.replace("123", str(question_id)).replace("http://127.0.0.1:8000", server.url)
    # What it shows first ends it.
    ends = "const log = console.log; console.log = (...words) => { log(...words); talk.close(); };\n"
    script = code + ends + use
    node = ["node", "--input-type=module", "--eval", script]
    folder, env = ROOT / "tests", node_environment()
    ran = subprocess.run(node, capture_output=True, text=True, timeout=LIMIT, check=True, cwd=folder, env=env)
    assert ran.stdout == "张三 早上 150/95，需要调药吗？\n"
    assert ran.stderr == ""


def test_a_photo_is_sent_and_shown(server: Server) -> None:
    question_id = server.open_question()
    code, use, *_, files = blocks()
    use = use.split("talk.send")[0].replace("123", str(question_id)).replace("http://127.0.0.1:8000", server.url)
    shows = f"""
    const photo = new Blob([new Uint8Array([0xff, 0xd8, 0xff, 1, 2, 3])], {{ type: "image/jpeg" }});
    console.log = () => undefined;
    await sendFile("{server.url}", talk, "IMAGE", photo);
    while ((await (await fetch("{server.url}/api/questions/{question_id}/messages")).json()).items.length === 0);
    const {{ items }} = await (await fetch("{server.url}/api/questions/{question_id}/messages")).json();
    const shown = await fetch(source("{server.url}", items[0].attachments[0]));
    process.stdout.write(`${{items[0].content_type}} ${{shown.status}} ${{(await shown.arrayBuffer()).byteLength}}\\n`);
    talk.close();
    """
    script = code + use + files + shows
    node = ["node", "--input-type=module", "--eval", script]
    folder, env = ROOT / "tests", node_environment()
    ran = subprocess.run(node, capture_output=True, text=True, timeout=LIMIT, check=True, cwd=folder, env=env)
    assert (ran.stdout, ran.stderr) == ("IMAGE 200 6\n", "")


def test_two_inboxes_stay_in_step(staying: Server) -> None:
    """Whatever is answered on one device shows on the other, also what was answered while the server was away."""
    server, user_id = staying, new_id()
    with closing(FrontEnd(ORDERS + blocks()[2] + DEVICES, server.url, user_id)) as devices:
        answer_on_two(server, user_id, devices)


def answer_on_two(server: Server, user_id: int, devices: FrontEnd) -> None:
    """Answer notifications on a user's two devices."""

    def shows(unread: int, count: int, limit: float = LIMIT) -> None:
        """Wait until both show so many, then hold them to the same, and to what the server has."""
        nothing = {"confirmed_at": None, "snoozed_until": None}  # a new one says nothing of them

        def shown() -> list[Any]:
            latest = [(devices.shown(name) or [[[], -1]])[-1] for name in ("desk", "phone")]
            return [[[{**nothing, **one} for one in items], count] for items, count in latest]

        wait_until(lambda: all((one[1], len(one[0])) == (unread, count) for one in shown()), "both in step", limit)

        def listed() -> list[Any]:
            return server.notifications(user_id, "answers=true&limit=200")

        wait_until(lambda: shown() == [[listed(), unread]] * 2, "the same on both", limit)

    for number in range(4):
        server.make_reminder(user_id, in_seconds(-1), title=str(number))
    shows(4, 4)
    ids = [one["id"] for one in server.notifications(user_id)]
    devices.send([0, "confirm", ids[0]])
    shows(3, 4)
    devices.send([1, "read", ids[1]])
    shows(2, 4)
    server.kill()
    devices.send([1, "confirm", ids[2]])
    devices.send([0, "snooze", ids[3], {"until": in_seconds(3600)}])
    server.start()
    shows(1, 4, COMES_BACK)
    server.http("POST", f"/api/notifications/{ids[3]}/snooze", json={"until": in_seconds(0.3)})
    shows(1, 5)
    devices.send([0, "snooze", ids[0], {"until": in_seconds(1)}])
    devices.wait_for("fault", 1)
    assert devices.shown("fault") == [["通知已确认，无法推迟"]]


def test_the_first_answer_counts_on_all_devices_of_everybody(staying: Server) -> None:
    """The elder says on one device that he skips it; a late answer of his daughter changes nothing and is told."""
    server, elder, daughter = staying, new_id(), new_id()
    with closing(devices_of(server, elder)) as his, closing(devices_of(server, daughter)) as hers:
        server.make_reminder(elder, in_seconds(-65), follow_up=[{"after": 60, "user_id": daughter}])
        wait_until(lambda: server.notifications(elder) and server.notifications(daughter), "both rings")
        (own,), (other,) = notified(server, elder), notified(server, daughter)
        show(his, [own], 1)
        show(hers, [other], 1)
        server.kill()
        his.send([0, "confirm", own, {"outcome": "DONE"}])
        his.send([0, "confirm", own, {"outcome": "SKIPPED", "note": "恶心"}])  # he thinks again before it has left
        server.start()
        for devices, shown in (his, own), (hers, other):
            show(devices, [shown], 0)
        hers.send([1, "confirm", other, {"outcome": "DONE"}])
        hers.wait_for("fault", 1)
        assert hers.shown("fault") == [["该次提醒已有其他结果"]]
        assert his.shown("fault") == []
    (day,) = server.http("GET", f"/api/users/{elder}/day").body["items"]
    assert (day["outcome"], day["outcome_by"], day["note"]) == ("SKIPPED", f"USER:{elder}", "恶心")


def test_the_example_of_two_buttons(server: Server) -> None:
    user_id = new_id()
    (one,) = remind(server, user_id, 1)
    _, _, code, use, *_ = blocks()
    use = use.replace("1001", str(user_id)).replace("http://127.0.0.1:8000", server.url)
    # What it shows first is answered, what it shows then ends it.
    answers = f"""
        const log = console.log;
        let shown = 0;
        console.log = (...words) => {{
          log(...words);
          setTimeout(() => (shown++ ? mine.close() : notTaken({one}, "恶心")));
        }};
    """
    node = ["node", "--input-type=module", "--eval", code + answers + use]
    folder, env = ROOT / "tests", node_environment()
    ran = subprocess.run(node, capture_output=True, text=True, timeout=LIMIT, check=True, cwd=folder, env=env)
    assert ran.stdout == "1 服药提醒 ?\n0 服药提醒 SKIPPED\n"
    assert ran.stderr == ""
    (day,) = server.http("GET", f"/api/users/{user_id}/day").body["items"]
    assert (day["outcome"], day["note"]) == ("SKIPPED", "恶心")


def devices_of(server: Server, user_id: int) -> FrontEnd:
    """The guide's inbox on two devices of a user."""
    return FrontEnd(ORDERS + blocks()[2] + DEVICES, server.url, user_id)


def show(devices: FrontEnd, ids: list[int], unread: int) -> None:
    """Wait until both devices show these notifications, newest first, and so many as unread."""

    def shown() -> bool:
        latest = [devices.shown(name)[-1:] for name in ("desk", "phone")]
        return all(one and [item["id"] for item in one[0][0]] == ids and one[0][1] == unread for one in latest)

    wait_until(shown, f"{len(ids)} notifications on both", COMES_BACK)


def remind(server: Server, user_id: int, count: int) -> list[int]:
    """Have so many more notifications; give the ids of all, newest first."""
    before = len(notified(server, user_id))
    for _ in range(count):
        server.make_reminder(user_id, in_seconds(-1))
    wait_until(lambda: len(notified(server, user_id)) == before + count, "the notifications", COMES_BACK)
    return notified(server, user_id)[::-1]


def test_an_answer_given_offline_is_not_lost_by_the_next(staying: Server) -> None:
    server, user_id = staying, new_id()
    first, second = remind(server, user_id, 2)
    with closing(devices_of(server, user_id)) as devices:
        show(devices, [first, second], 2)
        server.kill()
        devices.send([0, "confirm", first])
        devices.send([0, "read", first])
        devices.send([1, "read", second])
        devices.send([1, "confirm", second])
        server.start()
        show(devices, [first, second], 0)
        wait_until(lambda: all(one["confirmed_at"] for one in rows(server, user_id)), "both confirmations", COMES_BACK)
        assert devices.shown("fault") == []


def rows(server: Server, user_id: int) -> list[dict[str, Any]]:
    return server.notifications(user_id, "answers=true&limit=200")


def test_a_list_that_cannot_be_read_is_read_until_it_can(staying: Server) -> None:
    server, user_id = staying, new_id()
    ids = remind(server, user_id, 1)
    with closing(devices_of(server, user_id)) as devices:
        show(devices, ids, 1)
        devices.send({"fail": 6})
        server.kill()
        server.start()
        ids = remind(server, user_id, 1)
        show(devices, ids, 2)
        ids = remind(server, user_id, 1)
        show(devices, ids, 3)


def test_a_list_of_many_pages(server: Server) -> None:
    user_id = new_id()
    ids = remind(server, user_id, 205)
    with closing(devices_of(server, user_id)) as devices:
        show(devices, ids, 205)
        ids = remind(server, user_id, 1)
        show(devices, ids, 206)


def test_pages_that_cannot_be_read_are_read_until_they_can(staying: Server, front_end: StartFrontEnd) -> None:
    server, user_id = staying, new_id()
    question_id = server.open_question()
    with server_client(server) as nurse:
        many = nurse.call_all([["send_message", message(question_id, str(number))] for number in range(620)])
    assert all(one["success"] for one in many)
    front = front_end(server, user_id, question_id)
    front.send({"fail": 3})
    front.wait_for("message", 620, COMES_BACK)
    assert front.shown("message") == stored(server, question_id)


@contextmanager
def server_client(server: Server) -> Iterator[Websocket]:
    """A connection that says every packet itself."""
    connection = Websocket(server)
    connection.enter()
    yield connection
    connection.close()


def test_after_an_older_backup_took_its_place_everything_is_shown_again(
    staying: Server, clients: Clients, front_end: StartFrontEnd
) -> None:
    """A disk is lost, and an old backup put where the database was: ids are lower than those on the screens."""
    server, user_id = staying, new_id()
    question_id = server.open_question()
    send_many(clients.connect(to=server), question_id, "kept", 3)
    kept = remind(server, user_id, 1)
    server.stop()
    backup = server.database.read_bytes()
    server.start()
    front = front_end(server, user_id, question_id)
    with closing(devices_of(server, user_id)) as devices:
        send_many(clients.connect(to=server), question_id, "lost", 5)
        remind(server, user_id, 3)
        front.wait_for("message", 8)
        front.wait_for("notification", 4)
        wait_until(lambda: devices.shown("desk") and devices.shown("desk")[-1][1] == 4, "all on the screen")
        server.stop()
        for path in server.folder.glob("careline.db*"):
            path.unlink()
        server.database.write_bytes(backup)
        server.start()
        send_many(clients.connect(to=server), question_id, "new", 2)
        front.wait_for("message", 8 + 5, COMES_BACK)
        assert front.shown("message")[8:] == stored(server, question_id)
        front.wait_for("notification", 4 + 1)
        assert front.ids("notification")[4:] == kept
        assert sorted(front.shown("reset")) == ["new_message", "notification:new"]
        show(devices, kept, 1)


class TestTokens:
    """The guide's programs where every client shows a token, and the tokens end."""

    @pytest.fixture
    def guarded(self, tmp_path: Path) -> Iterator[Server]:
        server = Server(tmp_path, "--auth-secret-file", str(key_file(tmp_path)))
        server.start()
        server.bearer = token(1, "STAFF")
        yield server
        server.close()

    def test_the_consultation(self, guarded: Server, front_end: StartFrontEnd) -> None:
        user_id = new_id()
        question_id = guarded.open_question(elder_id=user_id)
        front = front_end(guarded, user_id, question_id)
        front.say("早")
        front.wait_for("fault", 2)  # refused, it tries again all the time
        front.send({"token": token(user_id, "ELDER", ttl=6)})
        front.wait_for("message", 1, COMES_BACK)
        faults = len(front.shown("fault"))
        wait_until(lambda: len(front.shown("fault")) > faults, "the end of the token", COMES_BACK)
        front.say("晚")
        front.send({"token": token(user_id, "ELDER")})
        front.wait_for("message", 2, COMES_BACK)
        assert [one["content_text"] for one in front.shown("message")] == ["早", "晚"]

    def test_the_inbox(self, guarded: Server) -> None:
        user_id = new_id()
        ids = remind(guarded, user_id, 1)
        with closing(devices_of(guarded, user_id)) as devices:
            devices.wait_for("fault", 2)
            devices.send({"token": token(user_id, "ELDER", ttl=6)})
            show(devices, ids, 1)
            faults = len(devices.shown("fault"))
            wait_until(lambda: len(devices.shown("fault")) > faults + 3, "the end of the token", COMES_BACK)
            devices.send([0, "confirm", ids[0]])
            devices.send({"token": token(user_id, "ELDER")})
            show(devices, ids, 0)
