"""Tokens: a user's identity until an expiry time, signed with a key of this clinic (JSON Web Tokens, HS256)."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Any

import jwt
import msgspec
from msgspec import Meta, Struct

from consult.contract.fields import DisplayName, Id, UserType
from consult.contract.permissions import Role, role_of
from store.clock import Clock

ALGORITHM = "HS256"
AUDIENCE = "careline"
LONGEST_TOKEN = 4096  # characters
USUAL_TTL = 86_400  # seconds
LONGEST_TTL = 10 * 366 * 86_400
LEEWAY = 10_000  # milliseconds that the clock of a system that signs may be ahead of ours

MISSING, BAD, EXPIRED, REVOKED = "missing", "bad", "expired", "revoked"

_NO_OBJECT = "its payload is not a JSON object"
_MISFITS = (msgspec.MsgspecError, ValueError, RecursionError)  # of a payload; a ValidationError is among them

_Seconds = Annotated[float, Meta(ge=0, le=253_402_300_799)]  # since 1970, up to the year 9999


class Refused(Exception):
    """The token is not accepted. `why` is one of the four words above: a client is told no more. `detail` is for the
    log and the audit, names the claim at fault, and quotes nothing of the token."""

    def __init__(self, why: str, detail: str = "") -> None:
        self.why = why
        self.detail = detail
        super().__init__(why)


class Identity:
    """The user that a good token is for."""

    __slots__ = ("elders", "expires_at", "issued_at", "key", "listed", "name", "role", "token", "user_id", "user_type")

    def __init__(
        self,
        user_id: int,
        user_type: str,
        name: str | None,
        listed: Iterable[int],
        expires_at: int,
        issued_at: int | None,
        token: bytes,
        key: bytes,
        role: Role,
        elders: Iterable[int] = (),
    ) -> None:
        self.user_id = user_id
        self.user_type = user_type
        self.name = name  # to be shown; None where the token leaves it open
        self.listed = frozenset(listed)  # the questions that the token lists
        self.expires_at = expires_at  # milliseconds
        self.issued_at = issued_at  # milliseconds; None where the token does not say
        self.token = token  # what it is revoked by
        self.key = key  # that verified it
        self.role = role
        self.elders = frozenset(elders)  # whose things the token reaches


class _Claims(Struct):
    sub: Id
    type: UserType
    exp: _Seconds
    name: DisplayName | None = None
    questions: list[Id] | None = None
    elders: list[Id] | None = None
    nbf: _Seconds | None = None
    iat: _Seconds | None = None
    aud: str | list[str] | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whom a token is made for."""

    user_id: int
    user_type: str
    name: str | None
    questions: tuple[int, ...] | None
    ttl: int  # seconds
    elders: tuple[int, ...] | None = None


class Tokens:
    def __init__(self, keys: tuple[bytes, ...], clock: Clock) -> None:
        self._keys = keys
        self._clock = clock
        self._signatures = jwt.PyJWS()

    def make(self, wanted: Wanted) -> str:
        """A token, signed with the first key."""
        now = self._clock() // 1000
        claims: dict[str, Any] = {
            "sub": str(wanted.user_id),
            "type": wanted.user_type,
            "name": wanted.name,
            "questions": wanted.questions,
            "elders": wanted.elders,
            "iat": now,
            "exp": now + wanted.ttl,
            "jti": secrets.token_urlsafe(9),  # so that no two are the same, and each is revoked by itself
        }
        given = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(given, self._keys[0], ALGORITHM)

    @property
    def keys(self) -> tuple[bytes, ...]:
        """The keys, the one that signs first."""
        return self._keys

    def replace_keys(self, keys: tuple[bytes, ...]) -> None:
        """Sign and verify with these keys from now on."""
        self._keys = keys

    def has_key(self, key: bytes) -> bool:
        """Return whether tokens signed with the key are accepted."""
        return key in self._keys

    def identity(self, token: object) -> Identity:
        """Return the user that the token is for. Refused when it is missing, not signed with one of our keys, or not
        valid now."""
        if token is None or token == "":
            raise Refused(MISSING)
        if not isinstance(token, str) or not token.isascii():
            raise Refused(BAD, "it is not ASCII text")
        if len(token) > LONGEST_TOKEN:
            raise Refused(BAD, f"it is longer than {LONGEST_TOKEN} characters")
        payload, key = self._signed(token)
        claims = _claims(payload)
        now, expires_at = self._clock(), _milliseconds(claims.exp)
        for name, value in (("nbf", claims.nbf), ("iat", claims.iat)):
            if value is not None and _milliseconds(value) > now + LEEWAY:
                raise Refused(BAD, f"its {name} is in the future")
        audience = [claims.aud] if isinstance(claims.aud, str) else claims.aud
        if audience is not None and AUDIENCE not in audience:
            raise Refused(BAD, f"its aud is not {AUDIENCE}")
        role = role_of(claims.type)
        if role is None:
            raise Refused(BAD, "its type has no row in the table of permissions")
        if expires_at <= now:
            raise Refused(EXPIRED)
        issued_at = None if claims.iat is None else _milliseconds(claims.iat)
        return Identity(
            claims.sub,
            claims.type,
            claims.name,
            claims.questions or (),
            expires_at,
            issued_at,
            revocation_of(token),
            key,
            role,
            claims.elders or (),
        )

    def _signed(self, token: str) -> tuple[bytes, bytes]:
        """Return the payload, and the key that verifies it."""
        for key in self._keys:
            try:
                payload: bytes = self._signatures.decode(token, key, [ALGORITHM])
            except (jwt.InvalidTokenError, ValueError, TypeError, RecursionError):  # whatever its header holds
                continue
            return payload, key
        raise Refused(BAD, "it is not signed with a key of this server")


def _claims(payload: bytes) -> _Claims:
    try:
        # Lax: others write `sub` as a number, though it is meant to be text.
        return msgspec.json.decode(payload, type=_Claims, strict=False)
    except msgspec.ValidationError:
        raise Refused(BAD, _fault_of_claims(payload)) from None
    except _MISFITS:
        raise Refused(BAD, _NO_OBJECT) from None


def _fault_of_claims(payload: bytes) -> str:
    """Return which claim of a payload is at fault. Quote nothing of the payload."""
    try:
        claims = msgspec.json.decode(payload, type=dict[str, msgspec.Raw])
    except _MISFITS:
        return _NO_OBJECT
    fields = {field.name: field for field in msgspec.structs.fields(_Claims)}
    for name, value in claims.items():
        if name in fields and not _fits(value, fields[name].type):
            return f"its {name} is not valid"
    for name, field in fields.items():
        if field.required and name not in claims:
            return f"it has no {name}"
    return "its claims are not valid"  # one is there twice, and the first of them does not fit


def _fits(value: msgspec.Raw, wanted: Any) -> bool:
    try:
        msgspec.json.decode(value, type=wanted, strict=False)
    except _MISFITS:
        return False
    return True


def _milliseconds(seconds: float) -> int:
    return int(seconds * 1000)


def revocation_of(token: str) -> bytes:
    """Return what a revoked token is known by. Not of its signature, which can be written in more than one way."""
    return sha256(token.rpartition(".")[0].encode()).digest()
