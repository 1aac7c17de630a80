"""A confirm link in the browser of a phone: to open it, to have it fetched ahead or looked at confirms nothing; its one
button does, once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final, Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from consult.contract.limits import BAD_LINKS, WINDOW
from tests import nginx
from tests.clock import Clock
from tests.conftest import StartServer
from tests.json_text import encode
from tests.links import PUBLIC_URL, link_of, path_of
from tests.page.conftest import PHONE
from tests.page.console import SCREENSHOTS
from tests.page.test_accessibility import faults
from tests.page.test_under_a_path import ROOT_LOCATION
from tests.protocol.test_ladder import day, of_user
from tests.server import Server, in_seconds, new_id, reminder, wait_until

OLD_PHONE: Final = (320, 480)
LEAST_TYPE: Final = 22  # CSS pixels
LEAST_BUTTON: Final = 64  # CSS pixels high


@pytest.fixture(scope="module")
def server_arguments() -> Sequence[str]:
    return ("--public-url", PUBLIC_URL)


@contextmanager
def phone(
    chromium: Browser,
    language: Literal["en-GB", "zh-CN"] = "zh-CN",
    size: tuple[int, int] = PHONE,
    *,
    scripts: bool = False,
) -> Iterator[Page]:
    """A phone's browser, which runs no script unless one is asked for."""
    context = chromium.new_context(
        viewport={"width": size[0], "height": size[1]},
        locale=language,
        java_script_enabled=scripts,
        is_mobile=True,
        ignore_https_errors=True,
    )
    page = context.new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("request", lambda request: asked.append(request.url))
    yield page
    context.close()
    said = [text for text in said if not text.startswith("Failed to load resource")]  # of a page with status 404
    assert said == [], "nothing is against the page's own policy"
    assert [url for url in asked if not re.search(r"/c/|/docs|/static/|/protocol.json|/favicon.ico", url)] == []


def ring(server: Server) -> tuple[int, str]:
    user_id = new_id()
    server.make_reminder(user_id, in_seconds(-1), title="服药提醒")
    wait_until(lambda: server.notifications(user_id), "the ring")
    return user_id, server.url + path_of(link_of(server, server.notifications(user_id)[0]["id"]))


def test_the_button_confirms_once_and_the_ladder_stops(chromium: Browser, clocked_server: Server, clock: Clock) -> None:
    server = clocked_server
    server.stop()
    server.set_environment(CARELINE_PUBLIC_URL=PUBLIC_URL)
    server.start()
    elder, daughter = new_id(), new_id()
    rungs = [{"after": 60, "user_id": daughter}, {"after": 600, "user_id": daughter}]
    server.make_reminder(elder, in_seconds(-1), follow_up=rungs)
    wait_until(lambda: server.notifications(elder), "the first ring")
    clock.set_by(61)
    wait_until(lambda: server.notifications(daughter), "the rung")
    link = server.url + path_of(link_of(server, server.notifications(daughter)[0]["id"]))
    with phone(chromium) as page:
        page.goto(link)
        expect(page.get_by_role("heading")).to_have_text("确认提醒")
        page.screenshot(path=SCREENSHOTS / "confirm-link-zh.png")
        assert [one["outcome"] for one in day(server, elder)] == ["PENDING"]
        page.get_by_role("button", name="确认完成").click()
        expect(page.get_by_role("heading")).to_have_text("已确认，谢谢！")
        expect(page.get_by_role("button")).to_have_count(0)
        page.screenshot(path=SCREENSHOTS / "confirm-link-thanks.png")
        assert [(one["outcome"], one["outcome_by"]) for one in day(server, elder)] == [("DONE", f"LINK:{daughter}")]
        page.reload()  # which sends the form again
        expect(page.get_by_role("heading")).to_have_text("这条提醒已经答复过了")
        page.goto(link)
        expect(page.get_by_role("heading")).to_have_text("这条提醒已经答复过了")
        expect(page.get_by_role("button")).to_have_count(0)
    clock.set_by(700)
    # A reminder that comes later has rung: by then the second rung would have, too.
    other = new_id()
    server.make_reminder(other, "2020-01-01 08:00:00")
    wait_until(lambda: server.notifications(other), "a later ring")
    assert [len(server.notifications(user_id)) for user_id in (elder, daughter)] == [1, 1]
    assert {one["status"] for user_id in (elder, daughter) for one in of_user(server, user_id)} == {"READ"}


def test_english(chromium: Browser, server: Server) -> None:
    user_id, link = ring(server)
    with phone(chromium, "en-GB") as page:
        page.goto(link)
        expect(page.get_by_role("heading")).to_have_text("Confirm a reminder")
        page.screenshot(path=SCREENSHOTS / "confirm-link-en.png")
        page.get_by_role("button", name="Done").click()
        expect(page.get_by_role("heading")).to_have_text("Confirmed. Thank you!")
    assert [one["outcome"] for one in day(server, user_id)] == ["DONE"]


def test_to_open_and_to_fetch_ahead_confirms_nothing(chromium: Browser, server: Server) -> None:
    """By a browser that runs scripts, and by what mail scanners and messengers do with a link."""
    user_id, link = ring(server)
    with phone(chromium, scripts=True) as page:
        page.goto(link)
        page.reload()
        for method in ("GET", "HEAD"):
            assert page.request.fetch(link, method=method, headers={"Sec-Purpose": "prefetch"}).status == 200
    with phone(chromium, scripts=True) as page:
        # A page in which the link stands fetches it, and has it fetched and rendered ahead.
        page.goto(f"{server.url}/docs")
        page.evaluate(
            """async (link) => {
                await fetch(link);
                await fetch(link, { method: "HEAD" });
                for (const rel of ["prefetch", "prerender"]) {
                    const ahead = document.createElement("link");
                    [ahead.rel, ahead.href] = [rel, link];
                    document.head.append(ahead);
                }
            }""",
            link,
        )
        page.goto("about:blank")
        page.goto(link)
    assert [one["outcome"] for one in day(server, user_id)] == ["PENDING"]
    assert [one["status"] for one in server.notifications(user_id)] == ["UNREAD"]


@pytest.mark.parametrize("size", [PHONE, OLD_PHONE], ids=["phone", "old phone"])
@pytest.mark.parametrize("language", ["zh-CN", "en-GB"])
def test_it_reads_on_a_phone(
    chromium: Browser, server: Server, size: tuple[int, int], language: Literal["zh-CN", "en-GB"]
) -> None:
    link = ring(server)[1]
    with phone(chromium, language, size, scripts=True) as page:
        page.goto(link)
        assert page.evaluate("document.scripts.length") == 0
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        sizes = page.locator("h1, p, button").evaluate_all(
            "all => all.map(one => parseFloat(getComputedStyle(one).fontSize))"
        )
        assert min(sizes) >= LEAST_TYPE
        box = page.get_by_role("button").bounding_box()
        assert box is not None
        assert box["height"] >= LEAST_BUTTON
        assert box["width"] >= 0.8 * size[0]
        assert box["y"] + box["height"] <= size[1], "seen without scrolling"
        page.keyboard.press("Tab")
        expect(page.get_by_role("button")).to_be_focused()
        assert page.locator("html").get_attribute("lang") == {"zh-CN": "zh-CN", "en-GB": "en"}[language]


def test_it_is_accessible(chromium: Browser, server: Server) -> None:
    link = ring(server)[1]
    with phone(chromium, scripts=True) as page:
        page.goto(link)
        assert faults(page) == []


def test_guessing_is_hopeless_and_limited(chromium: Browser, server: Server) -> None:
    user_id, link = ring(server)
    guess = re.sub(r"/c/.{22}", f"/c/{'A' * 22}", link)
    with phone(chromium) as page:
        page.goto(guess)
        expect(page.get_by_role("heading")).to_have_text("链接无效或已过期")
        expect(page.get_by_role("button")).to_have_count(0)
        page.screenshot(path=SCREENSHOTS / "confirm-link-none.png")
        for _ in range(BAD_LINKS * WINDOW):
            page.request.post(guess)
        page.goto(guess)
        expect(page.get_by_role("heading")).to_have_text("请稍后再试")
        page.goto(link)
        expect(page.get_by_role("button")).to_have_count(1)
    assert [one["status"] for one in server.notifications(user_id)] == ["UNREAD"]


def test_behind_nginx_under_a_path(
    chromium: Browser, start_server: StartServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As docs/reverse-proxy.md has it: the form goes where the page came from."""
    whole, location = nginx.configuration, nginx.block("text")
    monkeypatch.setattr(nginx, "configuration", lambda *ports: whole(*ports).replace(ROOT_LOCATION, location))
    server = start_server("--public-url", PUBLIC_URL, nginx=True)
    user_id = new_id()
    body = encode(reminder(user_id, in_seconds(-1)))
    assert server.http("POST", "/careline/api/reminders", body=body).status == 201
    listed = f"/careline/api/users/{user_id}/notifications"
    wait_until(lambda: server.http("GET", listed).body["items"], "the ring")
    notification_id = server.http("GET", listed).body["items"][0]["id"]
    link = f"{server.url}/careline{path_of(link_of(server, notification_id))}"
    with phone(chromium) as page:
        page.goto(link)
        page.get_by_role("button").click()
        expect(page.get_by_role("heading")).to_have_text("已确认，谢谢！")
    [outcome] = server.http("GET", f"/careline/api/users/{user_id}/day").body["items"]
    assert (outcome["outcome"], outcome["outcome_by"]) == ("DONE", f"LINK:{user_id}")
