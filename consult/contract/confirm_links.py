"""Links by which a user confirms a notification without a log-in (section 14)."""

from consult.contract.rows import Page
from consult.contract.words import Words

LINK_PATH = "/c/{link}"
_OVER = (404, 410, 429, 503)

CONFIRM_PAGE = Page(
    LINK_PATH,
    "text/html",
    Words(
        "确认链接的页面，只有一个按钮；打开它不会确认",
        "the page of a confirm link, with one button: to open it confirms nothing",
    ),
    others=_OVER,
)
CONFIRM_BY_LINK = Page(
    LINK_PATH,
    "text/html",
    Words("按下按钮：以通知的用户的身份确认一次", "the button: confirms once, as the notification's user"),
    method="POST",
    others=_OVER,
)
