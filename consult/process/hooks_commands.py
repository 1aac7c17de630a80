"""`careline hooks`: what waits for each hook, a try of one, and dead letters that are told again."""

import re
import secrets
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from consult.contract.hooks import Trial
from consult.hooks.bodies import encoded
from consult.hooks.hooks_file import Hook, HooksFault, read_hooks
from consult.hooks.signature import signed
from consult.process.settings import Settings
from consult.process.standard_streams import fail, printable, tell, tell_all
from store import outbox
from store.clock import Clock, WireTime
from store.outbox import Listener

USAGE = "list | test NAME | replay ID"
TRIAL = "hook.test"
MOST_LISTED = 1_000  # dead letters

_ID = re.compile(r"evt_([0-9a-f]{12})_([1-9][0-9]{0,18})")


def hooks(words: Sequence[str], settings: Settings, clock: Clock, time: WireTime) -> int:
    """Return the exit status. StoreFault where the database cannot be used."""
    match words:
        case ["replay", text]:
            return _replay(text, settings.database)
        case [] | ["list"] | ["test", _]:
            pass
        case _:
            fail(f"hooks: {' '.join(words)!r} is none of {USAGE}")
            return 2
    if settings.hooks is None:
        fail("--hooks (CARELINE_HOOKS): `hooks` needs the file")
        return 2
    try:
        found = read_hooks(settings.hooks)
    except HooksFault as fault:
        fail(f"--hooks (CARELINE_HOOKS): {settings.hooks} {fault}")
        return 2
    if len(words) == 2:
        hook = next((one for one in found if one.name == words[1]), None)
        return fail(f"{settings.hooks} has no hook {words[1]!r}") if hook is None else _test(hook, clock, time)
    return tell_all(_listed(found, settings.database, time))


def _listed(found: Sequence[Hook], database: Path, time: WireTime) -> Iterator[str]:
    """A line for each hook, then one for each of the newest dead letters."""
    standings = outbox.standings(database, [Listener(one.name, one.events, one.channels) for one in found])
    for hook in found:
        stands = standings[hook.name]
        cells = [hook.name, "new: `serve` has not taken it up yet"]
        if stands is not None:
            cells[1:] = [f"{stands.waiting} waiting", f"{stands.dead} dead letters"]
            cells += [f"oldest {time.text(stands.oldest)}"] if stands.oldest is not None else []
            cells += [f"{stands.lost} lost"] if stands.lost else []
            if stands.failing_since is not None:
                cells.append(f"failing since {time.text(stands.failing_since)}: {stands.last_error}")
        yield "\t".join(map(printable, cells)) + "\n"
    origin, letters = outbox.dead_letters(database, MOST_LISTED)
    for one in letters:
        cells = [f"evt_{origin}_{one.id}", one.hook, one.event, time.text(one.at), one.why]
        yield "\t".join(map(printable, cells)) + "\n"


def _test(hook: Hook, clock: Clock, time: WireTime) -> int:
    """Send one event of its own to a hook's receiver, signed as any other."""
    from consult.hooks.receiver import PATIENCE, Receiver

    now, told_id = clock(), f"evt_test_{secrets.token_hex(6)}"
    body = encoded(TRIAL, now, Trial(hook=hook.name), time)
    receiver = Receiver(hook.url, clock)
    watch = threading.Timer(PATIENCE, receiver.cut)
    watch.start()
    answer = receiver.post(body, signed(hook.secret, told_id, now, body))
    watch.cancel()
    if answer.fault is not None:
        return fail(f"hook {hook.name}: its receiver {answer.fault}")
    return tell(f"hook {hook.name}: its receiver took the event, with {answer.status}\n")


def _replay(text: str, database: Path) -> int:
    found = _ID.fullmatch(text)
    if found is None:
        fail(f"hooks replay: {text!r} is no id, such as `careline hooks list` shows them")
        return 2
    count = outbox.replay(database, found[1], int(found[2]))
    if not count:
        return fail(f"{text} is no dead letter of a hook")
    return tell(f"{text} is told again to {count} hook{'s' if count != 1 else ''}\n")
