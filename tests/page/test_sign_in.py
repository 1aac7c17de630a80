"""A server that asks for tokens: the page shows them, says why one is not taken, and leaves none behind."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Sequence
from pathlib import Path
from subprocess import run as run_code
from typing import Final

import jwt
import pytest
from playwright.sync_api import expect

from tests.page.conftest import PHONE, OpenConsole
from tests.page.console import ELDER, FAMILY, NURSE, Console
from tests.page.test_accessibility import faults
from tests.server import Server, run
from tests.tokens import KEY, key_file, token

# The page's own log, as a script in the page gets at it.
LOG: Final = "(await import('/static/console/main.js')).log"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return key_file(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def server_arguments(keys: Path) -> Sequence[str]:
    """The module's server asks for tokens."""
    return ("--auth-secret-file", str(keys))


def sign_in(console: Console, name: str, shown: str) -> None:
    console.card(name).locator("[data-focus$=sign-in]").click()
    console.page.locator("[name=token]").fill(shown)
    console.page.locator("#sign-in").click()


def test_a_token_is_shown_wherever_one_is_asked_for(open_console: OpenConsole) -> None:
    """By sockets, over each transport, and over HTTP; each connection shows its own."""
    console = open_console()
    people = {ELDER: (456, "ELDER"), NURSE: (1001, "STAFF")}
    for name, (user_id, user_type) in people.items():
        sign_in(console, name, token(user_id, user_type))
        console.expect_state(name, "connected")
        expect(console.page.locator("#connection-dialog")).to_be_hidden()
    console.act_as(ELDER)
    question = console.open_and_join(ELDER, NURSE)
    sign_in(console, FAMILY, token(2002, "FAMILY", name="女儿", questions=[question]))
    console.expect_state("女儿", "connected")
    expect(console.card("女儿")).to_contain_text("Family · user 2002")
    console.join("女儿", question)
    for name in (*people, "女儿"):
        console.say(name, "hello")
    console.act_as(ELDER)
    console.bind(NURSE)
    console.act_as(ELDER)
    console.tab("inbox")
    console.visit()
    console.connect(ELDER)
    assert console.page.evaluate("JSON.stringify(localStorage)").count("eyJ") == 0


def test_no_token_is_left_in_sight(open_console: OpenConsole) -> None:
    """Not in the log, which can be copied, not in what is copied as code, and not when it was signed out."""
    console = open_console()
    shown = token(456, "ELDER")
    sign_in(console, ELDER, shown)
    console.expect_state(ELDER, "connected")
    console.open_and_join(ELDER)
    console.show("sent", "received", "http", "wire")
    expect(console.lines("connect · websocket").first).to_be_visible()
    logged = f"JSON.stringify({LOG}.entries, (k, v) => k === 'connection' ? '' : v)"
    held = console.page.evaluate(f"async () => {logged}")
    assert '40{\\"token\\":\\"…\\"}' in held
    assert "authorization: Bearer …" in held
    for secret in (shown, *shown.split(".")):
        assert secret not in held
    for target, copied, answered in (
        ("GET /api/questions", "#copy-curl", '{"items":['),
        ("bind_user", "#copy-curl", '42["bind_user:ack",{"success":true'),
        ("GET /api/questions", "#copy-js", "200 {"),
    ):
        console.target(target)
        console.page.locator(copied).click()
        code = console.clipboard()
        assert "eyJ" not in code
        command = ["bash", "-c"] if copied == "#copy-curl" else ["node", "--input-type=module", "--eval"]
        ran = run_code([*command, code], env={**os.environ, "TOKEN": shown}, capture_output=True, text=True, check=True)
        assert answered in ran.stdout
    console.target("send_message")
    console.page.locator("#saved > summary").click()
    console.page.locator("#share-link").click()
    expect(console.page.locator("#toast")).to_have_text("Copied")
    assert "#try=send_message&payload=" in (link := console.clipboard())
    assert shown not in link
    console.field("content_text").fill(f"my token is {shown}")
    for button in ("#share-link", "#export-event"):
        console.page.locator(button).click()
        expect(console.page.locator("#toast")).to_contain_text("holds a token")
    assert console.clipboard() == link
    console.card(ELDER).locator("[data-focus$=sign-out]").click()
    console.expect_state(ELDER, "idle")
    expect(console.card(ELDER).locator("[data-focus$=sign-in]")).to_be_visible()
    expect(console.field("content_text")).not_to_have_value(re.compile(r"token"))
    assert "token" not in console.page.evaluate("JSON.stringify(sessionStorage)")


def test_why_it_is_not_taken(open_console: OpenConsole, keys: Path, server: Server) -> None:
    """At the handshake, over HTTP, and of one that is revoked or runs out while it is connected. The page does not show
    that again by itself."""
    console = open_console()
    sign_in(console, NURSE, token(1001, "STAFF", exp=int(time.time()) + 5))
    console.expect_state(NURSE, "connected")
    revoked = token(456, "ELDER")
    sign_in(console, ELDER, revoked)
    console.expect_state(ELDER, "connected")
    settings = ("--auth-secret-file", str(keys), "--database", str(server.database))
    assert run("token", "--revoke", revoked, *settings, folder=server.folder).returncode == 0
    expect(console.card(ELDER)).to_contain_text("The token was revoked")
    console.expect_state(ELDER, "idle")
    console.card(ELDER).locator("[data-focus$=sign-in]").click()
    cases = {
        "x.y.z": "altered, or signed with another key",
        token(456, "ELDER", key="5" * 64): "altered, or signed with another key",
        token(456, "ELDER", ttl=-5): "has expired",
        revoked: "was revoked",
    }
    for shown, why in cases.items():
        console.page.locator("[name=token]").fill(shown)
        console.page.locator("#sign-in").click()
        expect(console.page.locator("#connection-dialog [role=alert]")).to_contain_text(why)
        console.expect_state(ELDER, "idle")
    console.page.locator("#connection-dialog").get_by_role("button", name="Cancel").click()
    expect(console.card(ELDER)).to_contain_text("The token was revoked")
    expect(console.card(NURSE)).to_contain_text("The token has expired")
    console.expect_state(NURSE, "idle")
    expect(console.card(NURSE).locator("[data-focus$=sign-in]")).to_be_visible()
    console.tab("questions")
    expect(console.page.locator("#toast")).to_contain_text("requires a token: sign in")
    console.act_as(ELDER)
    console.target("bind_user")
    console.send()
    expect(console.page.locator("#sign-in")).to_be_visible()


def test_a_throw_away_one(open_console: OpenConsole, keys: Path, tmp_path: Path) -> None:
    """Signed by the page, with the key, for an hour; the key is sent to nobody."""
    console = open_console(size=PHONE, language="zh-CN", theme="dark")
    page = console.page
    sent: list[str] = []
    page.on("request", lambda request: sent.append(f"{request.url} {request.headers} {request.post_data}"))
    found = faults(page)
    console.card(FAMILY).locator("[data-focus$=sign-in]").click()
    found += faults(page)
    alert = page.locator("#connection-dialog [role=alert]")
    page.locator("#make-token").click()
    expect(alert).to_have_text("请先选择密钥文件")
    page.locator("[name=key]").set_input_files(key_file(tmp_path, "too short"))
    page.locator("#make-token").click()
    expect(alert).to_contain_text("32")
    found += faults(page)
    page.locator("[name=questions]").fill("12, 15")
    page.locator("[name=key]").set_input_files(keys)
    page.locator("#make-token").click()
    console.expect_state(FAMILY, "connected")
    found += faults(page)
    made = page.evaluate("sessionStorage.getItem('careline.token.3')")
    claims = jwt.decode(made, KEY, ["HS256"])
    assert (claims["sub"], claims["type"], claims["name"], claims["questions"]) == ("789", "FAMILY", FAMILY, [12, 15])
    assert 3500 < claims["exp"] - time.time() < 3700
    console.card(NURSE).locator("[data-focus$=sign-in]").click()
    page.locator("#make-token").click()
    console.expect_state(NURSE, "connected")
    assert found == []
    assert not console.overflows()
    assert sent
    assert not [one for one in sent if KEY in one]
    assert KEY not in page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")


def test_signing_out_drops_what_was_said(open_console: OpenConsole) -> None:
    """The next person at the screen finds no patient's words, in the log or among the remembered payloads."""
    console = open_console()
    page = console.page
    sign_in(console, ELDER, token(456, "ELDER"))
    console.expect_state(ELDER, "connected")
    console.open_and_join(ELDER)
    console.act_as(ELDER)
    console.target("bind_user")
    console.send()
    expect(console.lines("bind_user:ack").first).to_be_visible()
    entries = f"async () => {LOG}.entries.map((one) => one.text + one.raw).join()"
    assert "joined_question" in page.evaluate(entries) or "question_id" in page.evaluate(entries)
    assert "user_id" in page.evaluate("localStorage.getItem('careline.recent')")
    console.card(ELDER).locator("[data-focus$=sign-out]").click()
    console.expect_state(ELDER, "idle")
    expect(console.card(ELDER).locator("[data-focus$=sign-in]")).to_be_visible()
    assert "question_id" not in page.evaluate(entries)
    assert page.evaluate("localStorage.getItem('careline.recent')") == "{}"
