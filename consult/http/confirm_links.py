"""Confirm links: the page that each opens, and its button (section 14)."""

from dataclasses import dataclass

from sanic.response import HTTPResponse

from consult.answering import Answering
from consult.contract import faults
from consult.contract.confirm_links import CONFIRM_BY_LINK, CONFIRM_PAGE
from consult.contract.faults import Fault
from consult.entry import audit
from consult.entry.access import Access
from consult.entry.confirm_links import ConfirmLinks
from consult.entry.guard import Guard
from consult.entry.limits import Limits
from consult.http import confirm_page
from consult.http.calls import Handlers
from consult.http.confirm_page import ANSWERED, ASK, CONFIRMED, FAILING, NONE_SUCH, OVER, TOO_MANY, Told
from consult.http.request import Asked, Request
from store import confirm_links
from store.answers import Answered
from store.clock import ClinicTime
from store.confirm_links import AskedByLink, Linked
from store.database import Database
from store.transaction import each


@dataclass(frozen=True, slots=True)
class ConfirmPages:
    database: Database
    time: ClinicTime
    answering: Answering
    links: ConfirmLinks | None  # None where no link is made, and none is good
    limits: Limits
    access: Access
    guard: Guard | None

    def handlers(self) -> Handlers:
        """By their rows."""
        return {CONFIRM_PAGE: self.show, CONFIRM_BY_LINK: self.confirm}

    async def show(self, asked: Asked[None, None]) -> HTTPResponse:
        """The page with its button, or why it has none. To open it changes nothing."""
        request = asked.request
        try:
            linked = await confirm_links.find(self.database, self._named(request), self.time.now())
        except Exception as exception:
            return _sorry(request, faults.told(exception))
        return self._page(request, NONE_SUCH if linked is None else _state(linked, ASK), linked)

    async def confirm(self, asked: Asked[None, None]) -> HTTPResponse:
        """The button. Again, or after another answer, it says that there was one."""
        request = asked.request
        try:
            notification_id = self._named(request)
            wanted = AskedByLink(notification_id, self.time.now())
            done = await self.database.written(each(confirm_links.confirm), wanted, self._publish)
        except Exception as exception:
            return _sorry(request, faults.told(exception))
        if done is None:
            return self._page(request, NONE_SUCH)
        if isinstance(done, Linked):
            told, user_id = _state(done, ANSWERED), done.user_id
        else:
            told, user_id = CONFIRMED, done.notification.user_id
        if self.guard is not None:
            address = self.access.address(request.ip, request.headers)
            result = audit.OK if told is CONFIRMED else "CONFLICT"
            self.guard.audit.link(user_id, address, CONFIRM_BY_LINK.name, notification_id, result)
        return self._page(request, told)

    def _named(self, request: Request) -> int:
        """The notification that the request's link confirms. Fault where the link is not ours, before anything is
        looked up."""
        notification_id = self.links.notification_of(request.match_info["link"]) if self.links else None
        if notification_id is None:
            address = self.access.address(request.ip, request.headers)
            if self.guard is not None:
                self.guard.link_refused(address)
            self.limits.spend_bad_link(address)
            raise Fault(faults.NOT_FOUND)
        return notification_id

    def _publish(self, done: Answered | Linked | None) -> None:
        if isinstance(done, Answered):
            self.answering.publish(done)

    def _page(self, request: Request, told: Told, linked: Linked | None = None) -> HTTPResponse:
        # To the minute, as people tell the time.
        planned_at = self.time.text(linked.planned_at)[:16] if linked is not None and told is ASK else None
        return confirm_page.answer(told, _language(request), planned_at)


def _state(linked: Linked, otherwise: Told) -> Told:
    """Return what a page tells of a notification by the outcome of its occurrence."""
    match linked.outcome:
        case None:
            return otherwise
        case "DONE" | "SKIPPED":
            return ANSWERED
        case _:
            return OVER


def _sorry(request: Request, fault: Fault) -> HTTPResponse:
    told = {404: NONE_SUCH, 429: TOO_MANY}.get(fault.status, FAILING)
    answer = confirm_page.answer(told, _language(request))
    if fault.retry_after is not None:
        answer.headers["retry-after"] = str(fault.retry_after)
    return answer


def _language(request: Request) -> str:
    return ",".join(request.headers.getall("accept-language", []))
