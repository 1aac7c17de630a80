"""`--host unix:PATH`: a proxy on this machine reaches the server by a file, and is believed what it tells."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from websockets.exceptions import InvalidStatus

from consult.process import settings
from tests import nginx
from tests.clients import Clients
from tests.packets import Closed, Connection, Kind, Polling, Websocket
from tests.server import Server, new_id, run
from tests.tokens import key_file

KINDS: Final[tuple[Kind, ...]] = (Websocket, Polling)
LIMITS: Final = ("--allow-open", "--address-connections", "2")


@pytest.fixture
def folder() -> Path:
    return nginx.socket_folder()


@pytest.fixture
def server(tmp_path: Path, folder: Path) -> Iterator[Server]:
    server = Server(tmp_path, *LIMITS, "--allowed-hosts", "clinic.example", nginx=False, file=folder / "careline.sock")
    server.start()
    yield server
    server.close()


def fault(*words: str, folder: Path, status: int) -> str:
    """The one line in which a start told why it cannot be."""
    done = run("serve", *words, folder=folder)
    assert (done.returncode, done.stdout) == (status, "")
    [line] = [line for line in done.stderr.splitlines() if line.startswith("careline: ")]
    return line


def refused(kind: Kind, server: Server, **headers: str) -> str | None:
    """The status with which a client is refused; None when it is let in, for as long as this takes."""
    try:
        kind(server, headers={"Host": "clinic.example", **headers}).close()
    except (InvalidStatus, Closed) as told:
        return next(status for status in ("403", "429") if status in str(told))
    return None


def test_its_group_may_connect_and_the_file_goes_with_the_server(server: Server, folder: Path) -> None:
    file = folder / "careline.sock"
    assert file.stat().st_mode & 0o777 == 0o660
    assert file.stat().st_gid == folder.stat().st_gid
    assert server.http("GET", "/health", headers={"Host": "clinic.example"}).body["status"] == "ok"
    server.stop()
    assert not file.exists()


def test_what_a_killed_server_left_is_replaced(server: Server) -> None:
    server.kill()
    assert server.file is not None
    assert server.file.exists()
    server.start()
    assert server.http("GET", "/health", headers={"Host": "clinic.example"}).status == 200


def test_a_file_in_use_is_refused(server: Server, tmp_path: Path) -> None:
    words = ("--host", f"unix:{server.file}", "--allow-open", "--database", "other.db")
    assert fault(*words, folder=tmp_path, status=1) == (
        f"careline: cannot listen on {server.file}: another program listens there"
    )
    assert server.http("GET", "/health", headers={"Host": "clinic.example"}).status == 200
    assert server.file is not None
    assert server.file.exists(), "who was refused takes nothing away"


def test_another_s_file_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("kept")
    words = ("--host", f"unix:{tmp_path / 'notes'}", "--allow-open")
    assert fault(*words, folder=tmp_path, status=1).endswith("what is there is no socket")
    assert (tmp_path / "notes").read_text() == "kept"


def test_who_has_taken_its_name_meanwhile_keeps_it(server: Server) -> None:
    assert server.file is not None
    server.file.unlink()
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(server.file))
        server.stop()
        assert server.file.exists()


@pytest.mark.parametrize("kind", KINDS)
def test_each_client_has_its_own_limit(server: Server, kind: Kind) -> None:
    opened: list[Connection] = []
    for address in "203.0.113.1", "2001:db8::1":
        headers = {"Host": "clinic.example", "X-Forwarded-For": f"198.51.100.7, {address}"}
        opened += [kind(server, headers=headers) for _ in range(2)]
        assert refused(kind, server, **{"X-Forwarded-For": address}) == "429"
    opened += [kind(server, headers={"Host": "clinic.example"}) for _ in range(2)]
    assert refused(kind, server) == "429", "without the header it is the proxy's own"
    for one in opened:
        one.close()


def test_a_proxy_before_the_proxy_is_named(tmp_path: Path, folder: Path) -> None:
    words = (*LIMITS, "--trusted-proxies", "10.0.0.0/8", "--allowed-hosts", "clinic.example")
    server = Server(tmp_path, *words, nginx=False, file=folder / "careline.sock")
    server.start()
    hops = {"Host": "clinic.example", "X-Forwarded-For": "203.0.113.1, 10.0.0.7"}
    opened = [Websocket(server, headers=hops) for _ in range(2)]
    assert refused(Websocket, server, **{"X-Forwarded-For": "203.0.113.1"}) == "429"
    for one in opened:
        one.close()
    server.close()


@pytest.mark.parametrize("kind", KINDS)
def test_the_servers_own_origin_is_the_proxys(server: Server, kind: Kind) -> None:
    page = {"Origin": "https://clinic.example", "X-Forwarded-For": "203.0.113.9"}
    assert refused(kind, server, **page, **{"X-Forwarded-Proto": "https"}) is None
    assert refused(kind, server, **page, **{"X-Forwarded-Proto": "http"}) == "403"
    assert refused(kind, server, Origin="http://localhost:5173") == "403", "no page of this machine is its own"
    assert refused(kind, server, Host="elsewhere.example") == "403"
    assert "refused a request of unix for host 'elsewhere.example'" in server.stderr()


def test_status_asks_by_the_file(tmp_path: Path, folder: Path) -> None:
    words = ("--auth-secret-file", str(key_file(tmp_path)), "--allowed-hosts", "clinic.example")
    server = Server(tmp_path, *words, nginx=False, file=folder / "careline.sock")
    server.start()
    done = run("status", "--host", f"unix:{server.file}", *words, folder=tmp_path)
    assert done.stderr == ""
    assert done.stdout.startswith(f"careline 0.1.0 at unix:{server.file}: ok\n")
    server.close()
    done = run("status", "--host", f"unix:{server.file}", folder=tmp_path)
    assert (done.returncode, done.stderr) == (
        1,
        f"careline: unix:{server.file} cannot be reached: No such file or directory\n",
    )


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ("--allow-open", "--host", "unix:run/careline.sock"),
            "--host (CARELINE_HOST): must be unix: and a whole path",
        ),
        (("--allow-open", "--host", f"unix:/{'x' * 107}"), "--host (CARELINE_HOST): must be unix: and a whole path"),
        (("--host", "unix:/run/x.sock"), "is for a proxy, which lets other machines reach the server, and any"),
        (
            ("--host", "unix:/run/x.sock", "--sandbox"),
            "is for a proxy, which lets other machines reach the server, and a",
        ),
    ],
)
def test_settings_that_make_no_sense(tmp_path: Path, words: tuple[str, ...], told: str) -> None:
    assert told in fault(*words, folder=tmp_path, status=2)


def test_tls_is_the_proxys(tmp_path: Path) -> None:
    given = {"host": "unix:/run/x.sock", "allow_open": "1", "tls_certificate": "a.pem", "tls_key": "a.key"}
    with pytest.raises(settings.SettingsFault, match="and the proxy before it speaks TLS; leave it out"):
        settings.read(given, {}, serving=True)
    done = run("check", "--host", f"unix:{tmp_path}/a", "--allow-open", "--database", "new.db", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


def test_behind_nginx_as_the_document_has_it(tmp_path: Path, folder: Path, clients: Clients, transport: str) -> None:
    """nginx's workers are no user of the server's: its group lets them in."""
    file = folder / "careline.sock"
    server = Server(tmp_path, env=nginx.settings_by_file(file), nginx=True, file=file)
    server.start()
    question_id, user_id = server.open_question(), new_id()
    client = clients.connect(transport, to=server)
    client.join(question_id, user_id=user_id)
    sent = client.send(question_id)
    assert client.expect("new_message") == sent
    server.close()
