"""What one user may upload in a day, and that a file does not use up what the user may send."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tests.conftest import StartServer
from tests.files import ask, content, said, upload
from tests.server import Server
from tests.tokens import key_file, token

ELDER: Final = token(7, "ELDER")
CLINIC: Final = token(1, "SERVICE")


def started(start_server: StartServer, tmp_path: Path, *arguments: str) -> Server:
    return start_server("--auth-secret-file", str(key_file(tmp_path)), *arguments)


def test_files_a_day(start_server: StartServer, tmp_path: Path) -> None:
    server = started(start_server, tmp_path, "--user-files", "2")
    for seed in range(2):
        upload(server, content(seed=seed), ELDER)
    answer = ask(server, "POST", "/api/files", content(seed=2), ELDER, Content_Type="image/jpeg")
    assert (answer.status, answer.json["code"]) == (429, "RATE_LIMITED")
    assert 86_000 < int(answer.headers["retry-after"]) <= 86_400
    assert upload(server, content(seed=2), token(8, "ELDER"))
    for seed in range(4):
        upload(server, content(seed=seed), CLINIC)
    assert "ELDER:7 is beyond the limit user_files" in server.stderr()


def test_bytes_of_files_a_day(start_server: StartServer, tmp_path: Path) -> None:
    """Also where the client does not announce them, and of uploads that fail."""
    server = started(start_server, tmp_path, "--user-file-bytes", "1000000")
    upload(server, content(600_000), ELDER)
    for body in (content(600_000, seed=2), iter([content(600_000, seed=2)])):
        answer = ask(server, "POST", "/api/files", body, ELDER, Content_Type="image/jpeg")
        assert answer.status == 429
    assert upload(server, content(100, seed=3), ELDER)


def test_a_file_does_not_use_up_what_a_user_may_say(start_server: StartServer, tmp_path: Path) -> None:
    server = started(start_server, tmp_path, "--user-bytes", "10000")
    server.bearer = CLINIC
    question_id = server.open_question(elder_id=7)
    url = upload(server, content(5_000_000), ELDER)["url"]
    given = said(url, sender_type="ELDER", sender_id=7)
    headers = {"Authorization": f"Bearer {ELDER}"}
    answer = server.http("POST", f"/api/questions/{question_id}/messages", json=given, headers=headers)
    assert answer.status == 201
