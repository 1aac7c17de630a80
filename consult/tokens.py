"""Tokens: who somebody is and until when, signed with a key that only this clinic has (JSON Web Tokens, HS256).

The key file holds one key a line: the first signs, all verify, so that keys can be changed while old tokens run out.
"""

import os
import re
import secrets
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

import jwt
import msgspec
from msgspec import Meta, Struct

from consult.contract.fields import DisplayName, Id, UserType
from consult.contract.permissions import Role, role_of
from store.clock import Clock

ALGORITHM = "HS256"
AUDIENCE = "careline"
LEAST_KEY = 32  # bytes
LONGEST_TOKEN = 4096  # characters
USUAL_TTL = 86_400  # seconds
LONGEST_TTL = 10 * 366 * 86_400

MISSING, BAD, EXPIRED, REVOKED = "missing", "bad", "expired", "revoked"

_Seconds = Annotated[float, Meta(ge=0, le=253_402_300_799)]  # since 1970, up to the year 9999


class Refused(Exception):
    """No good token; `why` is one of the four words above."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why)


class KeyFault(Exception):
    """The key file can't be used, and why."""


class Identity:
    """Who a good token says its bearer is."""

    __slots__ = ("expires_at", "listed", "name", "role", "token", "user_id", "user_type")

    def __init__(
        self,
        user_id: int,
        user_type: str,
        name: str | None,
        listed: Iterable[int],
        expires_at: int,
        token: bytes,
    ) -> None:
        self.user_id = user_id
        self.user_type = user_type
        self.name = name  # to be shown; None where the token leaves it open
        self.listed = frozenset(listed)  # the questions that the token lists
        self.expires_at = expires_at  # milliseconds
        self.token = token  # what it is revoked by
        self.role: Role = role_of(user_type)


class _Claims(Struct):
    sub: Id
    type: UserType
    exp: _Seconds
    name: DisplayName | None = None
    questions: list[Id] | None = None
    nbf: _Seconds = 0.0
    aud: str | list[str] | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whom a token is made for."""

    user_id: int
    user_type: str
    name: str | None
    questions: tuple[int, ...] | None
    ttl: int  # seconds


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
            "iat": now,
            "exp": now + wanted.ttl,
            "jti": secrets.token_urlsafe(9),  # so that no two are the same, and each is revoked by itself
        }
        given = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(given, self._keys[0], ALGORITHM)

    def identity(self, token: object) -> Identity:
        """Who the token is for; Refused where it is missing, not signed with one of our keys, or not valid now."""
        if token is None or token == "":
            raise Refused(MISSING)
        if not isinstance(token, str) or len(token) > LONGEST_TOKEN or not token.isascii():
            raise Refused(BAD)
        try:
            # Lax: others write `sub` as a number, though it is meant to be text.
            claims = msgspec.json.decode(self._signed(token), type=_Claims, strict=False)
        except msgspec.ValidationError:
            raise Refused(BAD) from None
        audience = [claims.aud] if isinstance(claims.aud, str) else claims.aud
        now, expires_at = self._clock(), int(claims.exp * 1000)
        if claims.nbf * 1000 > now or (audience is not None and AUDIENCE not in audience):
            raise Refused(BAD)
        if expires_at <= now:
            raise Refused(EXPIRED)
        return Identity(claims.sub, claims.type, claims.name, claims.questions or (), expires_at, revocation_of(token))

    def _signed(self, token: str) -> bytes:
        for key in self._keys:
            try:
                payload: bytes = self._signatures.decode(token, key, [ALGORITHM])
            except jwt.InvalidTokenError:
                continue
            return payload
        raise Refused(BAD)


def revocation_of(token: str) -> bytes:
    """What a revoked token is known by. Not of its signature, which can be written in more than one way."""
    return sha256(token.rpartition(".")[0].encode()).digest()


def read_keys(path: Path) -> tuple[bytes, ...]:
    """The keys of a file, the one that signs first; KeyFault where it has none or others may read it.

    A file that is no text is one key whole.
    """
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(1_000_001)
    except OSError as fault:
        raise KeyFault(f"cannot be read: {fault.strerror}") from None
    if not stat.S_ISREG(mode):
        raise KeyFault("is no file")
    if mode & (stat.S_IRWXG | stat.S_IRWXO) and not _is_credential(path):
        raise KeyFault(f"can be read by others than its owner; `chmod 600 {path}`")
    keys = _keys(content)
    if not keys:
        raise KeyFault("holds no key; `careline key FILE` makes one")
    if min(map(len, keys)) < LEAST_KEY:
        raise KeyFault(f"holds a key of fewer than {LEAST_KEY} bytes; `careline key FILE` makes one")
    return keys


def faults(path: Path | None) -> list[str]:
    """What is wrong with the key file, if one is named."""
    try:
        if path is not None:
            read_keys(path)
    except KeyFault as fault:
        return [f"--auth-secret-file (CARELINE_AUTH_SECRET_FILE): {path} {fault}"]
    return []


def make_key(path: Path) -> None:
    """Makes a key file that only its owner can read; KeyFault where there is a file already."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise KeyFault("exists already") from None
    except OSError as fault:
        raise KeyFault(f"cannot be made: {fault.strerror}") from None
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, 0o600)  # whatever the umask
        file.write(secrets.token_hex(32).encode() + b"\n")
        file.flush()
        os.fsync(descriptor)


def _keys(content: bytes) -> tuple[bytes, ...]:
    try:
        is_text = all(line.isprintable() for line in re.split(r"[\r\n\t]", content.decode()))
    except UnicodeDecodeError:
        is_text = False
    if not is_text:
        return (content,)
    keys = tuple(line for line in content.replace(b"\r", b"\n").split(b"\n") if line)
    # A program that reads the one key of a file whole has read the end of its line, too.
    return (*keys, content) if len(keys) == 1 and keys[0] != content else keys


def _is_credential(path: Path) -> bool:
    """Whether systemd keeps the file for this service alone, which its mode does not show (LoadCredential=)."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    return bool(folder) and path.absolute().parent == Path(str(folder))
