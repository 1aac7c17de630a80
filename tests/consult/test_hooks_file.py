"""The operator's file of hooks: what it says, and that all that could not work is refused with its place."""

import base64
from pathlib import Path

import pytest

from consult.hooks.hooks_file import Hook, HooksFault, read_hooks

KEY = bytes(range(32))
SECRET = f"whsec_{base64.b64encode(KEY).decode()}"
GOOD = f"""
[[hook]]
name = "gateway"
url = "https://hooks.example.com/careline?for=sms"
secret = "{SECRET}"
events = ["notification.created", "occurrence.missed"]
"""


def written(folder: Path, text: str | bytes, mode: int = 0o600) -> Path:
    path = folder / "hooks.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(mode)
    return path


def test_a_hook_has_what_the_file_says_and_no_content_by_itself(tmp_path: Path) -> None:
    assert read_hooks(written(tmp_path, GOOD)) == (
        Hook(
            name="gateway",
            url="https://hooks.example.com/careline?for=sms",
            secret=KEY,
            events=("notification.created", "occurrence.missed"),
            channels=("IN_APP", "SYSTEM_MESSAGE"),
            content=False,
            confirm_links=False,
        ),
    )
    more = f"""{GOOD}
content = true
confirm_links = true
channels = ["IN_APP"]
[[hook]]
name = "hospital"
url = "http://127.0.0.1:9000/"
secret = "{SECRET}"
events = ["message.created"]
"""
    first, second = read_hooks(written(tmp_path, more))
    assert (first.content, first.confirm_links, first.channels) == (True, True, ("IN_APP",))
    assert (second.name, second.content) == ("hospital", False)


def test_a_secret_is_in_no_text_of_a_hook(tmp_path: Path) -> None:
    (hook,) = read_hooks(written(tmp_path, GOOD))
    assert repr(hook) == str(hook) == "Hook('gateway')"


REFUSED: dict[str, tuple[str | bytes, int, str]] = {
    "cannot be read by others": ("", 0o640, "can be read by others"),
    "no hook": ("", 0o600, "names no hook"),
    "not UTF-8": (b"\xff", 0o600, "is no UTF-8"),
    "no TOML": (GOOD + "\nurl", 0o600, "is no TOML: "),
    "nested": (f"a = {'[' * 20_000}", 0o600, "is no TOML"),
    "large": ("#" * 262_145, 0o600, "is larger than 262,144 bytes"),
    "an unknown table": (GOOD + "[other]", 0o600, "unknown key 'other'"),
    "an unknown key": (GOOD + "urls = 1", 0o600, "hook 1 (gateway): unknown key 'urls'"),
    "a missing key": (GOOD.replace("name =", "# name ="), 0o600, "hook 1: name is missing"),
    "a double name": (GOOD + GOOD, 0o600, "hook 2: name: 'gateway' is another hook's name already"),
    "a name with a blank": (GOOD.replace('"gateway"', '"a b"'), 0o600, "hook 1: name: must be"),
    "no table": ("hook = 1", 0o600, "names no hook"),
    "too many": (GOOD * 33, 0o600, "more than 32 hooks"),
    "an unknown event": (GOOD.replace('"occurrence.missed"', '"x"'), 0o600, "events: 'x' is none of"),
    "an event twice": (GOOD.replace("occurrence.missed", "notification.created"), 0o600, "events: names one of them"),
    "no events": (GOOD.split("events")[0] + "events = []", 0o600, "events: must be a list"),
    "an event that is a table": (GOOD.split("events")[0] + "events = [{}]", 0o600, "events: {} is none of"),
    "an unknown channel": (GOOD + 'channels = ["FAX"]', 0o600, "channels: 'FAX' is none of"),
    "a flag in words": (GOOD + 'content = "yes"', 0o600, "content: must be true or false"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_could_not_work_is_refused_with_its_place(what: str, tmp_path: Path) -> None:
    text, mode, said = REFUSED[what]
    with pytest.raises(HooksFault) as fault:
        read_hooks(written(tmp_path, text, mode))
    assert said in str(fault.value)
    assert SECRET.removeprefix("whsec_") not in str(fault.value)
    assert "\n" not in str(fault.value)


@pytest.mark.parametrize(
    "url",
    [
        *("ftp://example.com/", "https://", "https:///path", "//example.com", "https://exa mple.com", "https://[::1"),
        *("https://a:b@example.com/", "https://example.com/#part", "https://example.com:0/", "https://例子.cn/"),
        *("https://example.com:99999/", "http://example.com/", "http://10.0.0.5/", "https://e.com/\n", "file:///etc"),
        "https://example.com/" + "x" * 2048,
    ],
)
def test_an_address_that_is_not_https_or_of_this_machine_is_refused(url: str, tmp_path: Path) -> None:
    text = GOOD.replace("https://hooks.example.com/careline?for=sms", url.replace("\n", "\\n"))
    with pytest.raises(HooksFault, match=r"^hook 1 \(gateway\): url: "):
        read_hooks(written(tmp_path, text))


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://[::1]:80/x", "http://localhost/", "https://10.0.0.5/"])
def test_plain_http_is_good_for_this_machine_alone(url: str, tmp_path: Path) -> None:
    (hook,) = read_hooks(written(tmp_path, GOOD.replace("https://hooks.example.com/careline?for=sms", url)))
    assert hook.url == url


@pytest.mark.parametrize(
    "secret",
    [
        *(SECRET.removeprefix("whsec_"), "whsec_", "whsec_short", f"whsec_{base64.b64encode(b'x' * 32).decode()}"),
        *(f"whsec_{base64.b64encode(bytes(range(23))).decode()}", f"whsec_{base64.b64encode(bytes(65)).decode()}"),
        f"whsec_ {base64.b64encode(KEY).decode()}",
    ],
)
def test_a_secret_that_can_be_guessed_or_is_none_is_refused_and_not_quoted(secret: str, tmp_path: Path) -> None:
    with pytest.raises(HooksFault, match=r"^hook 1 \(gateway\): secret: ") as fault:
        read_hooks(written(tmp_path, GOOD.replace(SECRET, secret)))
    assert not secret.removeprefix("whsec_") or secret not in str(fault.value)
