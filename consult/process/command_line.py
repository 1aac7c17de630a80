"""The words after `careline`: the subcommand, what it takes, and the options of the settings."""

import re
from argparse import SUPPRESS, ArgumentParser, HelpFormatter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from consult.contract.permissions import TOKEN_TYPES
from consult.documents.formats import FORMATS
from consult.entry.tokens import USUAL_TTL
from consult.process import hooks_commands, settings
from consult.process.install import Wanted
from consult.process.settings import SETTINGS, nearest
from consult.process.standard_streams import fail
from consult.process.units import CONFIGURATION, KEY

_EVERY_SETTING = tuple(setting.name for setting in SETTINGS)
_BY_NAME = {setting.name: setting for setting in SETTINGS}
_WRONG_CHOICE = re.compile(r"argument (\S+): invalid choice: '(.*?)' ")  # in argparse's words
_Help = partial(HelpFormatter, max_help_position=34)


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

    @property
    def asks_service(self) -> bool:
        """Whether it takes the settings of the installed service, or of the cell that is named."""
        return _CELL in self.options


_YES = Option("--yes", "do not ask", is_switch=True)
_CELL = Option("--cell", "read the settings of that installed cell")
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
        f"make the key file {KEY}, if there is none; every client must show a token",
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
        Command(
            "check",
            "look at the settings and the database, integrity included",
            options=(_CELL,),
            settings=_EVERY_SETTING,
        ),
        Command(
            "status",
            "ask the server that runs how it is",
            options=(_CELL,),
            settings=("host", "port", "allowed_hosts", "auth_secret_file", "tls_certificate", "log_level"),
        ),
        Command(
            "backup",
            "copy the database",
            "the copy to write",
            options=(_CELL,),
            settings=("database", "log_level"),
        ),
        Command(
            "restore",
            "put a copy in place of the database",
            "the copy to read",
            options=(_YES, _CELL),
            settings=("database", "timezone", "log_level"),
        ),
        Command(
            "drill",
            "restore the newest copy in --backup-folder for trial, and check it",
            options=(_CELL,),
            settings=("database", "backup_folder", "timezone", "log_level"),
        ),
        Command("key", "make a file with a signing key", "the file to write"),
        Command(
            "token",
            "make a token, or revoke some",
            options=(*_TOKEN, _CELL),
            settings=("auth_secret_file", "database", "log_level"),
        ),
        Command(
            "audit", "print who did what", options=(*_AUDIT, _CELL), settings=("database", "timezone", "log_level")
        ),
        Command(
            "hooks",
            "show what waits for each hook, try one, or tell a dead letter again",
            words=hooks_commands.USAGE,
            options=(_CELL,),
            settings=("hooks", "database", "timezone", "log_level"),
        ),
        Command("protocol", "print a document of the protocol", options=(_FORMAT,)),
        Command(
            "install", "make a service of this program, or bring it up to date", options=_INSTALL, settings=("port",)
        ),
        Command("help", "show what a subcommand takes", words="COMMAND"),
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
    """Read the arguments. End the program with status 2, and say why in one line, where they make no sense."""
    parser = _parser(set(arguments) & COMMANDS.keys())
    known, unknown = parser.parse_known_args(arguments)
    found = vars(known)
    command = COMMANDS[found.pop("command")]
    if unknown:
        parser.error(_unknown(command, unknown[0]))
    if command.name == "help":
        parser.parse_args([*found["words"][:1], "--help"])  # which ends the program
    options = {name: found.pop(name) for name in _EVERY_SETTING if name in found}
    file, words = found.pop("file", None), found.pop("words", [])
    # An option may stand before the subcommand, which does not know yet whether it takes it.
    strange = found.keys() - {option.key for option in command.options}
    if strange:
        parser.error(_unknown(command, f"--{min(strange).replace('_', '-')}"))
    form, agreed, shown = found.pop("format", "markdown"), found.pop("yes", False), found.pop("print", False)
    with_tokens, cell, replica = found.pop("with_tokens", False), found.pop("cell", None), found.pop("replica", None)
    wanted = Wanted(with_tokens=with_tokens, cell=cell, port=options.get("port"), replica=replica)
    return Words(command.name, file, form, agreed, shown, wanted, words, found, options)


def _unknown(command: Command, word: str) -> str:
    """Say what is wrong with a word that the subcommand does not take."""
    see = f"`careline {command.name} --help` shows what it takes"
    if not word.startswith("-"):
        return f"{command.name} takes {'one' if command.file else 'no'} FILE ({word!r}); {see}"
    name = word.partition("=")[0]
    its_own = [option.name for option in command.options] + [_BY_NAME[one].option for one in _EVERY_SETTING]
    return f"{command.name} takes no {name}{nearest(name, its_own)}; {see}"


class _Parser(ArgumentParser):
    """A parser that says what is wrong in one line, without the usage before it."""

    def error(self, message: str) -> NoReturn:
        wrong = _WRONG_CHOICE.match(message)
        if wrong is not None:
            what, known = ("subcommand", COMMANDS) if wrong[1] == "COMMAND" else (wrong[1], FORMATS)
            message = f"there is no {what} {wrong[2]!r}{nearest(wrong[2], known)}; there are {', '.join(known)}"
        fail(message.removeprefix("argument "))
        self.exit(2)


def _parser(named: set[str]) -> ArgumentParser:
    """Only the subcommands that are named get their options: to make those of all takes longer than the rest."""
    parser = _Parser(
        prog="careline",
        usage="careline [COMMAND] [OPTION ...]",
        description="A real-time consultation and reminder server for elder-care clinics.",
        epilog="`careline COMMAND --help` shows what one takes, `careline serve --help` every setting.",
        formatter_class=_Help,
    )
    commands = parser.add_subparsers(title="subcommands", prog="careline", dest="command", metavar="COMMAND")
    parser.set_defaults(command="serve")
    shown = "print the version and end"
    parser.add_argument(
        "-V", "--version", dest="command", action="store_const", const="version", default=SUPPRESS, help=shown
    )
    for option in {option.name: option for command in COMMANDS.values() for option in command.options}.values():
        _add_option(parser, option, SUPPRESS)
    _add_settings(parser, ())
    for command in COMMANDS.values():
        takes = "FILE " if command.file else f"[{command.words}] " if command.words else ""
        its_own = commands.add_parser(
            command.name,
            help=command.help,
            usage=f"careline {command.name} {takes}[OPTION ...]",
            description=f"{command.help[0].upper()}{command.help[1:]}.",
            epilog=_epilog(command),
            formatter_class=_Help,
        )
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


def _epilog(command: Command) -> str:
    if not command.settings or command.name == "install":
        return ""
    variables = "Every setting has an environment variable, --log-level for one CARELINE_LOG_LEVEL; the option wins."
    return (
        f"{variables} Those of the installed service come last, from {CONFIGURATION}."
        if command.asks_service
        else variables
    )


def _add_option(parser: ArgumentParser, option: Option, help_text: str) -> None:
    takes: dict[str, Any] = {"choices": option.choices}
    if option.is_switch:
        takes = {"action": "store_true"}
    elif option.choices is None:
        takes = {"metavar": _value(option.key)}
    parser.add_argument(option.name, help=help_text, default=SUPPRESS, **takes)


def _add_settings(parser: ArgumentParser, shown: Collection[str]) -> None:
    """Add every setting, and show these, in their order. One that is not given is left to what stood before the
    subcommand."""
    group = parser.add_argument_group("settings") if shown else parser
    for name in (*shown, *(name for name in _EVERY_SETTING if name not in shown)):
        setting = _BY_NAME[name]
        takes: dict[str, Any] = {"nargs": "?", "const": "true"} if setting.parse is settings.flag else {}
        takes["metavar"] = _value(name)
        text = f"{setting.help} (default: {setting.default or 'none'})" if name in shown else SUPPRESS
        group.add_argument(setting.option, help=text, default=SUPPRESS, **takes)


def _value(key: str) -> str:
    """Return what stands for an option's value: the last word of its name."""
    return key.rpartition("_")[2].upper()
