"""Photos, voice messages and other files on the page, and what a browser makes of a file that would run something."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from playwright.sync_api import Error as PlaywrightError

from tests.files import upload
from tests.page.conftest import OpenConsole
from tests.page.console import ELDER, Console
from tests.server import Server, wait_until

HTML = b"<!doctype html><title>file</title><script>document.title = 'ran'; fetch('/api/questions')</script>"
SVG = b"""<svg xmlns="http://www.w3.org/2000/svg" onload="document.title = 'ran'">
<script>document.title = 'ran'</script></svg>"""


def history(console: Console) -> int:
    """Open a question and show its history; give its id."""
    console.connect(ELDER)
    question = console.open_and_join(ELDER)
    panel = console.tab("questions")
    panel.locator(f".item[data-id='{question}']").get_by_role("button", name="History").click()
    return question


def test_a_photo_is_sent_and_shown(open_console: OpenConsole, server: Server, tmp_path: Path) -> None:
    photo = tmp_path / "photo.png"
    console = open_console()
    console.page.screenshot(path=photo, clip={"x": 0, "y": 0, "width": 40, "height": 30})
    console.target("send_message")
    expect(console.page.locator("label", has=console.field("attachments"))).to_contain_text("History, under Questions")
    question = history(console)
    panel = console.page.locator("#panel-questions")
    panel.locator("[data-focus=file]").set_input_files(photo)
    image = panel.locator("img.message-file")
    expect(image).to_have_count(1)
    expect(panel.locator("[data-focus=new]")).to_have_count(0)
    image.scroll_into_view_if_needed()
    shown = "document.querySelector('img.message-file').naturalWidth === 40"
    wait_until(lambda: console.page.evaluate(shown), "the photo")
    (stored,) = server.messages(question)
    assert stored["content_type"] == "IMAGE"
    assert stored["attachments"][0]["size"] == photo.stat().st_size


def test_what_others_send_meanwhile_is_shown_by_a_click(open_console: OpenConsole, server: Server) -> None:
    console = open_console()
    question = history(console)
    panel = console.page.locator("#panel-questions")
    for text in "first", "second":
        said = {"sender_type": "STAFF", "sender_id": 7, "content_type": "TEXT", "content_text": text}
        assert server.http("POST", f"/api/questions/{question}/messages", json=said).status == 201
    new = panel.locator("[data-focus=new]")
    expect(new).to_have_text("Show 2 new")
    expect(panel.locator(".message")).to_have_count(0)
    new.click()
    expect(panel.locator(".message")).to_have_count(2)
    expect(new).to_have_count(0)


def test_another_file_is_a_link_that_downloads(open_console: OpenConsole, tmp_path: Path) -> None:
    page_file = tmp_path / "page.html"
    page_file.write_bytes(HTML)
    console = open_console()
    history(console)
    panel = console.page.locator("#panel-questions")
    panel.locator("[data-focus=file]").set_input_files(page_file)
    with console.page.expect_download() as download:
        panel.get_by_role("link", name="Open the file").click()
    assert Path(download.value.path()).read_bytes() == HTML


def test_a_voice_message_is_recorded_sent_and_played(open_console: OpenConsole, server: Server) -> None:
    console = open_console()
    question = history(console)
    panel = console.page.locator("#panel-questions")
    record = panel.locator("[data-focus=record]")
    record.click()
    expect(record).to_have_text("Stop and send")
    console.page.wait_for_timeout(600)  # of voice
    record.click()
    expect(panel.locator("audio.message-file")).to_have_count(1)
    (stored,) = server.messages(question)
    assert stored["content_type"] == "AUDIO"
    console.page.evaluate("document.querySelector('audio.message-file').play()")
    plays = "document.querySelector('audio.message-file').currentTime > 0"
    wait_until(lambda: console.page.evaluate(plays), "the sound")


@pytest.mark.parametrize("body", [HTML, SVG, b"\xff\xd8\xff" + HTML, b"GIF89a" + SVG])
@pytest.mark.parametrize("claimed", ["text/html", "image/svg+xml"])
def test_no_script_in_a_file_runs(chromium: Browser, server: Server, body: bytes, claimed: str) -> None:
    """Opened as a page, in a frame, as an object, as a picture and as a script."""
    url = server.url + upload(server, body, kind=claimed)["url"]
    context = chromium.new_context(accept_downloads=True)
    ran: list[str] = []
    page = context.new_page()
    page.on("request", lambda request: ran.append(request.url) if "/api/questions" in request.url else None)
    with suppress(PlaywrightError):  # which a download is
        page.goto(url)
    assert page.title() != "ran"
    page.goto(server.url + "/docs")
    page.evaluate(
        """async (url) => {
            for (const [tag, name] of [["iframe", "src"], ["object", "data"], ["img", "src"], ["script", "src"]]) {
                const node = document.createElement(tag);
                node[name] = url;
                document.body.append(node);
            }
            await new Promise((done) => setTimeout(done, 500));
        }""",
        url,
    )
    assert page.title() != "ran"
    assert ran == []
    context.close()
