"""The words after `careline`: the subcommand, what it takes, and the options of the settings."""

from argparse import SUPPRESS, ArgumentParser
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from consult.contract.permissions import TOKEN_TYPES
from consult.documents.formats import FORMATS
from consult.entry.tokens import USUAL_TTL
from consult.process import hooks_commands, settings, units
from consult.process.install import Wanted
from consult.process.settings import SETTINGS

_EVERY_SETTING = tuple(setting.name for setting in SETTINGS)


@dataclass(frozen=True, slots=True)
class Option:
    """An option of a subcommand, beside the settings."""

    name: str
    help: str
    choices: Collection[str] | None = None
    is_switch: bool = False

    @property
    def key(self) -> str:
        return self.name.removeprefix("--").replace("-", "_")


@dataclass(frozen=True, slots=True)
class Command:
    """A subcommand. It takes every setting, and its help shows those that it reads."""

    name: str
    help: str
    file: str = ""  # what its FILE is; empty where it takes none
    words: str = ""  # which further words it takes
    options: tuple[Option, ...] = ()
    settings: tuple[str, ...] = ()


_YES = Option("--yes", "do not ask", is_switch=True)
_TOKEN = (
    Option("--user-id", "the user that the token is for"),
    Option("--user-type", f"one of {', '.join(TOKEN_TYPES)}"),
    Option("--ttl", f"seconds that the token is good for (default: {USUAL_TTL})"),
    Option("--name", "the name to show; left out, the client may choose one"),
    Option("--questions", "ids of the questions that FAMILY may come to, separated by commas"),
    Option("--elders", "user ids of the elders whose questions and reminders FAMILY may see, separated by commas"),
    Option("--revoke", "a token that is to be good no more, also for a server that runs"),
    Option("--revoke-user", "a user's id: all its tokens until now are revoked, with --user-type those of that type"),
)
_AUDIT = (
    Option("--user-id", "whose rows to show (default: everybody's)"),
    Option("--since", "from when on to show rows, as YYYY-MM-DD HH:MM:SS (default: all of them)"),
)
_INSTALL = (
    _YES,
    Option("--print", "print the systemd unit and do nothing else", is_switch=True),
    Option(
        "--with-tokens",
        f"make the key file {units.KEY}, if there is none; every client must show a token",
        is_switch=True,
    ),
    Option("--cell", "install one of many: a service of that name, with settings, key, user and database of its own"),
    Option("--replica", "install a service that keeps a replica of every database in that folder, by Litestream"),
)
_FORMAT = Option("--format", "what to print (default: markdown)", choices=FORMATS)
COMMANDS = {
    command.name: command
    for command in (
        Command("serve", "run the server, as without any subcommand", settings=_EVERY_SETTING),
        Command("check", "look at the settings and the database, integrity included", settings=_EVERY_SETTING),
        Command(
            "status",
            "ask the server that runs how it is",
            settings=("host", "port", "allowed_hosts", "auth_secret_file", "tls_certificate", "log_level"),
        ),
        Command("backup", "copy the database", "the copy to write", settings=("database", "log_level")),
        Command(
            "restore",
            "put a copy in place of the database",
            "the copy to read",
            options=(_YES,),
            settings=("database", "timezone", "log_level"),
        ),
        Command(
            "drill",
            "restore the newest copy in --backup-folder for trial, and check it",
            settings=("database", "backup_folder", "timezone", "log_level"),
        ),
        Command("key", "make a file with a signing key", "the file to write"),
        Command(
            "token",
            "make a token, or revoke some",
            options=_TOKEN,
            settings=("auth_secret_file", "database", "log_level"),
        ),
        Command("audit", "print who did what", options=_AUDIT, settings=("database", "timezone", "log_level")),
        Command(
            "hooks",
            "show what waits for each hook, try one, or tell a dead letter again",
            words=hooks_commands.USAGE,
            settings=("hooks", "database", "timezone", "log_level"),
        ),
        Command("protocol", "print a document of the protocol", options=(_FORMAT,)),
        Command(
            "install", "make a service of this program, or bring it up to date", options=_INSTALL, settings=("port",)
        ),
        Command("version", "print the version, the build and the libraries"),
        Command("notices", "print the licence texts of what this program contains"),
    )
}


@dataclass(frozen=True, slots=True)
class Words:
    command: str
    file: Path  # of the commands that take one
    form: str  # of `protocol`
    agreed: bool  # `install` and `restore` need not ask
    shown: bool  # `install` is only to show what it would
    wanted: Wanted  # of `install`
    words: list[str]  # of `hooks`
    given: dict[str, str]  # of `token` and `audit`
    options: dict[str, str | None]  # by the setting's name


def read(arguments: Sequence[str]) -> Words:
    """Read the arguments. End the program with status 2, and say why, where they make no sense."""
    parser = _parser(set(arguments) & COMMANDS.keys())
    known, unknown = parser.parse_known_args(arguments)
    found = vars(known)
    command = COMMANDS[found.pop("command")]
    if unknown and not unknown[0].startswith("-") and not command.file:
        parser.error(f"{command.name} takes no FILE: {unknown[0]}")
    if unknown:
        parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    options = {name: found.pop(name) for name in _EVERY_SETTING if name in found}
    file, words = found.pop("file", None), found.pop("words", [])
    # An option may stand before the subcommand, which does not know yet whether it takes it.
    strange = found.keys() - {option.key for option in command.options}
    if strange:
        parser.error(f"{command.name} takes no --{min(strange).replace('_', '-')}")
    form, agreed, shown = found.pop("format", "markdown"), found.pop("yes", False), found.pop("print", False)
    with_tokens, cell, replica = found.pop("with_tokens", False), found.pop("cell", None), found.pop("replica", None)
    wanted = Wanted(with_tokens=with_tokens, cell=cell, port=options.get("port"), replica=replica)
    return Words(command.name, file, form, agreed, shown, wanted, words, found, options)


def _parser(named: set[str]) -> ArgumentParser:
    """Only the subcommands that are named get their options: to make those of all takes longer than the rest."""
    parser = ArgumentParser(
        prog="careline",
        usage="careline [COMMAND] [OPTION ...]",
        description="A real-time consultation and reminder server for elder-care clinics.",
        epilog="Every setting has an environment variable, --log-level for one CARELINE_LOG_LEVEL; the option wins.",
    )
    commands = parser.add_subparsers(
        title="subcommands",
        prog="careline",
        dest="command",
        metavar="COMMAND",
        description="`careline COMMAND --help` shows what one takes",
    )
    parser.set_defaults(command="serve")
    for option in {option.name: option for command in COMMANDS.values() for option in command.options}.values():
        _add_option(parser, option, SUPPRESS)
    _add_settings(parser, _EVERY_SETTING)
    for command in COMMANDS.values():
        epilog = parser.epilog if command.settings else None
        its_own = commands.add_parser(command.name, help=command.help, description=command.help, epilog=epilog)
        if command.name not in named:
            continue
        if command.file:
            its_own.add_argument("file", metavar="FILE", type=Path, help=command.file)
        if command.words:
            its_own.add_argument("words", metavar="WORD", nargs="*", help=command.words)
        for option in command.options:
            _add_option(its_own, option, option.help)
        _add_settings(its_own, command.settings)
    return parser


def _add_option(parser: ArgumentParser, option: Option, help_text: str) -> None:
    takes: dict[str, Any] = {"action": "store_true"} if option.is_switch else {"choices": option.choices}
    parser.add_argument(option.name, help=help_text, default=SUPPRESS, **takes)


def _add_settings(parser: ArgumentParser, shown: Collection[str]) -> None:
    """Add every setting, and show these. One that is not given is left to what stood before the subcommand."""
    group = parser.add_argument_group("settings") if shown else parser
    for setting in SETTINGS:
        takes: dict[str, Any] = {"nargs": "?", "const": "true"} if setting.parse is settings.flag else {}
        text = f"{setting.help} (default: {setting.default or 'none'})" if setting.name in shown else SUPPRESS
        group.add_argument(setting.option, help=text, default=SUPPRESS, **takes)
