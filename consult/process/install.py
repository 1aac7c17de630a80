"""`careline install`: the packaged binary as a service that systemd starts, watches and starts again."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from consult.entry.key_file import KeyFault, make_key, read_keys
from consult.process.settings import SETTINGS
from consult.process.standard_streams import fail, tell

BINARY = Path("/usr/local/bin/careline")
UNIT = Path("/etc/systemd/system/careline.service")
USER = Path("/etc/sysusers.d/careline.conf")
CONFIGURATION = Path("/etc/careline.conf")
KEY = Path("/etc/careline.key")
KEY_SETTING = f"CARELINE_AUTH_SECRET_FILE={KEY}"
RUNNING = Path("/run/systemd/system")  # there where systemd runs this machine (sd_booted(3))

UNIT_TEXT = f"""\
# Careline, as `careline install` puts it in place. Settings belong in {CONFIGURATION}; changes of the unit into
# `systemctl edit careline`, where a new version's installation leaves them alone.

[Unit]
Description=Careline, the consultation and reminder server
After=network.target
# It is to come back whatever happens and however often, so systemd never gives up.
StartLimitIntervalSec=0

[Service]
Type=notify
# What systemd starts unpacks the server and starts it; it is the server that says it is ready.
NotifyAccess=all
# A server that was killed leaves what it had unpacked.
ExecStartPre=/bin/sh -c 'rm -rf /var/cache/careline/_MEI*'
ExecStart={BINARY} serve
# `systemctl reload careline` has the certificate and the signing keys read again.
ExecReload=/bin/sh -c 'kill -HUP "$MAINPID"'
Restart=on-failure
# From systemd 254 on the pause between restarts can grow to a minute: put these two lines into `systemctl edit
# careline`. systemd 252 does not know them, and pauses for five seconds each time.
#   RestartSteps=6
#   RestartMaxDelaySec=60
RestartSec=5
# Wrong settings do not mend by themselves.
RestartPreventExitStatus=2
# A server whose reminders have not been looked at for this long is started again.
WatchdogSec=60
# A new version may have to back up and change a big database first.
TimeoutStartSec=infinity
TimeoutStopSec=15

User=careline
StateDirectory=careline
StateDirectoryMode=0750
CacheDirectory=careline
WorkingDirectory=/var/lib/careline
Environment=CARELINE_DATABASE=/var/lib/careline/careline.db
EnvironmentFile=-{CONFIGURATION}
UMask=0027

# The program is unpacked there: into a folder of its own that systemd-tmpfiles does not clean, as it does with /tmp.
Environment=TMPDIR=/var/cache/careline
CacheDirectoryMode=0700
PrivateTmp=yes
# Beyond these something is wrong: a restart is better than a machine without memory. 256 MB is usual.
MemoryMax=1G
TasksMax=128
# A core file would hold the signing key and what patients said.
LimitCORE=0
# A database elsewhere than in /var/lib/careline needs ReadWritePaths= with its folder.
ProtectSystem=strict
ProtectHome=yes
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
# For the ports below 1024, and nothing else.
AmbientCapabilities=CAP_NET_BIND_SERVICE
CapabilityBoundingSet=CAP_NET_BIND_SERVICE
NoNewPrivileges=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RemoveIPC=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
"""
SERVICE_USER = "careline"
_MAKE_USER = ["systemd-sysusers", str(USER)]
USER_TEXT = 'u careline - "Careline" /var/lib/careline\n'


def install(agreed: bool, with_tokens: bool) -> int:
    """Say what it will do, ask unless that is `agreed`, and do it; return the exit status."""
    if not getattr(sys, "frozen", False):
        return fail("only the packaged binary can be installed; `make binary` makes it")
    if shutil.which("systemctl") is None:
        return fail("this machine has no systemd")
    commands = [["systemctl", "enable", UNIT.name]]
    if RUNNING.is_dir():
        commands += [["systemctl", "daemon-reload"], ["systemctl", "restart", UNIT.name]]
    tell(_plan(commands, with_tokens))
    if os.geteuid() != 0:
        return fail("only root may do that")
    if not (agreed or _confirmed()):
        return fail("nothing was changed")
    try:
        _put(BINARY, Path(sys.executable).read_bytes(), 0o755)
        _put(USER, USER_TEXT.encode(), 0o644)
        _put(UNIT, UNIT_TEXT.encode(), 0o644)
        if not CONFIGURATION.exists():
            _put(CONFIGURATION, configuration().encode(), 0o644)
        subprocess.run(_MAKE_USER, check=True)
        if with_tokens:
            _ask_for_tokens()
        for command in commands:
            subprocess.run(command, check=True)
    except OSError as fault:
        return fail(f"cannot install: {fault}")
    except KeyFault as fault:
        return fail(f"cannot install: {KEY} {fault}")
    except subprocess.CalledProcessError as fault:
        return fail(f"cannot install: `{' '.join(fault.cmd)}` failed")
    return tell("Careline is installed.\n")


def _ask_for_tokens() -> None:
    """Make the key file, or take the one that is there, give it to the service's user, and name it in the settings."""
    if not KEY.exists():
        make_key(KEY)
    KEY.chmod(0o600)
    shutil.chown(KEY, SERVICE_USER, SERVICE_USER)
    read_keys(KEY)
    text = CONFIGURATION.read_text(encoding="utf-8")
    _put(CONFIGURATION, asking_for_tokens(text).encode(), CONFIGURATION.stat().st_mode & 0o777)


def asking_for_tokens(configuration: str) -> str:
    """Return the settings with the key file among them: in place of an earlier one, or at the end."""
    variable = KEY_SETTING.partition("=")[0]
    others = [line for line in configuration.splitlines() if line.partition("=")[0].strip() != variable]
    return "\n".join((*others, KEY_SETTING, ""))


def configuration() -> str:
    """The file of settings to begin with: every one of them, at its default and commented out."""
    lines = ["# Careline's settings; `systemctl restart careline` takes them over.", ""]
    for setting in SETTINGS:
        lines += [f"# {setting.help}", f"#{setting.variable}={setting.default}", ""]
    return "\n".join(lines)


def _plan(commands: Sequence[Sequence[str]], with_tokens: bool) -> str:
    made = f"take the key file {KEY} as it is" if KEY.exists() else f"make the key file {KEY}"
    tokens = [f"{made}, readable by the user careline alone", f"set {KEY_SETTING} in {CONFIGURATION}"]
    lines = [
        f"copy {sys.executable} to {BINARY}",
        f"write {USER}: the system user careline",
        f"write {UNIT}: the service, as `careline install --print` shows it",
        f"leave {CONFIGURATION} as it is" if CONFIGURATION.exists() else f"write {CONFIGURATION}: the settings",
        f"run {' '.join(_MAKE_USER)}",
        *(tokens if with_tokens else ()),
        *(f"run {' '.join(command)}" for command in commands),
    ]
    return "To install Careline as a service:\n" + "".join(f"  {line}\n" for line in lines)


def _confirmed() -> bool:
    print("Go on? [y/N] ", end="", flush=True)  # noqa: T201
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # which ends it without a traceback
    return sys.stdin is not None and sys.stdin.readline().strip().lower() in ("y", "yes")


def _put(path: Path, content: bytes, mode: int) -> None:
    """Replaces a file in one step, also a program that is running."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            os.fchmod(descriptor, mode)
            os.fsync(descriptor)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink()
        raise
