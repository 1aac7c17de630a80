"""The page of a confirm link: a few words, at most one button, and no script. It reads on an old phone.

It tells the planned time of the reminder and nothing else of it. Others see a text message on a phone that lies about,
and programs open the links in it to show what is behind them.
"""

import re
from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256

from sanic.response import HTTPResponse, html

from consult.contract.words import Words

_STYLE = (
    "body{margin:0 auto;max-width:30em;padding:1em;font-family:sans-serif;font-size:22px;line-height:1.5;color:#111;"
    "background:#fff;text-align:center}h1{font-size:34px;line-height:1.3;margin:.6em 0}"
    "button{width:100%;margin:.6em 0;padding:.8em .2em;font-size:34px;font-weight:bold;color:#fff;background:#0a5c36;"
    "border:4px solid #063d24;border-radius:12px}"
)
_POLICY = (
    f"default-src 'none'; style-src 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}'; base-uri 'none'; "
    "frame-ancestors 'none'; form-action 'self'"
)
_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": _POLICY,
    "x-robots-tag": "noindex, nofollow",
    "vary": "Accept-Language",
}
_PAGE = """<!DOCTYPE html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex, nofollow">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>{title}</h1>
{lines}
</main>
</body>
</html>
"""
_BUTTON = Words("确认完成", "Done")
_FORM = '<form method="post">\n<button type="submit">{button}</button>\n</form>'
_PLANNED = Words("提醒时间：{time}", "Planned for {time}")


@dataclass(frozen=True, slots=True)
class Told:
    """What a page tells."""

    title: Words
    lines: tuple[Words, ...]
    status: int = 200
    has_button: bool = False


ASK = Told(
    Words("确认提醒", "Confirm a reminder"),
    (Words("已经完成了吗？请按下面的按钮。", "Is it done? Press the button."),),
    has_button=True,
)
CONFIRMED = Told(
    Words("已确认，谢谢！", "Confirmed. Thank you!"), (Words("可以关闭此页面了。", "You can close this page."),)
)
ANSWERED = Told(
    Words("这条提醒已经答复过了", "This reminder was answered already"),
    (Words("不用再做什么，可以关闭此页面了。", "There is nothing more to do. You can close this page."),),
)
OVER = Told(
    Words("这条提醒已经结束", "This reminder is over"),
    (
        Words(
            "已不能在这里确认。如有疑问，请联系诊所。",
            "It cannot be confirmed here any more. If in doubt, ask the clinic.",
        ),
    ),
    status=410,
)
NONE_SUCH = Told(
    Words("链接无效或已过期", "This link is not valid"),
    (
        Words(
            "请检查链接是否完整；也可以在应用中确认，或联系诊所。",
            "It may be incomplete, or too old. Confirm in the app, or ask the clinic.",
        ),
    ),
    status=404,
)
TOO_MANY = Told(
    Words("请稍后再试", "Try again later"),
    (Words("请求过于频繁。", "There were too many requests."),),
    status=429,
)
FAILING = Told(
    Words("暂时无法确认", "It cannot be confirmed for now"),
    (
        Words(
            "请过一会儿再试；也可以在应用中确认，或联系诊所。",
            "Try again in a while. Or confirm in the app, or ask the clinic.",
        ),
    ),
    status=503,
)


def answer(told: Told, accept_language: str, planned_at: str | None = None) -> HTTPResponse:
    """Return the page in the language that the browser prefers, with the planned time where one is given."""
    is_english = prefers_english(accept_language)

    def said(words: Words) -> str:
        return words.en if is_english else words.zh

    planned = [] if planned_at is None else [said(_PLANNED).format(time=planned_at)]
    lines = [f"<p>{line}</p>" for line in (*planned, *map(said, told.lines))]
    if told.has_button:
        lines.append(_FORM.format(button=said(_BUTTON)))
    language = "en" if is_english else "zh-CN"
    page = _PAGE.format(language=language, title=said(told.title), style=_STYLE, lines="\n".join(lines))
    return html(page, told.status, {**_HEADERS, "content-language": language})


_ITEM = re.compile(
    r"\s*(zh|en)(?:-[a-z0-9-]+)?\s*(?:;\s*q\s*=\s*([01](?:\.[0-9]{0,3})?)\s*)?", re.ASCII | re.IGNORECASE
)


def prefers_english(accept_language: str) -> bool:
    """Return whether an Accept-Language prefers English to Chinese. Chinese is for those that name neither."""
    best = {"zh": 0.0, "en": 0.0}
    first = ""
    for text in accept_language.split(","):
        item = _ITEM.fullmatch(text)
        if item is not None:
            language, weight = item[1].lower(), float(item[2] or 1)
            best[language] = max(best[language], weight)
            first = first or language
    return best["en"] > best["zh"] or (best["en"] == best["zh"] > 0 and first == "en")
