"""The command line: settings, their faults, `check`, `version`, and what is printed where."""

from __future__ import annotations

import os
import re
import signal
import socket
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from consult.process.command_line import COMMANDS
from tests.conftest import StartServer
from tests.server import COMMAND, Server, environment, run, start_in


def check_refused(result_stderr: str, *settings: str) -> None:
    """Hold a refusal to naming each of these settings (as option or as variable), without a traceback."""
    assert "Traceback" not in result_stderr
    for setting in settings:
        option, variable = f"--{setting}", f"CARELINE_{setting.upper().replace('-', '_')}"
        assert option in result_stderr or variable in result_stderr, (setting, result_stderr)


def one_line(text: str) -> str:
    """Give the only line of a text."""
    lines = text.splitlines()
    assert len(lines) == 1, text
    assert "Traceback" not in text
    return lines[0]


class TestSettings:
    @pytest.mark.parametrize("command", ["serve", "check"])
    def test_all_faults_are_reported_at_once(self, tmp_path: Path, command: str) -> None:
        wrong = ["--port", "70000", "--timezone", "Mars/Olympus", "--log-level", "loud"]
        result = run(command, *wrong, env={"CARELINE_ALLOW_OPEN": "perhaps"}, folder=tmp_path)
        assert result.returncode == 2
        assert result.stdout == ""
        check_refused(result.stderr, "port", "timezone", "log-level", "allow-open")
        assert list(tmp_path.iterdir()) == [], "a refused start makes no database"

    @pytest.mark.parametrize(
        ("setting", "value"),
        [
            ("port", "-1"),
            ("port", "65536"),
            ("port", "http"),
            ("timezone", "Nowhere"),
            ("timezone", "../../etc/passwd"),
            ("timezone", "/etc/localtime"),
            ("log-level", "everything"),
            ("allow-open", "yes"),
            ("allow-open", "2"),
            ("allowed-origins", "app.example.com"),
        ],
    )
    def test_a_wrong_variable_is_named(self, tmp_path: Path, setting: str, value: str) -> None:
        variable = f"CARELINE_{setting.upper().replace('-', '_')}"
        result = run("check", "--database", "x.db", env={variable: value}, folder=tmp_path)
        assert result.returncode == 2
        check_refused(result.stderr, setting)

    @pytest.mark.parametrize("value", ["70000", "-5", "x"])
    def test_a_wrong_option_is_named(self, tmp_path: Path, value: str) -> None:
        result = run("serve", f"--port={value}", folder=tmp_path)
        assert result.returncode == 2
        check_refused(result.stderr, "port")

    def test_an_option_that_nobody_knows(self, tmp_path: Path) -> None:
        result = run("serve", "--colour", "blue", folder=tmp_path)
        assert result.returncode == 2
        assert "--colour" in one_line(result.stderr)

    def test_a_misspelt_variable_is_named_with_the_right_one(self, tmp_path: Path) -> None:
        env = {"CARELINE_DATABSE": "x.db", "CARELINE_COLOUR": "blue", "CARELINE_PORT": "x"}
        result = run("check", env=env, folder=tmp_path)
        assert (result.returncode, result.stdout) == (2, "")
        check_refused(result.stderr, "port")
        assert result.stderr.splitlines()[1:] == [
            "careline: CARELINE_COLOUR: there is no such setting",
            "careline: CARELINE_DATABSE: there is no such setting (did you mean CARELINE_DATABASE?)",
        ]
        del env["CARELINE_PORT"]
        result = run("check", env=env, folder=tmp_path)
        assert (result.returncode, result.stdout) == (2, ""), "the other settings are in order"
        assert "CARELINE_DATABASE" in result.stderr

    def test_a_misspelt_variable_is_a_warning_of_a_server(self, start_server: StartServer) -> None:
        """It may be another program's: the server starts."""
        server = start_server(env={"CARELINE_ALLOWED_HOST": "clinic.example"})
        assert "did you mean CARELINE_ALLOWED_HOSTS?" in server.stderr()

    @pytest.mark.parametrize("host", ["0.0.0.0", "::"])
    @pytest.mark.parametrize("off", [None, "0", "false"])
    def test_an_open_address_is_refused(self, tmp_path: Path, host: str, off: str | None) -> None:
        env = {} if off is None else {"CARELINE_ALLOW_OPEN": off}
        result = run("serve", "--port", "0", "--host", host, env=env, folder=tmp_path)
        assert result.returncode == 2
        assert result.stdout == ""
        check_refused(result.stderr, "host", "allow-open")

    @pytest.mark.parametrize("on", ["1", "true"])
    def test_an_open_address_may_be_allowed(self, tmp_path: Path, on: str) -> None:
        env = {"CARELINE_ALLOW_OPEN": on, "CARELINE_DATABASE": "x.db"}
        result = run("check", "--host", "0.0.0.0", env=env, folder=tmp_path)
        assert result.returncode == 0, result.stderr

    def test_variables(self, start_server: StartServer, tmp_path: Path) -> None:
        """The option wins over its variable, also over one that is wrong."""
        elsewhere = tmp_path / "elsewhere.db"
        env = {"CARELINE_DATABASE": str(elsewhere), "CARELINE_PORT": "wrong", "CARELINE_TIMEZONE": "Europe/Berlin"}
        server = start_server("--port", "0", "--timezone", "America/Lima", env=env)
        assert server.database.exists()
        assert not elsewhere.exists()
        assert "America/Lima" in server.stderr()
        assert server.make_reminder(1, "2030-01-01T12:00:00Z")["remind_at"] == "2030-01-01 07:00:00"

    @pytest.mark.parametrize("command", ["serve", None])
    def test_variables_alone(self, tmp_path: Path, command: str | None) -> None:
        """Every setting may come from the environment, and no subcommand means `serve`."""
        env = {"CARELINE_PORT": "0", "CARELINE_DATABASE": "named.db", "CARELINE_TIMEZONE": "America/Lima"}
        server = Server(tmp_path, env=env)
        server.start([command] if command else [])
        assert server.make_reminder(1, "2030-01-01T12:00:00Z")["remind_at"] == "2030-01-01 07:00:00"
        server.stop()
        assert (tmp_path / "named.db").exists()

    def test_log_levels(self, start_server: StartServer) -> None:
        server = start_server("--log-level", "error")
        server.open_question()
        server.stop()
        assert server.stderr() == ""


class TestFailedStarts:
    def test_the_port_is_in_use(self, tmp_path: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = str(taken.getsockname()[1])
            result = run("serve", "--port", port, "--database", "x.db", "--log-level", "error", folder=tmp_path)
        assert result.returncode == 1
        assert result.stdout == ""
        assert port in one_line(result.stderr)

    @pytest.mark.parametrize("command", ["serve", "check"])
    @pytest.mark.parametrize("kind", ["text", "folder", "no folder", "other tables"])
    def test_a_bad_database(self, tmp_path: Path, command: str, kind: str) -> None:
        database = tmp_path / "bad.db"
        match kind:
            case "text":
                database.write_text("no database at all, whatever its name says\n" * 100)
            case "folder":
                database.mkdir()
            case "no folder":
                database = tmp_path / "missing" / "bad.db"
            case _:
                with closing(sqlite3.connect(database)) as connection:
                    connection.execute("CREATE TABLE message (other TEXT)")
                    connection.commit()
        before = database.read_bytes() if database.is_file() else b""
        arguments = ["--port", "0", "--database", str(database), "--log-level", "error"]
        result = run(command, *arguments, folder=tmp_path)
        assert result.returncode == 1
        assert result.stdout == ""
        assert str(database) in one_line(result.stderr)
        assert not before or database.read_bytes() == before, "what is no database of ours stays as it was"


class TestCheck:
    def made(self, server: Server) -> Path:
        """Give the database of a server that has stopped, with something in it."""
        for number in range(200):
            server.open_question("问" * 100, number + 1)
        server.stop()
        return server.database

    def test_a_sound_database(self, start_server: StartServer, tmp_path: Path) -> None:
        database = self.made(start_server())
        result = run("check", "--database", str(database), folder=tmp_path)
        assert (result.returncode, "Traceback" in result.stderr) == (0, False), result.stderr

    def test_beside_a_running_server(self, start_server: StartServer, tmp_path: Path) -> None:
        server = start_server()
        server.open_question()
        result = run("check", "--port", "0", "--database", str(server.database), folder=tmp_path)
        assert result.returncode == 0, result.stderr
        server.open_question()

    def test_a_damaged_database(self, start_server: StartServer, tmp_path: Path) -> None:
        database = self.made(start_server())
        content = bytearray(database.read_bytes())
        # Past the schema's page, so that the file still opens and only a look at its integrity finds the damage.
        content[len(content) // 2 :] = b"\xa5" * (len(content) - len(content) // 2)
        database.write_bytes(content)
        result = run("check", "--database", str(database), "--log-level", "error", folder=tmp_path)
        assert result.returncode == 1
        assert str(database) in one_line(result.stderr)


class TestOutput:
    def test_version(self, tmp_path: Path) -> None:
        result = run("version", folder=tmp_path)
        assert result.returncode == 0
        assert re.match(r"careline \d+\.\d+\.\d+\n", result.stdout)
        assert result.stderr == ""
        assert list(tmp_path.iterdir()) == []

    def test_help_tells_every_option(self, tmp_path: Path) -> None:
        result = run("serve", "--help", folder=tmp_path)
        assert result.returncode == 0
        options = [
            "host",
            "port",
            "database",
            "timezone",
            "log-level",
            "allow-open",
            "allowed-origins",
            "allowed-hosts",
        ]
        assert [name for name in options if f"--{name}" not in result.stdout] == []

    @pytest.mark.parametrize("word", ["--version", "-V"])
    def test_version_as_an_option(self, tmp_path: Path, word: str) -> None:
        assert run(word, folder=tmp_path).stdout == run("version", folder=tmp_path).stdout

    @pytest.mark.parametrize(
        ("words", "same"), [(["help"], ["--help"]), (["help", "token"], ["token", "--help"]), (["-h"], ["--help"])]
    )
    def test_help_as_a_subcommand(self, tmp_path: Path, words: list[str], same: list[str]) -> None:
        result = run(*words, folder=tmp_path)
        assert (result.returncode, result.stderr) == (0, "")
        assert result.stdout == run(*same, folder=tmp_path).stdout

    def test_help_begins_with_what_there_is_to_do(self, tmp_path: Path) -> None:
        """Each subcommand with what it does; the settings are in the help of `serve`."""
        text = run("--help", folder=tmp_path).stdout
        assert re.findall(r"^    ([a-z]+) +\S", text, re.MULTILINE) == list(COMMANDS)
        assert "--database" not in text
        assert "careline serve --help" in text

    @pytest.mark.parametrize("command", COMMANDS)
    def test_help_of_a_subcommand_begins_with_what_it_does(self, tmp_path: Path, command: str) -> None:
        usage, empty, does = run(command, "--help", folder=tmp_path).stdout.splitlines()[:3]
        assert (usage.startswith(f"usage: careline {command}"), empty) == (True, "")
        assert re.fullmatch(r"[A-Z].*", does)

    @pytest.mark.parametrize(
        ("words", "told"),
        [
            (["serv"], "there is no subcommand 'serv' (did you mean serve?); there are serve, check,"),
            (["help", "tokne"], "there is no subcommand 'tokne' (did you mean token?)"),
            (["serve", "--databse", "x.db"], "serve takes no --databse (did you mean --database?)"),
            (["serve", "--databse=x.db"], "serve takes no --databse (did you mean --database?)"),
            (["token", "--usr-id", "3"], "token takes no --usr-id (did you mean --user-id?); `careline token --help`"),
            (["protocol", "--format", "openap"], "there is no --format 'openap' (did you mean openapi?)"),
            (["check", "now"], "check takes no FILE ('now'); `careline check --help`"),
            (["backup"], "FILE"),
            (["serve", "--port"], "--port: expected one argument"),
            (["--yes", "check"], "check takes no --yes"),
        ],
    )
    def test_a_mistake_is_one_line_that_names_the_right_word(self, tmp_path: Path, words: list[str], told: str) -> None:
        result = run(*words, folder=tmp_path)
        assert (result.returncode, result.stdout) == (2, "")
        assert told in one_line(result.stderr)

    def test_all_that_is_wrong_with_a_token_is_told_at_once(self, tmp_path: Path) -> None:
        wrong = ["--user-id", "0", "--user-type", "elder", "--ttl", "soon", "--questions", "1,x", "--name", ""]
        result = run("token", *wrong, folder=tmp_path)
        assert (result.returncode, result.stdout) == (2, "")
        told = ["auth-secret-file", "user-id", "user-type", "ttl", "questions", "name"]
        assert [f"--{name}" in line for name, line in zip(told, result.stderr.splitlines(), strict=True)] == [True] * 6

    @pytest.mark.parametrize(
        ("command", "shown", "not_shown"),
        [
            ("token", {"--user-type", "--revoke", "--auth-secret-file", "--database"}, {"--since", "--port", "--yes"}),
            ("audit", {"--since", "--user-id", "--timezone"}, {"--revoke", "--port"}),
            ("restore", {"--yes", "--database", "FILE"}, {"--with-tokens", "--port"}),
            ("install", {"--yes", "--print", "--with-tokens"}, {"--database", "FILE"}),
            ("version", set(), {"--database", "--format", "FILE"}),
        ],
    )
    def test_help_of_a_subcommand_is_of_it_alone(
        self, tmp_path: Path, command: str, shown: set[str], not_shown: set[str]
    ) -> None:
        result = run(command, "--help", folder=tmp_path)
        assert result.returncode == 0
        words = set(re.findall(r"--[a-z-]+|FILE", result.stdout))
        assert shown <= words
        assert not not_shown & words

    @pytest.mark.parametrize(
        ("words", "told"),
        [
            (("--database", "no.db", "check", "--log-level", "error"), "database: no.db does not exist"),
            (("check", "--port", "0", "--database", "no.db"), "database: no.db does not exist"),
            (("--database", "other.db", "check", "--database", "no.db"), "database: no.db does not exist"),
            (("--yes", "--database=no.db", "restore", "no-copy.db"), "no-copy.db"),
            (("--format", "asyncapi", "protocol"), '"asyncapi": "'),
        ],
    )
    def test_options_may_stand_on_either_side_of_the_subcommand(
        self, tmp_path: Path, words: tuple[str, ...], told: str
    ) -> None:
        result = run(*words, folder=tmp_path)
        assert told in result.stdout + result.stderr

    @pytest.mark.parametrize("words", [("--yes", "check"), ("check", "--yes"), ("--since", "2025-01-01", "token")])
    def test_options_of_another_subcommand_are_refused(self, tmp_path: Path, words: tuple[str, ...]) -> None:
        result = run(*words, folder=tmp_path)
        assert (result.returncode, result.stdout) == (2, "")
        assert next(word for word in words if word.startswith("--")) in result.stderr

    def test_a_start_on_a_terminal_has_no_line_of_a_library(self, tmp_path: Path) -> None:
        master, terminal = os.openpty()
        arguments = [*COMMAND, "serve", "--port", "0", "--database", "x.db"]
        with subprocess.Popen(
            arguments, stdout=terminal, stderr=subprocess.PIPE, text=True, env=environment(), **start_in(tmp_path)
        ) as server:
            os.close(terminal)
            with os.fdopen(master, "rb", buffering=0) as told:
                assert told.readline().startswith(b"Careline listening on ")
                server.terminate()
                _, errors = server.communicate(timeout=20)
        assert "sanic" not in errors

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_standard_output_is_the_one_line(self, start_server: StartServer, number: signal.Signals) -> None:
        server = start_server("--log-level", "debug")
        server.open_question()
        server.stop(number)
        assert server.stderr() != ""
