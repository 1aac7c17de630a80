"""The words after `careline`: the subcommand, what it takes, and the options of the settings."""

from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from consult.documents.formats import FORMATS
from consult.process import entry_commands, install, settings
from consult.process.settings import Setting

_TAKE_FILE = ("backup", "restore", "key")


@dataclass(frozen=True, slots=True)
class Words:
    command: str
    file: Path  # of the commands that take one
    form: str  # of `protocol`
    agreed: bool  # `install` and `restore` need not ask
    shown: bool  # `install` is only to show what it would
    with_tokens: bool  # `install` makes a key file
    given: dict[str, str]  # of `token` and `audit`
    options: dict[str, str | None]  # by the setting's name


def read(arguments: Sequence[str], commands: Sequence[str], table: Sequence[Setting]) -> Words:
    """Ends the program with status 2, and says why, where they make no sense."""
    parser = ArgumentParser(
        prog="careline",
        description="A real-time consultation and reminder server for elder-care clinics.",
        epilog="Every option has an environment variable, --log-level for one CARELINE_LOG_LEVEL; the option wins.",
    )
    parser.add_argument("command", nargs="?", default="serve", choices=commands)
    parser.add_argument("file", nargs="?", type=Path, help="what `backup` and `key` write and `restore` reads")
    parser.add_argument("--format", choices=FORMATS, help="what `protocol` prints (default: markdown)")
    parser.add_argument("--yes", action="store_true", help="`install` and `restore` do not ask")
    parser.add_argument("--print", action="store_true", help="`install` prints its systemd unit and does nothing else")
    text = f"`install` makes the key file {install.KEY}, if there is none, and every client must show a token"
    parser.add_argument("--with-tokens", action="store_true", help=text)
    entry_commands.add_options(parser)
    for setting in table:
        optional: dict[str, Any] = {"nargs": "?", "const": "true"} if setting.parse is settings.flag else {}
        parser.add_argument(setting.option, help=f"{setting.help} (default: {setting.default or 'none'})", **optional)
    options = vars(parser.parse_intermixed_args(arguments))
    command, file, form = options.pop("command"), options.pop("file"), options.pop("format")
    agreed, shown, with_tokens = options.pop("yes"), options.pop("print"), options.pop("with_tokens")
    given = entry_commands.take(options)
    if (command in _TAKE_FILE) != (file is not None):
        parser.error(f"{command} takes {'no' if file else 'a'} FILE")
    if form is not None and command != "protocol":
        parser.error(f"{command} takes no --format")
    if agreed and command not in ("install", "restore"):
        parser.error(f"{command} takes no --yes")
    if (shown or with_tokens) and command != "install":
        parser.error(f"{command} takes no {'--print' if shown else '--with-tokens'}")
    if entry_commands.not_for(command, given):
        parser.error(f"{command} takes no {entry_commands.not_for(command, given)}")
    return Words(command, file, form or "markdown", agreed, shown, with_tokens, given, options)
