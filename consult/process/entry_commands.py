"""The subcommands about who may enter and what they did: `careline key FILE`, `careline token`, `careline audit`."""

from collections.abc import Callable, Mapping
from pathlib import Path
from time import sleep
from typing import Any

from consult.contract.limits import MAX_ID
from consult.contract.permissions import TOKEN_TYPES
from consult.entry.key_file import KeyFault, make_key, read_keys
from consult.entry.tokens import EXPIRED, LONGEST_TTL, USUAL_TTL, Refused, Tokens, Wanted, revocation_of
from consult.process.settings import Settings
from consult.process.standard_streams import fail, fail_for_settings, printable, tell, tell_all
from store import audit, revocations
from store.clock import Clock, WireTime


def key(path: Path) -> int:
    """Makes a key file; the exit status."""
    try:
        make_key(path)
    except KeyFault as fault:
        return fail(f"{path} {fault}")
    return tell(f"{path} was made; with --auth-secret-file {path} every client must show a token\n")


def token(given: Mapping[str, str], settings: Settings, clock: Clock) -> int:
    """Make a token, or revoke one or all of a user; return the exit status. StoreFault when nothing can be revoked."""
    path = settings.auth_secret_file
    try:
        if "revoke_user" in given:
            return _revoke_user(given, settings.database, clock)
        if path is None:
            fail("--auth-secret-file (CARELINE_AUTH_SECRET_FILE): `token` needs the key; `careline key FILE` makes one")
            if "revoke" not in given:
                _wanted(given)  # names what else is wrong
            return 2
        tokens = Tokens(read_keys(path), clock)
        if "revoke" in given:
            return _revoke(tokens, given["revoke"], settings.database, clock)
        return tell(tokens.make(_wanted(given)) + "\n")
    except KeyFault as fault:
        fail(f"--auth-secret-file (CARELINE_AUTH_SECRET_FILE): {path} {fault}")
    except ValueError as fault:
        return fail_for_settings(*str(fault).splitlines())
    return 2


def audit_rows(given: Mapping[str, str], settings: Settings, time: WireTime) -> int:
    """Prints who did what, a line for each row, the oldest first; the exit status. StoreFault where it cannot be
    read."""
    try:
        since = time.moment(given["since"]) if "since" in given else 0
    except ValueError:
        fail("--since: must be a time such as 2025-01-01 08:00:00")
        return 2
    try:
        user_id = _id("--user-id", given["user_id"]) if "user_id" in given else None
    except ValueError as fault:
        fail(str(fault))
        return 2
    rows = audit.since(settings.database, since, user_id)
    return tell_all(
        "\t".join((time.text(at), *map(printable, (f"{user_type} {user}", address, action, of_what, result)))) + "\n"
        for at, user, user_type, address, action, of_what, result in rows
    )


def _revoke(tokens: Tokens, token: str, database: Path, clock: Clock) -> int:
    try:
        identity = tokens.identity(token)
    except Refused as refused:
        if refused.why == EXPIRED:
            return tell("the token has expired already\n")
        return fail("that is no token of this key")
    revocations.revoke(database, revocation_of(token), identity.expires_at, clock())
    return tell(f"the token of {identity.user_type} {identity.user_id} is revoked\n")


def _revoke_user(given: Mapping[str, str], database: Path, clock: Clock) -> int:
    user_id, user_type = _id("--revoke-user", given["revoke_user"]), given.get("user_type", "")
    unfit = sorted(set(given) - {"revoke_user", "user_type"})
    if unfit:
        raise ValueError(f"--{unfit[0].replace('_', '-')}: not together with --revoke-user")
    if user_type:
        _token_type("--user-type", user_type)
    now = clock()
    # Tokens tell the second in which they were issued. This one is over before the command ends, so that a token made
    # afterwards is a good one.
    second_ends = now - now % 1000 + 1000
    revocations.revoke_user(database, user_id, user_type, second_ends - 1, now)
    sleep((second_ends - now) / 1000)
    whose = f"{user_type} {user_id}" if user_type else f"user {user_id}, of every type,"
    return tell(f"all tokens of {whose} that were issued until now are revoked\n")


def _token_type(option: str, text: str) -> str:
    if text not in TOKEN_TYPES:
        raise ValueError(f"{option}: must be one of {', '.join(TOKEN_TYPES)}, not {text!r}")
    return text


def _wanted(given: Mapping[str, str]) -> Wanted:
    """Return what the options describe; ValueError has a line for each that is wrong."""
    values: dict[str, Any] = {"name": None, "questions": None, "ttl": USUAL_TTL, "elders": None}
    missing = [option for option in ("--user-id", "--user-type") if option[2:].replace("-", "_") not in given]
    faults = [f"`token` needs {' and '.join(missing)}"] if missing else []
    for key, text in given.items():
        try:
            values[key] = _READERS[key](f"--{key.replace('_', '-')}", text)
        except ValueError as fault:
            faults.append(str(fault))
    if faults:
        raise ValueError("\n".join(faults))
    return Wanted(**values)


def _name(option: str, text: str) -> str:
    if not (text.isprintable() and 1 <= len(text) <= 64):
        raise ValueError(f"{option}: must be text of 1 to 64 characters")
    return text


def _ttl(option: str, text: str) -> int:
    if _id(option, text) > LONGEST_TTL:
        raise ValueError(f"{option}: must be at most {LONGEST_TTL} seconds")
    return int(text)


def _ids(option: str, text: str) -> tuple[int, ...]:
    return tuple(_id(option, one.strip()) for one in text.split(","))


def _id(option: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 19 and 1 <= int(text) <= MAX_ID):
        raise ValueError(f"{option}: must be a positive integer, not {text!r}")
    return int(text)


_READERS: dict[str, Callable[[str, str], Any]] = {
    "user_id": _id,
    "user_type": _token_type,
    "name": _name,
    "questions": _ids,
    "ttl": _ttl,
    "elders": _ids,
}
