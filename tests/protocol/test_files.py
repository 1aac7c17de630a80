"""Files over HTTP and in messages, on a server without tokens (section 15)."""

from __future__ import annotations

import re
import socket
import ssl
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import pytest

from consult.contract.limits import MOST_UNREAD_ANSWERS
from tests import certificates
from tests.clients import Clients, message
from tests.conftest import StartServer
from tests.files import BEGINNINGS, Raw, ask, content, get, multipart, said, upload
from tests.packets import Kind, Polling, Websocket
from tests.server import Server, wait_until
from tests.wire.raw import metric

SIGNED: Final = re.compile(r"(/files/[0-9a-f]{64})\?expires=\d{10}&signature=[\w-]{43}")
POLICY: Final = "sandbox; default-src 'none'"


def plain(attachments: list[dict[str, Any]]) -> list[str]:
    """Give the addresses of attachments, which all must be signed, without their signatures."""
    found = [SIGNED.fullmatch(one["url"]) for one in attachments]
    assert all(found), attachments
    return [one[1] for one in found if one]


class TestUpload:
    @pytest.mark.parametrize("size", [1, 65_536, 262_144, 1_048_577, 20_000_000])
    def test_what_is_uploaded_is_what_is_downloaded(self, server: Server, size: int) -> None:
        body = content(max(size, 20), seed=size)[:size]
        stored = upload(server, body)
        assert stored == {
            "url": f"/files/{stored['sha256']}",
            "size": size,
            "sha256": stored["sha256"],
            "content_type": "image/jpeg" if size > 2 else "application/octet-stream",
        }
        answer = get(server, stored["url"])
        assert (answer.status, answer.content) == (200, body)

    def test_the_same_twice_is_one_file(self, server: Server) -> None:
        body = content(seed=5)
        assert upload(server, body) == upload(server, body)
        assert len([*(server.folder / "careline.db-files").glob(upload(server, body)["sha256"])]) == 1

    def test_multipart_with_other_fields(self, server: Server) -> None:
        body = content(300_000, seed=6)
        parts = ('name="user"', "张三".encode()), ('name="file"; filename="../../照片.html"', body), ('name="z"', b"")
        sent, kind = multipart(*parts)
        answer = ask(server, "POST", "/api/files", sent, Content_Type=kind)
        assert answer.status == 201
        assert get(server, answer.json["url"]).content == body

    @pytest.mark.parametrize("piece", [1, 7, 50])
    def test_multipart_in_pieces(self, server: Server, piece: int) -> None:
        body = b"\xff\xd8\xff" + b"\r\n--x\r\n--xy" * 100
        sent, kind = multipart(('name="file"; filename="a"', body), boundary="xyz")
        pieces = (sent[place : place + piece] for place in range(0, len(sent), piece))
        answer = ask(server, "POST", "/api/files", pieces, Content_Type=kind)
        assert answer.status == 201
        assert get(server, answer.json["url"]).content == body

    @pytest.mark.parametrize(
        ("body", "kind"),
        [
            (b"", "image/jpeg"),
            multipart(),
            multipart(('name="a"', b"x")),
            multipart(('name="a"; filename="a"', b"")),
            multipart(('name="a"; filename="a"', b"x"), ('name="b"; filename="b"', b"y")),
            (multipart(('name="a"; filename="a"', b"x"))[0][:-20], multipart()[1]),
            (b"x" * 100, multipart()[1]),
            (multipart(('name="a"; filename="a"', b"x"))[0], "multipart/form-data"),
            (multipart(('name="a"; filename="a"', b"x"))[0], "multipart/form-data; boundary=" + "b" * 300),
            (multipart(('name="a"; filename="a"', b"x"))[0], "multipart/form-data; boundary=\xe9"),
            (multipart(('name="a"; filename="a"', b"x"))[0], "multipart/mixed; boundary=----WebKitFormBoundaryabc"),
            multipart((f'name="{"n" * 10_000}"; filename="a"', b"x")),
            multipart(*[('name="a"', b"x" * 40_000)] * 2, ('name="b"; filename="b"', b"y")),
        ],
    )
    def test_what_is_no_file(self, server: Server, body: bytes, kind: str) -> None:
        answer = ask(server, "POST", "/api/files", body, Content_Type=kind)
        assert answer.status == 400, answer
        assert answer.json["code"] == "INVALID_PAYLOAD"
        assert "文件" in answer.json["message"]

    @pytest.mark.parametrize("wraps", [False, True])
    @pytest.mark.parametrize("announced", [False, True])
    def test_one_that_is_too_large(self, server: Server, wraps: bool, announced: bool) -> None:
        body, kind = b"x" * 20_000_001, "image/jpeg"
        if wraps:
            body, kind = multipart(('name="a"; filename="a"', body))
        sent = body if announced else (body[place : place + 1_000_000] for place in range(0, len(body), 1_000_000))
        answer = ask(server, "POST", "/api/files", sent, Content_Type=kind)
        assert (answer.status, answer.json["message"]) == (413, "文件过大（--file-bytes）")
        wait_until(lambda: not [*(server.folder / "careline.db-files").glob("*.partial")], "the end of what had come")

    @pytest.mark.direct  # a proxy waits for the whole
    def test_one_that_is_broken_off_leaves_nothing(self, server: Server) -> None:
        upload(server, content(seed=7))
        folder = server.folder / "careline.db-files"
        before = {path.name for path in folder.iterdir()}
        head = f"POST /api/files HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {10**7}\r\n\r\n".encode()
        connections = [server.connect() for _ in range(5)]
        for connection in connections:
            connection.sendall(head + b"x" * 300_000)
        wait_until(lambda: len([*folder.glob("*.partial")]) == 5, "the beginnings of files")
        for connection in connections:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            connection.close()
        wait_until(lambda: {path.name for path in folder.iterdir()} == before, "their end")

    def test_the_folder_is_its_owner_s_alone(self, server: Server) -> None:
        stored = upload(server, content(seed=8))
        folder = server.folder / "careline.db-files"
        assert folder.stat().st_mode & 0o777 == 0o700
        assert (folder / stored["sha256"]).stat().st_mode & 0o777 == 0o600


class TestTypes:
    @pytest.mark.parametrize("kind", BEGINNINGS)
    def test_what_it_is_says_its_content(self, server: Server, kind: str) -> None:
        stored = upload(server, content(kind=kind, seed=9), kind="text/html")
        assert stored["content_type"] == kind
        answer = get(server, stored["url"])
        assert answer.headers["content-type"] == kind
        shown = "attachment" if kind == "application/pdf" else "inline"
        assert answer.headers["content-disposition"].startswith(f"{shown}; filename=")

    @pytest.mark.parametrize(
        "body",
        [
            b"<!doctype html><script>alert(1)</script>",
            b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
            b"\xef\xbb\xbf<html>",
            b"MZ\x90\x00",
            b"#!/bin/sh\n",
            b"PK\x03\x04",
            b"\xff\xe0",
            b"RIFF\x00\x00\x00\x00AVI ",
            b"\x00\x00\x00\x20ftypqt  ",
        ],
    )
    @pytest.mark.parametrize(
        "claimed", ["text/html", "image/svg+xml", "image/jpeg", "application/x-sh; charset=x", "image/\xe9", ""]
    )
    def test_anything_else_is_downloaded(self, server: Server, body: bytes, claimed: str) -> None:
        stored = upload(server, body, kind=claimed)
        assert stored["content_type"] == "application/octet-stream"
        answer = get(server, stored["url"])
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["content-disposition"].startswith("attachment; filename=")

    def test_nothing_in_it_may_run(self, server: Server) -> None:
        polyglot = content(seed=10) + b"<script>alert(1)</script>"
        answer = get(server, upload(server, polyglot)["url"])
        assert answer.headers["content-security-policy"] == POLICY
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["cache-control"] == "private, no-cache"


SIZE: Final = 300_000


@pytest.fixture(scope="module")
def body() -> bytes:
    return content(SIZE, seed=20)


@pytest.fixture(scope="module")
def url(server: Server, body: bytes) -> str:
    return str(upload(server, body)["url"])


class TestDownload:
    @pytest.mark.parametrize(
        ("asked", "first", "last"),
        [
            ("bytes=0-0", 0, 0),
            ("bytes=0-", 0, SIZE - 1),
            ("bytes=10-19", 10, 19),
            ("bytes=299999-", SIZE - 1, SIZE - 1),
            ("bytes=100-999999999", 100, SIZE - 1),
            ("bytes=-1", SIZE - 1, SIZE - 1),
            ("bytes=-999999999", 0, SIZE - 1),
            ("Bytes = 5-70000", 5, 70_000),
        ],
    )
    def test_a_range(self, server: Server, url: str, body: bytes, asked: str, first: int, last: int) -> None:
        answer = get(server, url, Range=asked)
        assert (answer.status, answer.content) == (206, body[first : last + 1])
        assert answer.headers["content-range"] == f"bytes {first}-{last}/{SIZE}"
        assert answer.headers["content-length"] == str(last - first + 1)

    @pytest.mark.parametrize("asked", ["bytes=300000-", "bytes=300000-300001", "bytes=-0", f"bytes={'9' * 18}-"])
    def test_a_range_beyond_the_file(self, server: Server, url: str, asked: str) -> None:
        answer = get(server, url, Range=asked)
        assert (answer.status, answer.headers["content-range"]) == (416, f"bytes */{SIZE}")
        assert answer.json["code"] == "INVALID_PAYLOAD"

    @pytest.mark.parametrize(
        "asked",
        [
            *("bytes=0-1,5-6", "bytes=0-0,-1", "bytes", "bytes=", "bytes=-"),
            pytest.param(",".join(["bytes=0-0"] + ["1-1"] * 3000), marks=pytest.mark.direct),
            *("bytes=5-3", "bytes=a-b", "items=0-1", "bytes=0-1-2", "bytes=0x0-1", "bytes=１-２", "bytes=--1", "0-1"),
            f"bytes={'9' * 100}-",
        ],
    )
    def test_several_or_none_that_can_be_read_is_the_whole_file(
        self, server: Server, url: str, body: bytes, asked: str
    ) -> None:
        answer = get(server, url, Range=asked.encode().decode("latin-1"))
        assert (answer.status, answer.content) == (200, body)
        assert "content-range" not in answer.headers

    def test_if_range(self, server: Server, url: str, body: bytes) -> None:
        tag = get(server, url).headers["etag"]
        for condition, status, given in (
            (tag, 206, body[:2]),
            ('"other"', 200, body),
            (f"W/{tag}", 200, body),
            ("Sat, 28 Nov 2026 06:00:00 GMT", 200, body),
        ):
            answer = get(server, url, Range="bytes=0-1", If_Range=condition)
            assert (answer.status, answer.content) == (status, given)

    def test_who_has_it_gets_it_not_again(self, server: Server, url: str) -> None:
        tag = get(server, url).headers["etag"]
        for known in (tag, f'"a", W/{tag}', "*"):
            answer = get(server, url, If_None_Match=known)
            assert (answer.status, answer.content, answer.headers["etag"]) == (304, b"", tag)
            assert answer.headers["content-security-policy"] == POLICY
        assert get(server, url, If_None_Match='"other"').status == 200

    def test_its_head(self, server: Server, url: str) -> None:
        answer = ask(server, "HEAD", url, Range="bytes=0-1")
        assert (answer.status, answer.content) == (200, b"")
        assert answer.headers["content-length"] == str(SIZE)
        assert answer.headers["accept-ranges"] == "bytes"

    @pytest.mark.parametrize(
        "path",
        [
            *("/files/", "/files/x", f"/files/{'0' * 64}", f"/files/{'A' * 64}", f"/files/{'0' * 65}"),
            *("/files/..%2fcareline.db", "/files/%2e%2e", "/files/" + "1" * 2000),
            pytest.param(f"/files/{'0' * 63}%00", marks=pytest.mark.direct),
        ],
    )
    def test_what_there_is_not(self, server: Server, path: str) -> None:
        answer = get(server, path)
        assert (answer.status, answer.json) == (404, {"code": "NOT_FOUND", "message": "资源不存在"})

    def test_one_connection_serves_many(self, server: Server, url: str, body: bytes) -> None:
        line = server.http_line()
        for _ in range(5):
            line.request("GET", url)
            assert line.getresponse().read() == body
        line.close()

    def test_a_client_that_does_not_read_holds_little_memory_and_delays_no_other(
        self, server: Server, url: str
    ) -> None:
        big = upload(server, content(20_000_000, seed=21))["url"]
        before = memory(server)
        idle = [server.connect(receive_buffer=4096) for _ in range(20)]
        for connection in idle:
            connection.sendall(f"GET {big} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
            assert connection.recv(100)
        assert get(server, url).status == 200
        assert memory(server) - before < 16_000_000
        for connection in idle:
            connection.close()


def memory(server: Server) -> int:
    """Give the bytes that the server holds in memory."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found
    return int(found[1]) * 1024


class TestMessages:
    def test_every_way_out_has_a_signed_address(self, server: Server, clients: Clients) -> None:
        question_id = server.open_question()
        url = upload(server, content(seed=30))["url"]
        listener, sender = clients.connect(), clients.connect("polling")
        listener.join(question_id)
        attachment = {"url": url, "thumbnail_url": url, "duration": 1.5, "size": 1000}
        stored = sender.send(question_id, attachments=[attachment, {"url": "https://example.com/a?b=/files/"}])
        heard = listener.expect("new_message")
        assert heard == stored
        (shown, other) = stored["attachments"]
        assert other["url"] == "https://example.com/a?b=/files/"
        assert plain([shown]) == [url]
        assert shown["thumbnail_url"] == shown["url"]
        assert (shown["duration"], shown["size"]) == (1.5, 1000)
        late = clients.connect()
        late.emit("join_question", {"question_id": question_id, "user_id": 1, "user_type": "ELDER", "after_id": 0})
        late.expect("joined_question")
        for item in (late.expect("new_message"), *server.messages(question_id)):
            assert plain(item["attachments"][:1]) == [url]
            assert get(server, item["attachments"][0]["url"]).status == 200

    def test_a_message_over_http(self, server: Server) -> None:
        question_id = server.open_question()
        url = upload(server, content(seed=31))["url"]
        answer = server.http("POST", f"/api/questions/{question_id}/messages", json=said(url))
        assert answer.status == 201
        assert plain(answer.body["attachments"]) == [url]

    @pytest.mark.parametrize("kind", [Websocket, Polling])
    def test_a_retry_with_another_signature_is_the_same_message(self, server: Server, kind: Kind) -> None:
        question_id = server.open_question()
        url = upload(server, content(seed=32))["url"]
        connection = kind(server)
        connection.enter()
        first = None
        for suffix in ("", "?expires=1&signature=x", "?expires=9999999999&signature=" + "A" * 43, "#a", ""):
            given = message(question_id, None, attachments=[{"url": url + suffix}], client_msg_id="甲")
            answer = connection.call("send_message", given)
            assert answer["success"], answer
            first = first or answer["data"]["id"]
            assert answer["data"]["id"] == first
            assert plain(answer["data"]["attachments"]) == [url]
        other = upload(server, content(seed=33))["url"]
        given = message(question_id, None, attachments=[{"url": other}], client_msg_id="甲")
        assert connection.call("send_message", given)["message"] == "发送失败：client_msg_id 已用于其他内容"
        connection.close()

    def test_a_retry_with_an_idempotency_key(self, server: Server) -> None:
        question_id = server.open_question()
        url = upload(server, content(seed=34))["url"]
        path = f"/api/questions/{question_id}/messages"
        key = {"Idempotency-Key": "files-1"}
        first = server.http("POST", path, json=said(url), headers=key)
        again = server.http("POST", path, json=said(f"{url}?expires=5&signature=b"), headers=key)
        assert (first.status, again.status) == (201, 200)
        assert first.body["id"] == again.body["id"]
        assert plain(again.body["attachments"]) == [url]
        assert server.http("POST", path, json=said("/files/x"), headers=key).status == 409

    def test_a_file_that_there_is_not(self, server: Server, clients: Clients) -> None:
        question_id = server.open_question()
        client = clients.connect()
        missing = f"/files/{'0' * 64}"
        text = "attachments 中的文件不存在或不可使用"
        for attachment in ({"url": missing}, {"url": "https://a/b", "thumbnail_url": missing}):
            answer = client.call("send_message", message(question_id, attachments=[attachment]))
            assert answer == {"success": False, "message": f"发送失败：{text}"}
        answer = server.http("POST", f"/api/questions/{question_id}/messages", json=said(missing))
        assert (answer.status, answer.body) == (400, {"code": "INVALID_PAYLOAD", "message": text})
        gone = server.http("POST", "/api/questions/999999/messages", json=said(missing))
        assert gone.body["code"] == "QUESTION_NOT_FOUND"

    @pytest.mark.parametrize("address", ["/files/x", "/files/", "files/a", f"/files/{'0' * 63}", f"/FILES/{'0' * 64}"])
    def test_addresses_of_others_pass_as_ever(self, server: Server, address: str) -> None:
        question_id = server.open_question()
        answer = server.http("POST", f"/api/questions/{question_id}/messages", json=said(address))
        assert answer.body["attachments"][0]["url"] == address

    def test_words_do_not_pass_for_an_attachment(self, server: Server) -> None:
        question_id = server.open_question()
        url = upload(server, content(seed=35))["url"]
        text = f'"url":"{url}" \\"url\\":\\"{url}\\"'
        given = said(url, content_text=text)
        stored = server.http("POST", f"/api/questions/{question_id}/messages", json=given).body
        assert stored["content_text"] == text
        assert server.messages(question_id)[0]["content_text"] == text

    @pytest.mark.parametrize(
        "query",
        [
            *("?expires=1&signature=x", "?signature=x", "?expires=1", "?expires=0&signature=" + "A" * 43),
            *("?expires=1000000000000&signature=" + "A" * 43, "?expires=-1&signature=a", "?expires=x&signature=a"),
            *(
                "?expires={soon}&signature=%C3%A9",
                "?expires={soon}&signature=%ED%A0%80",
                "?expires={soon}&signature=%00",
            ),
        ],
    )
    def test_a_signature_that_is_none(self, server: Server, query: str) -> None:
        url = upload(server, content(seed=36))["url"]
        assert get(server, url + query.format(soon=int(time.time()) + 1000)).status in (400, 403)

    def test_a_signature_is_of_one_file_and_one_end(self, server: Server) -> None:
        question_id = server.open_question()
        first, second = (upload(server, content(seed=seed))["url"] for seed in (37, 38))
        path = f"/api/questions/{question_id}/messages"
        address = server.http("POST", path, json=said(first)).body["attachments"][0]["url"]
        assert get(server, address).status == 200
        ends = re.search(r"expires=(\d+)", address)
        assert ends
        for wrong in (
            address.replace(first, second),
            address.replace(ends[0], f"expires={int(ends[1]) + 1}"),
            address[:-1],
            address + "A",
        ):
            answer = get(server, wrong)
            assert (answer.status, answer.json["code"]) == (403, "FORBIDDEN")

    def test_what_only_staff_may_see(self, server: Server) -> None:
        """Without tokens HTTP believes the type that it is told."""
        question_id = server.open_question()
        url = upload(server, content(seed=39))["url"]
        assert get(server, url).status == 200
        path = f"/api/questions/{question_id}/messages"
        assert server.http("POST", path, json=said(url, is_visible_to_patient=False)).status == 201
        assert get(server, url).status == 404
        assert get(server, url + "?user_type=ELDER").status == 404
        assert get(server, url + "?user_type=STAFF").status == 200
        assert server.http("POST", path, json=said(url, sender_type="ELDER")).status == 400
        assert server.http("POST", path, json=said(url)).status == 201
        assert get(server, url).status == 200


def test_over_tls(start_server: StartServer) -> None:
    files = certificates.pair()
    server = start_server("--tls-certificate", str(files.certificate), "--tls-key", str(files.key), nginx=False)
    body = content(3_000_000, seed=50)
    url = upload(server, body)["url"]
    assert get(server, url).content == body
    assert get(server, url, Range="bytes=5-2000000").content == body[5:2_000_001]


def unsent(server: Server) -> int:
    """Give the bytes that the network holds for the server's clients."""
    lines = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
    return sum(int(line[4][:8], 16) for line in lines if int(line[1][-4:], 16) == server.port)


def test_slow_downloads_over_tls_are_not_cut(start_server: StartServer) -> None:
    """Of other answers that are not read, so many would be too many."""
    pair = certificates.pair()
    server = start_server("--tls-certificate", str(pair.certificate), "--tls-key", str(pair.key), nginx=False)
    url = upload(server, content(20_000_000, seed=53))["url"]
    context = ssl.create_default_context(cafile=str(certificates.authority().certificate))
    slow = []
    for number in range(MOST_UNREAD_ANSWERS + 4):
        plain = socket.socket()
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        plain.bind((f"127.0.0.{1 + number % 2}", 0))  # one address may have 24
        plain.connect(("127.0.0.1", server.port))
        slow.append(context.wrap_socket(plain, server_hostname="127.0.0.1"))
        slow[-1].sendall(f"GET {url} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    for connection in slow:
        connection.settimeout(10)
        assert connection.recv(100)
    before = -1
    while (waiting := unsent(server)) != before or not waiting:
        before = waiting
        time.sleep(0.5)  # until the network takes no more from any
    assert metric(server, 'careline_cuts_total{reason="answer not read"}') == 0
    for connection in slow:
        connection.close()


def test_a_client_that_ends_in_the_middle_harms_none(server: Server) -> None:
    url = upload(server, content(20_000_000, seed=51))["url"]
    small = content(seed=52)
    other = upload(server, small)["url"]
    for _ in range(30):
        with server.connect(receive_buffer=4096) as connection:
            connection.sendall(f"GET {url} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
            assert connection.recv(100)
        assert get(server, other).content == small

    def is_let_go() -> bool:
        with suppress(FileNotFoundError):  # one that was closed just now
            return not any("careline.db-files" in str(one.readlink()) for one in descriptors.iterdir())
        return False

    descriptors = Path(f"/proc/{server.process.pid}/fd")
    wait_until(is_let_go, "all to be let go")


@pytest.mark.by_port
def test_pages_of_other_origins_may_show_a_file_where_any_is_let_in(server: Server) -> None:
    url = upload(server, content(seed=40))["url"]
    answer: Raw = get(server, url, Origin="http://localhost:5173")
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert answer.headers["access-control-allow-origin"] == "http://localhost:5173"
    assert "content-range" in answer.headers["access-control-expose-headers"]
    assert get(server, url, Origin="https://evil.example").status == 403
