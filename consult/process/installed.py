"""The settings of an installed service, for subcommands that are run by hand beside it."""

import sys
from collections.abc import Mapping
from pathlib import Path

from consult.process.install import CELL_NAME
from consult.process.settings import SettingsFault
from consult.process.units import BINARY, CELLS, CONFIGURATION, STATE


def configuration_of(cell: str | None) -> Path | None:
    """Return the settings file of a cell, or of the service where the installed program is run; None without one.

    SettingsFault where there is no such cell.
    """
    if cell is None:
        is_installed = getattr(sys, "frozen", False) and Path(sys.executable) == BINARY
        return CONFIGURATION if is_installed and CONFIGURATION.exists() else None
    configuration = CELLS / f"{cell}.conf"
    if not CELL_NAME.fullmatch(cell) or not configuration.exists():
        raise SettingsFault(f"--cell: there is no cell {cell!r}: {CELLS} has no settings of it")
    return configuration


def with_settings_of(configuration: Path, environment: Mapping[str, str]) -> Mapping[str, str]:
    """Return the environment with what the service's unit adds to it: a variable that is set already wins.

    SettingsFault where the file cannot be read.
    """
    try:
        lines = [line.strip() for line in configuration.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as fault:
        raise SettingsFault(f"{configuration} cannot be read: {getattr(fault, 'strerror', None) or fault}") from None
    state = STATE if configuration == CONFIGURATION else STATE / configuration.stem
    found = {"CARELINE_DATABASE": f"{state / 'careline.db'}"}
    for line in lines:
        name, is_set, value = line.partition("=")
        if is_set and not line.startswith(("#", ";")):
            found[name.strip()] = _unquoted(value.strip())
    return {**found, **environment}


def _unquoted(value: str) -> str:
    """Return the value without the quotes around it, as systemd takes it."""
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value
