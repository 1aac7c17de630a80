"""Who may do what, by the table in `contract/permissions.py` and the client's token."""

from dataclasses import dataclass
from typing import Any, Final

from msgspec import structs

from consult.contract import faults
from consult.contract.faults import Fault, disagrees
from consult.contract.files import GET_FILE
from consult.contract.payloads import Payload
from consult.contract.permissions import PERMISSIONS, May, Role, Row
from consult.contract.rows import ClientEvent
from consult.entry.tokens import Identity
from store.messages import Viewer, visible_to
from store.owners import Reach
from store.participants import ELDER, Reader

# Fields in which clients say of themselves who they are.
_CLAIMS: Final = ("user_id", "user_type", "sender_type", "sender_id", "role_display_name")
_claimed: dict[type[Payload], tuple[str, ...]] = {}


@dataclass(frozen=True, slots=True)
class Asker:
    """A caller and how far its rights reach. Without tokens every caller is anonymous and may do anything."""

    identity: Identity | None
    reach: Reach | None  # None: everything
    is_operator: bool = False  # may look at how the server is

    def refuse_other(self, name: str, user_id: int) -> None:
        """Raise FORBIDDEN where the caller names another user than it may."""
        if self.reach is not None and user_id not in self.reach.users:
            raise disagrees(name)

    def refuse_other_reader(self, name: str, user_id: int) -> None:
        """Raise FORBIDDEN where the caller asks what another user has read, whose things it may not see."""
        if self.identity is None or user_id != self.identity.user_id:
            self.refuse_other(name, user_id)

    def refuse_other_claims(self, said: Payload) -> None:
        """Raise FORBIDDEN where what the caller says of itself is not what its token says."""
        fault = None if self.identity is None else false_claim(self.identity, said)
        if fault is not None:
            raise fault

    def user_type(self, claimed: str | None) -> str | None:
        """Return what the asker is: what the token says or, without tokens, what the request does."""
        return claimed if self.identity is None else self.identity.user_type


ANYBODY: Final = Asker(None, None, is_operator=True)
_NONE: Final[frozenset[int]] = frozenset()
_NOTHING: Final = Reach(_NONE)
_OPERATORS: Final = (Role.STAFF, Role.SERVICE, Role.MONITOR)


def may(role: Role, row: Row) -> May:
    """Return how far a role reaches with an event, a call or a page. Without a permission it is NO."""
    permission = PERMISSIONS.get(row)
    return May.NO if permission is None else permission.of_role(role)


def reach(identity: Identity, row: Row) -> Reach | None:
    """Return what a token reaches with an event or a call, None for everything; FORBIDDEN when it may not be made."""
    own, permission = may(identity.role, row), PERMISSIONS.get(row)
    has_elders = identity.role is Role.FAMILY and permission is not None and permission.elders is May.ELDERS
    elders = identity.elders if has_elders else _NONE
    if own is May.ALL:
        return None
    if own is May.NO and not elders:
        raise Fault(faults.FORBIDDEN)
    users = elders | {identity.user_id} if own is May.OWN else elders
    return Reach(users, identity.listed if own is May.LISTED else _NONE)


def asker(identity: Identity | None, row: Row) -> Asker:
    """Return who asks for a call or a page with tokens on; FORBIDDEN when it may not."""
    if identity is not None:
        return Asker(identity, reach(identity, row), identity.role in _OPERATORS)
    without = may(Role.NOBODY, row)
    if without is May.NO:
        raise Fault(faults.FORBIDDEN)
    return Asker(None, _NOTHING if without is May.SIGNED else None)


def reach_of_event(identity: Identity | None, event: ClientEvent) -> Reach | None:
    """Return what an event that was not refused may be about; None for everything."""
    return None if identity is None else reach(identity, event)


def refusal(identity: Identity, event: ClientEvent, request: Payload) -> Fault | None:
    """Return why the client may not send the event, before anything is looked up, or None."""
    try:
        within = reach(identity, event)
    except Fault as forbidden:
        return forbidden.with_traceback(None)
    fault = false_claim(identity, request)
    if fault is not None:
        return fault
    question_id = getattr(request, "question_id", None)
    if question_id is not None and within is not None and not within.users and question_id not in within.questions:
        return Fault(faults.QUESTION_NOT_FOUND)
    return None


def reader(identity: Identity | None, user_id: int | None, user_type: str | None) -> Reader | None:
    """Return the user that a client is in a question: its token's or, without tokens, the one that it claims to be, as
    an elder where it leaves its type out. None before a log-in."""
    if identity is not None:
        return Reader(identity.user_id, identity.user_type)
    return Reader(user_id, user_type or ELDER) if user_id else None


def viewer(identity: Identity | None, claimed: str | None) -> Viewer:
    """Return the viewer of files that a client is: its token's user or, without tokens, the type that it claims."""
    if identity is None:
        return Viewer(None, visible_to(claimed), None)
    user = (identity.user_id, identity.user_type)
    return Viewer(user, visible_to(identity.user_type), reach(identity, GET_FILE))


def false_claim(identity: Identity, said: Payload) -> Fault | None:
    """Return the error for the first field in which a client says of itself what its token does not, or None."""
    kind = type(said)
    claimed = _claimed.get(kind)
    if claimed is None:
        fields = {field.name for field in structs.fields(kind)}
        claimed = _claimed[kind] = tuple(name for name in _CLAIMS if name in fields)
    for name in claimed:
        if not _agrees(identity, name, getattr(said, name)):
            return disagrees(name)
    return None


def _agrees(identity: Identity, name: str, value: Any) -> bool:
    if name in ("user_id", "sender_id"):
        return bool(value == identity.user_id) or not value  # left out, or a join's 0: the token says it
    if name == "user_type" and value is None:
        return True
    if name == "role_display_name":
        return value is None or identity.name is None or value == identity.name
    if name == "sender_type" and "SYSTEM" in (value, identity.user_type):
        return value == "SYSTEM" and identity.role is Role.SERVICE
    return bool(value == identity.user_type)
