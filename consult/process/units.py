"""The units of systemd that `careline install` writes, and the files beside them."""

from pathlib import Path

BINARY = Path("/usr/local/bin/careline")
CONFIGURATION = Path("/etc/careline.conf")
KEY = Path("/etc/careline.key")
CELLS = Path("/etc/careline")  # the folder with a cell's settings and key, by its name
STATE = Path("/var/lib/careline")
SOCKETS = Path("/run/careline")
REPLICA_CONFIGURATION = Path("/etc/careline-replica.yml")
SERVICE_USER = "careline"

UNIT = Path("/etc/systemd/system/careline.service")
CELL_UNIT = Path("/etc/systemd/system/careline@.service")
REPLICA_UNIT = Path("/etc/systemd/system/careline-replica.service")

USER = Path("/etc/sysusers.d/careline.conf")
USER_TEXT = f'u {SERVICE_USER} - "Careline" {STATE}\n'
FOLDERS = Path("/etc/tmpfiles.d/careline.conf")
# What is made in the folder of sockets gets its group, and goes by the hand of its owner alone.
FOLDERS_TEXT = f"d {STATE} 0750 {SERVICE_USER} {SERVICE_USER}\nd {SOCKETS} 3770 root {SERVICE_USER}\n"

_CLOSED = """\
ProtectHome=yes
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
NoNewPrivileges=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RemoveIPC=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
"""


def _serving(
    name: str, title: str, configuration: str, user: str, modes: tuple[str, str], place: str, cache: str, more: str
) -> str:
    """Return a unit that serves: `modes` are that of the folder of its database and the mask of what is made in it."""
    return _watched(name, title, configuration, cache) + _bounded(configuration, user, modes, place, cache, more)


def _watched(name: str, title: str, configuration: str, cache: str) -> str:
    """Return the first part: how it is started, watched and started again."""
    return f"""\
# Careline, as `careline install` puts it in place. Settings belong in {configuration}; changes of the unit into
# `systemctl edit {name}`, where a new version's installation leaves them alone.

[Unit]
Description={title}
After=network.target
# It is to come back whatever happens and however often, so systemd never gives up.
StartLimitIntervalSec=0

[Service]
Type=notify
# What systemd starts unpacks the server and starts it; it is the server that says it is ready.
NotifyAccess=all
# A server that was killed leaves what it had unpacked.
ExecStartPre=/bin/sh -c 'rm -rf /var/cache/{cache}/_MEI*'
ExecStart={BINARY} serve
# `systemctl reload {name}` has the certificate and the signing keys read again.
ExecReload=/bin/sh -c 'kill -HUP "$MAINPID"'
Restart=on-failure
# From systemd 254 on the pause between restarts can grow to a minute: put these two lines into `systemctl edit
# {name}`. systemd 252 does not know them, and pauses for five seconds each time.
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
"""


def _bounded(configuration: str, user: str, modes: tuple[str, str], place: str, cache: str, more: str) -> str:
    """Return the second part: the user that it runs as, and its rights."""
    state_mode, mask = modes
    return f"""
{user}
StateDirectory={place}
StateDirectoryMode={state_mode}
CacheDirectory={cache}
WorkingDirectory=/var/lib/{place}
Environment=CARELINE_DATABASE=/var/lib/{place}/careline.db
EnvironmentFile=-{configuration}
UMask={mask}

# The program is unpacked there: into a folder of its own that systemd-tmpfiles does not clean, as it does with /tmp.
Environment=TMPDIR=/var/cache/{cache}
CacheDirectoryMode=0700
PrivateTmp=yes
# Beyond these something is wrong: a restart is better than a machine without memory. 256 MB is usual.
MemoryMax=1G
TasksMax=128
# A core file would hold the signing key and what patients said.
LimitCORE=0
# A database elsewhere than in /var/lib/{place} needs ReadWritePaths= with its folder.
ProtectSystem=strict
# For a socket file, where --host names one there.
ReadWritePaths=-{SOCKETS}
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
{more}{_CLOSED}SystemCallFilter=~@privileged

[Install]
WantedBy=multi-user.target
"""


UNIT_TEXT = _serving(
    "careline",
    "Careline, the consultation and reminder server",
    f"{CONFIGURATION}",
    f"User={SERVICE_USER}",
    ("0750", "0027"),
    "careline",
    "careline",
    """\
# For the ports below 1024, and nothing else.
AmbientCapabilities=CAP_NET_BIND_SERVICE
CapabilityBoundingSet=CAP_NET_BIND_SERVICE
""",
)

CELL_UNIT_TEXT = _serving(
    "careline@",
    "Careline, the cell %i",
    f"{CELLS}/%i.conf",
    f"""\
# A user of its own, so that no cell reads what is another's. The group is the proxy's way to its socket file.
User={SERVICE_USER}-%i
Group={SERVICE_USER}""",
    ("0700", "0077"),
    "careline/%i",
    "careline-%i",
    "CapabilityBoundingSet=\n",
)


def cell_user(name: str) -> str:
    """Return the user that a cell runs as."""
    return f"{SERVICE_USER}-{name}"


def replica_unit(litestream: Path, folder: Path) -> str:
    """Return the unit that keeps a replica of all databases of Careline's in a folder."""
    return f"""\
# The replica of Careline's databases, as `careline install --replica` puts it in place. What Litestream does stands in
# {REPLICA_CONFIGURATION}; changes of the unit belong into `systemctl edit careline-replica`.

[Unit]
Description=The replica of Careline's databases, by Litestream
# A disk that is not mounted would be a folder of this one.
RequiresMountsFor={folder}
StartLimitIntervalSec=0

[Service]
# What begins anew after a lost disk is empty, and would be taken for what follows: the replica would hold that instead.
ExecStartPre=/bin/sh -c 'cd {folder}; for db in careline.db */careline.db; do \\
    place=$$(dirname $$db); \\
    if [ -d $$db/ltx ] && [ ! -d {STATE}/$$place/.careline.db-litestream ]; then \\
    echo "{folder}/$$db is the replica of a database that is not here: docs/replica.md has the way back"; exit 1; \\
    fi; done'
ExecStart={litestream} replicate -config {REPLICA_CONFIGURATION}
Restart=always
RestartSec=5

# It reads and writes the databases of every cell, each of which has a user of its own, and leaves what it makes beside
# them to that user. The replica is root's: who has taken over a Careline cannot take its replica away.
CapabilityBoundingSet=CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER
UMask=0077
MemoryMax=1G
TasksMax=128
LimitCORE=0
ProtectSystem=strict
ReadWritePaths={STATE} {folder}
PrivateTmp=yes
# A replica in an object store instead of a folder needs PrivateNetwork=no and
# RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX.
PrivateNetwork=yes
RestrictAddressFamilies=AF_UNIX
{_CLOSED}
[Install]
WantedBy=multi-user.target
"""


def replica_configuration(folder: Path) -> str:
    """Return Litestream's configuration: every database in the folder of state, those to come included."""
    return f"""\
# Litestream's settings for the replica of Careline's databases; `systemctl restart careline-replica` takes them over.
snapshot:
  interval: 24h
  retention: 720h
dbs:
  - dir: {STATE}
    pattern: careline.db
    recursive: true
    watch: true
    replica:
      type: file
      path: {folder}
      sync-interval: 1s
"""
