"""Who is let in (Origin, Host, protocol version), as browsers and others ask."""

from __future__ import annotations

from typing import Final

import pytest
from websockets.exceptions import InvalidStatus

from tests.conftest import Enter, StartServer
from tests.packets import Closed, Kind, Polling, Websocket
from tests.server import Server

LOOPBACK: Final = [
    *("http://localhost:5173", "http://127.0.0.1:3000", "http://[::1]:8080", "https://localhost", "http://localhost"),
]
FOREIGN: Final = [
    *("https://evil.example", "http://localhost.evil.example", "http://127.0.0.1.evil.example", "null"),
    *("http://evil.example:8000", "http://evillocalhost", "file://", "http://0.0.0.0.evil.example"),
]


def status_of(server: Server, kind: Kind, headers: dict[str, str], query: str = "EIO=4") -> int:
    """Try to connect, and give 200 or the status of the refusal."""
    if kind is Polling:
        return server.http("GET", f"/socket.io/?{query}&transport=polling", headers=headers).status
    try:
        connection = Websocket(server, query, headers)
    except InvalidStatus as refused:
        return refused.response.status_code
    connection.enter()
    connection.close()
    return 200


@pytest.mark.parametrize("kind", [Websocket, Polling])
class TestSockets:
    def test_without_an_origin(self, server: Server, kind: Kind) -> None:
        assert status_of(server, kind, {}) == 200

    def test_the_servers_own_origin(self, server: Server, kind: Kind) -> None:
        assert status_of(server, kind, {"Origin": server.url}) == 200

    @pytest.mark.by_port
    @pytest.mark.parametrize("origin", LOOPBACK)
    def test_origins_that_are_loopback(self, server: Server, kind: Kind, origin: str) -> None:
        assert status_of(server, kind, {"Origin": origin}) == 200

    @pytest.mark.parametrize("origin", FOREIGN)
    def test_foreign_origins(self, server: Server, kind: Kind, origin: str) -> None:
        before = len(server.stderr())
        assert 400 <= status_of(server, kind, {"Origin": origin}) < 500
        assert "allowed-origins" in server.stderr()[before:].lower().replace("_", "-")

    @pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1", "127.0.0.1:1", "[::1]:8000"])
    def test_hosts_that_are_loopback(self, server: Server, kind: Kind, host: str) -> None:
        assert status_of(server, kind, {"Host": host}) == 200

    @pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "localhost.evil.example", "127.0.0.1.x"])
    def test_foreign_hosts(self, server: Server, kind: Kind, host: str) -> None:
        before = len(server.stderr())
        assert 400 <= status_of(server, kind, {"Host": host}) < 500
        assert "allowed-hosts" in server.stderr()[before:].lower().replace("_", "-")

    @pytest.mark.parametrize("query", ["EIO=3", "EIO=2", "EIO=5", "EIO=x", "EIO=", "x=1"])
    def test_other_protocol_versions(self, server: Server, kind: Kind, query: str) -> None:
        assert status_of(server, kind, {}, query) == 400

    def test_listed_origins_and_hosts(self, start_server: StartServer, kind: Kind) -> None:
        server = start_server(
            "--allowed-origins",
            "https://app.example,https://other.example:8443",
            "--allow-open",
            env={"CARELINE_ALLOWED_HOSTS": "careline.example,127.0.0.1"},
        )
        for origin in "https://app.example", "https://other.example:8443":
            assert status_of(server, kind, {"Origin": origin}) == 200
        for origin in "http://app.example", "https://app.example:444", "https://other.example", "https://x.app.example":
            assert 400 <= status_of(server, kind, {"Origin": origin}) < 500
        assert status_of(server, kind, {"Host": "careline.example"}) == 200
        assert 400 <= status_of(server, kind, {"Host": "evil.example"}) < 500


class TestApi:
    @pytest.mark.by_port
    @pytest.mark.parametrize("origin", LOOPBACK)
    def test_a_browser_on_loopback_may_read_the_answers(self, server: Server, origin: str) -> None:
        question = {"title": "标题", "elder_id": 1}
        answer = server.http("POST", "/api/questions", json=question, headers={"Origin": origin})
        assert answer.status == 201
        assert answer.headers["access-control-allow-origin"] in (origin, "*")
        fault = server.http("GET", "/api/questions/0", headers={"Origin": origin})
        assert fault.status == 400
        assert fault.headers["access-control-allow-origin"] in (origin, "*"), "a front end sees its faults too"

    @pytest.mark.by_port
    @pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
    def test_a_browser_may_ask_first(self, server: Server, method: str) -> None:
        headers = {
            "Origin": LOOPBACK[0],
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": "content-type,idempotency-key",
        }
        path = {"POST": "/api/questions", "PATCH": "/api/questions/1", "DELETE": "/api/reminders/1"}[method]
        answer = server.http("OPTIONS", path, headers=headers)
        assert answer.status in (200, 204)
        assert answer.headers["access-control-allow-origin"] in (LOOPBACK[0], "*")
        assert method in answer.headers["access-control-allow-methods"]
        allowed = answer.headers["access-control-allow-headers"].lower()
        assert "content-type" in allowed
        assert "idempotency-key" in allowed

    @pytest.mark.parametrize("origin", FOREIGN)
    def test_foreign_origins(self, server: Server, origin: str) -> None:
        question = {"title": "从别处", "elder_id": 987654}
        answer = server.http("POST", "/api/questions", json=question, headers={"Origin": origin})
        assert 400 <= answer.status < 500
        assert set(answer.body) == {"code", "message"}
        assert "access-control-allow-origin" not in answer.headers
        assert server.http("GET", "/api/questions?elder_id=987654").body["items"] == []

    @pytest.mark.parametrize("path", ["/api/questions", "/", "/health", "/metrics"])
    def test_foreign_hosts(self, server: Server, path: str) -> None:
        assert server.http("GET", path, headers={"Host": "localhost:9"}).status == 200
        assert 400 <= server.http("GET", path, headers={"Host": "evil.example"}).status < 500


def test_a_polling_session_is_its_own(server: Server, enter: Enter) -> None:
    """An unknown session id is refused, and does not harm the sessions that exist."""
    connection = enter(Polling, server)
    for method in "GET", "POST":
        answer = server.http(method, "/socket.io/?EIO=4&transport=polling&sid=nobody", body=b"40")
        assert answer.status == 400
    with pytest.raises(Closed):
        Polling(server, "EIO=4&sid=nobody")
    assert connection.call("leave_question", {"question_id": 5}) == {"question_id": 5}


@pytest.mark.by_port
@pytest.mark.parametrize("path", ["/api/questions", "/socket.io/?EIO=4&transport=polling"])
@pytest.mark.parametrize("names", ["x-clientid", "X-Client-Id, x-app,traceparent", "authorization"])
def test_a_page_that_is_let_in_may_send_any_headers(server: Server, path: str, names: str) -> None:
    headers = {
        "Origin": LOOPBACK[0],
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": names,
    }
    answer = server.http("OPTIONS", path, headers=headers)
    assert answer.status in (200, 204)
    assert answer.headers["access-control-allow-headers"] == names
    assert server.http("OPTIONS", path, headers={**headers, "Origin": FOREIGN[0]}).status == 403
    wrong = server.http("OPTIONS", path, headers={**headers, "Access-Control-Request-Headers": 'x;"y'})
    assert "x;" not in wrong.headers["access-control-allow-headers"]
