"""The subcommands about who may enter and what they did: `careline key FILE`, `careline token`, `careline audit`."""

from collections.abc import Mapping
from pathlib import Path
from time import sleep

from consult.contract.limits import MAX_ID
from consult.contract.permissions import TOKEN_TYPES
from consult.entry.key_file import KeyFault, make_key, read_keys
from consult.entry.tokens import EXPIRED, LONGEST_TTL, USUAL_TTL, Refused, Tokens, Wanted, revocation_of
from consult.process.settings import Settings
from consult.process.standard_streams import fail, printable, tell, tell_all
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
            return 2
        tokens = Tokens(read_keys(path), clock)
        if "revoke" in given:
            return _revoke(tokens, given["revoke"], settings.database, clock)
        return tell(tokens.make(_wanted(given)) + "\n")
    except KeyFault as fault:
        fail(f"--auth-secret-file (CARELINE_AUTH_SECRET_FILE): {path} {fault}")
    except ValueError as fault:
        fail(str(fault))
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
        _token_type(user_type)
    now = clock()
    # Tokens tell the second in which they were issued. This one is over before the command ends, so that a token made
    # afterwards is a good one.
    second_ends = now - now % 1000 + 1000
    revocations.revoke_user(database, user_id, user_type, second_ends - 1, now)
    sleep((second_ends - now) / 1000)
    whose = f"{user_type} {user_id}" if user_type else f"user {user_id}, of every type,"
    return tell(f"all tokens of {whose} that were issued until now are revoked\n")


def _token_type(text: str) -> str:
    if text not in TOKEN_TYPES:
        raise ValueError(f"--user-type: must be one of {', '.join(TOKEN_TYPES)}, not {text!r}")
    return text


def _wanted(given: Mapping[str, str]) -> Wanted:
    """Whom the options describe; ValueError names the one that is wrong."""
    missing = [option for option in ("--user-id", "--user-type") if option[2:].replace("-", "_") not in given]
    if missing:
        raise ValueError(f"`token` needs {' and '.join(missing)}")
    user_type = _token_type(given["user_type"])
    name = given.get("name")
    if name is not None and not (name.isprintable() and 1 <= len(name) <= 64):
        raise ValueError("--name: must be text of 1 to 64 characters")
    listed, elders = _ids("--questions", given.get("questions")), _ids("--elders", given.get("elders"))
    ttl = _id("--ttl", given.get("ttl", str(USUAL_TTL)))
    if ttl > LONGEST_TTL:
        raise ValueError(f"--ttl: must be at most {LONGEST_TTL} seconds")
    return Wanted(_id("--user-id", given["user_id"]), user_type, name, listed, ttl, elders)


def _ids(option: str, text: str | None) -> tuple[int, ...] | None:
    return None if text is None else tuple(_id(option, one.strip()) for one in text.split(","))


def _id(option: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 19 and 1 <= int(text) <= MAX_ID):
        raise ValueError(f"{option}: must be a positive integer, not {text!r}")
    return int(text)
