"""Every origin that browsers and WebViews send can be let in: over websocket, long-polling and HTTP alike."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest
from websockets.exceptions import InvalidStatus

from consult.entry.refused_origins import LONGEST_SHOWN, MOST_TOLD, TOLD_EVERY, RefusedOrigins
from tests.conftest import StartServer
from tests.packets import Polling, Websocket
from tests.server import Server, run
from tests.tokens import key_file, token

SENT: Final = (
    *("https://app.example.com", "https://app.example.com:8443", "http://192.168.1.5:3000", "http://[2001:db8::1]:81"),
    *("null", "file://", "resource://rawfile", "capacitor://localhost", "ionic://localhost", "tauri://localhost"),
    *("chrome-extension://aapbdbdomjkkjkaonfhkkikfgjllcleb", "weapp://wechat-game-runtime", "app://obsidian.md"),
    *("https://servicewechat.com", "https://tauri.localhost", "ws://192.168.1.5:8000", "wss://careline.example"),
)
OTHER: Final = "https://elsewhere.example"
QUESTION: Final = {"title": "头晕两天", "elder_id": 7}


def websocket(server: Server, headers: Mapping[str, str]) -> int:
    """Give the status of a websocket request, 200 for one that can be used."""
    try:
        connection = Websocket(server, headers=headers)
    except InvalidStatus as refused:
        return refused.response.status_code
    with closing(connection):
        connection.enter()
        assert connection.call("leave_question", {"question_id": 5}) == {"question_id": 5}
    return 200


def polling(server: Server, headers: Mapping[str, str]) -> int:
    """The same over long-polling, whose answers a page of that origin may read."""
    answer = server.http("GET", "/socket.io/?EIO=4&transport=polling", headers=headers)
    assert answer.headers.get("access-control-allow-origin") == (headers["Origin"] if answer.status == 200 else None)
    if answer.status == 200:
        with closing(Polling(server, headers=headers)) as connection:
            connection.enter()
            assert connection.call("leave_question", {"question_id": 5}) == {"question_id": 5}
    return answer.status


def preflight(server: Server, headers: Mapping[str, str], path: str = "/api/questions") -> int:
    """Ask as a browser does before a POST with JSON and a token."""
    asks = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}
    answer = server.http("OPTIONS", path, headers={**headers, **asks})
    is_in = answer.status == 204
    assert answer.headers.get("access-control-allow-origin") == (headers["Origin"] if is_in else None)
    assert not is_in or answer.headers["access-control-allow-headers"] == "authorization,content-type"
    return answer.status


def post(server: Server, headers: Mapping[str, str]) -> int:
    """Open a question."""
    answer = server.http("POST", "/api/questions", json=QUESTION, headers=headers)
    assert answer.headers.get("access-control-allow-origin") == (headers["Origin"] if answer.status == 201 else None)
    return answer.status


@pytest.fixture(scope="module")
def server_arguments() -> tuple[str, ...]:
    return ("--allowed-origins", ",".join(SENT), "--allow-open")


@pytest.mark.parametrize("origin", SENT)
def test_a_listed_one_is_let_in(server: Server, origin: str) -> None:
    headers = {"Origin": origin}
    assert websocket(server, headers) == 200
    assert polling(server, headers) == 200
    assert preflight(server, headers) == 204
    assert preflight(server, headers, "/socket.io/?EIO=4&transport=polling") == 204
    assert post(server, headers) == 201


@pytest.mark.parametrize("origin", [*SENT, OTHER])
def test_none_is_by_default(start_once: Server, origin: str) -> None:
    headers = {"Origin": origin}
    before = len(start_once.stderr())
    tauri = origin == "https://tauri.localhost"  # which is loopback
    assert [websocket(start_once, headers), polling(start_once, headers)] == ([200] * 2 if tauri else [403] * 2)
    assert [preflight(start_once, headers), post(start_once, headers)] == ([204, 201] if tauri else [403] * 2)
    told = start_once.stderr()[before:]
    assert tauri or (told.count(f"'{origin}'"), told.count("--allowed-origins (CARELINE_ALLOWED_ORIGINS)")) == (2, 2)


@pytest.fixture(scope="module")
def start_once(tmp_path_factory: pytest.TempPathFactory) -> Server:
    server = Server(tmp_path_factory.mktemp("default"))
    server.start()
    return server


@pytest.fixture(scope="module", autouse=True)
def stop_once(start_once: Server) -> object:
    yield
    start_once.close()


def test_what_is_not_listed_is_refused_beside_them(server: Server) -> None:
    for origin in (OTHER, "resource://other", "capacitor://localhost:1", "null.example", "file://x", "*"):
        headers = {"Origin": origin}
        assert [way(server, headers) for way in (websocket, polling, preflight, post)] == [403] * 4, origin


def test_spelled_in_capitals(server: Server) -> None:
    """Apps do not write theirs as browsers do."""
    assert websocket(server, {"Origin": "RESOURCE://RawFile"}) == 200


def test_every_one_with_tokens(start_server: StartServer, tmp_path: Path) -> None:
    server = start_server("--allowed-origins", "*", "--auth-secret-file", str(key_file(tmp_path)))
    server.bearer = token(7, "ELDER")
    for origin in (*SENT, OTHER, "x", "http://a b"):
        headers = {"Origin": origin}
        with closing(Websocket(server, headers=headers)) as connection:
            connection.enter(server.bearer)
        with closing(Polling(server, headers=headers)) as polled:
            polled.enter(server.bearer)
        assert preflight(server, headers) == 204
        assert post(server, headers) == 201
        with closing(Websocket(server, headers=headers)) as without, pytest.raises(AssertionError, match="UNAUTHEN"):
            without.enter()
    assert preflight(server, {"Origin": OTHER, "Host": "elsewhere.example"}) == 403, "hosts are another setting"


@pytest.mark.parametrize("more", [(), ("--allow-open", "1")])
@pytest.mark.parametrize("origins", ["*", "https://app.example.com,*"])
def test_every_one_without_tokens_is_a_fault(tmp_path: Path, more: tuple[str, ...], origins: str) -> None:
    done = run("check", "--allowed-origins", origins, *more, folder=tmp_path)
    assert done.returncode == 2
    faults = [line for line in done.stderr.splitlines() if "`*` lets in every page" in line]
    assert len(faults) == 1
    assert faults[0].startswith("careline: --allowed-origins (CARELINE_ALLOWED_ORIGINS): ")
    assert "--auth-secret-file" in faults[0]
    assert "--allow-open" not in faults[0]


def test_null_without_tokens_is_any_site_s(tmp_path: Path) -> None:
    """Any site can put a page without an origin into a frame."""
    done = run("check", "--allowed-origins", "null", folder=tmp_path)
    assert (done.returncode, "null is a page of another machine" in done.stderr) == (2, True)
    own = "file://,resource://rawfile,capacitor://localhost,app://[x,ws://localhost:8000"
    assert run("check", "--allowed-origins", own, folder=tmp_path).returncode == 0


@pytest.mark.parametrize(
    "origin",
    [
        *("app.example.com", "https://", "https://app.example.com/", "https://app.example.com/path", "https://a?b"),
        *("https://user@app.example.com", "http://x:", "http://x:080", "http://x:65536", "https://[x", "https://x y"),
        *("https://例子.example", "ws://x:80", "wss://x:443", "javascript:", "Null ,none", "capacitor://localhost/"),
    ],
)
def test_what_no_browser_sends_is_a_fault(tmp_path: Path, origin: str) -> None:
    done = run("check", "--allow-open", "1", "--allowed-origins", origin, folder=tmp_path)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("careline: --allowed-origins (CARELINE_ALLOWED_ORIGINS): must ")


@pytest.mark.parametrize("way", [websocket, polling, preflight])
def test_the_address_of_its_own_websocket_is_its_own(start_once: Server, way: object) -> None:
    """As the client for iOS sends it."""
    assert callable(way)
    ok = 204 if way is preflight else 200
    own = start_once.url.replace("http", "ws")
    assert way(start_once, {"Origin": own}) == ok
    for host in ("[::1]:5", "localhost"):
        assert way(start_once, {"Origin": f"ws://{host}", "Host": host}) == ok
        assert way(start_once, {"Origin": f"wss://{host}", "Host": host}) == ok
    assert way(start_once, {"Origin": "ws://elsewhere.example"}) == 403


def test_behind_tls_alone_that_is_wss(start_server: StartServer, tmp_path: Path) -> None:
    """A proxy that is trusted tells which of both it is."""
    keys = ("--auth-secret-file", str(key_file(tmp_path)))
    server = start_server(*keys, "--trusted-proxies", "127.0.0.1", "--allowed-hosts", "clinic.example", nginx=False)
    behind = {"Host": "clinic.example", "X-Forwarded-Proto": "https"}
    assert preflight(server, {**behind, "Origin": "wss://clinic.example"}) == 204
    assert preflight(server, {**behind, "Origin": "ws://clinic.example"}) == 403


def test_a_refused_one_is_logged_once_in_a_while(start_server: StartServer) -> None:
    server = start_server()
    strange = "evil://[31m" + "x" * 9_000
    for _ in range(5):
        for origin in (OTHER, "resource://rawfile"):
            assert websocket(server, {"Origin": origin}) == 403
            assert post(server, {"Origin": origin}) == 403
    assert server.http("GET", "/health", headers={"Origin": strange}).status == 403
    told = [line for line in server.stderr().splitlines() if "refused a page" in line]
    assert len(told) == 5
    assert sum("'resource://rawfile'" in line for line in told) == 2
    assert sum("over websocket" in line for line in told) == 2
    assert "origin 'evil://[31mxxx" in told[-1]
    assert len(told[-1]) < 700


class TestTheLog:
    @pytest.fixture
    def now(self) -> list[float]:
        return [1000.0]

    def test_again_after_a_while(self, now: list[float], caplog: pytest.LogCaptureFixture) -> None:
        refused = RefusedOrigins(lambda: now[0])
        for after, lines in ((0, 1), (TOLD_EVERY - 1, 1), (1, 2), (1, 2)):
            now[0] += after
            refused.note("null", "HTTP", "10.0.0.3")
            assert len(caplog.messages) == lines
        refused.note("null", "websocket", "10.0.0.3")
        assert len(caplog.messages) == 3, "another way in is another front end's fault, maybe"
        refused.note("null", "HTTP", "10.0.0.4")
        assert "10.0.0.4" in caplog.messages[3], "so is another machine's"

    def test_a_flood_of_them_takes_neither_memory_nor_log(
        self, now: list[float], caplog: pytest.LogCaptureFixture
    ) -> None:
        refused = RefusedOrigins(lambda: now[0])
        for number in range(10 * MOST_TOLD):
            refused.note(f"https://{number % 300}.example", "HTTP", f"10.0.0.{number % 7}")
        assert len(caplog.messages) == MOST_TOLD + 1
        assert "pages of many origins" in caplog.messages[-1]
        assert len(refused._told_at) == MOST_TOLD + 1
        now[0] += TOLD_EVERY
        refused.note("null", "HTTP", "10.0.0.3")
        assert "origin 'null'" in caplog.messages[-1]
        assert len(refused._told_at) == 1

    def test_it_is_shown_as_it_came_on_one_line_of_bounded_length(
        self, now: list[float], caplog: pytest.LogCaptureFixture
    ) -> None:
        RefusedOrigins(lambda: now[0]).note("evil://\r\n\x1b[2J" + "字" * 5_000, "HTTP", "10.0.0.3")
        (line,) = caplog.messages
        assert "'evil://\\r\\n\\x1b[2J\\u5b57" in line
        assert line.isascii()
        assert line.isprintable()
        assert len(line) < LONGEST_SHOWN + 300
