"""The file of the signing keys: one key a line, in hex or base64. The first key signs, all of them verify.

A line that a careless hand could have written, or that holds another kind of key, is refused with its reason: an
attacker who guesses the key can sign a token for anyone.
"""

import base64
import binascii
import os
import re
import secrets
from itertools import pairwise
from pathlib import Path

from consult.entry.private_file import PrivateFileFault, read_private
from store.transaction import Tellable

LEAST_KEY = 32  # bytes, decoded
LARGEST_FILE = 65_536  # bytes
# Of 32 random bytes about 30 are different, and as many of the steps between them; 20 has a chance below 1 in 10^9.
LEAST_DIFFERENT = 20

_MAKES_ONE = "; `careline key FILE` makes one"
_HEX = re.compile(r"(?:[0-9a-f]{2})+|(?:[0-9A-F]{2})+")
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}|[A-Za-z0-9_-]+={0,2}")


class KeyFault(Tellable):
    """The key file can't be used, and why; no part of a key is in the text."""


def read_keys(path: Path) -> tuple[bytes, ...]:
    """Return the keys of a file, the one that signs first. KeyFault says why the file is refused."""
    try:
        content = read_private(path, LARGEST_FILE)
    except PrivateFileFault as fault:
        raise KeyFault(str(fault)) from None
    return _keys(content)


def faults(path: Path | None) -> list[str]:
    """Return what is wrong with the key file, if one is named."""
    try:
        if path is not None:
            read_keys(path)
    except KeyFault as fault:
        return [f"--auth-secret-file (CARELINE_AUTH_SECRET_FILE): {path} {fault}"]
    return []


def make_key(path: Path) -> None:
    """Make a key file that only its owner can read. KeyFault when the file is there already."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise KeyFault("exists already") from None
    except OSError as fault:
        raise KeyFault(f"cannot be made: {fault.strerror}") from None
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, 0o600)  # whatever the umask
        file.write(secrets.token_hex(LEAST_KEY).encode() + b"\n")
        file.flush()
        os.fsync(descriptor)


def _keys(content: bytes) -> tuple[bytes, ...]:
    if len(content) > LARGEST_FILE:
        raise KeyFault(f"is larger than {LARGEST_FILE:,} bytes: that is no file of keys{_MAKES_ONE}")
    if not content.strip():
        raise KeyFault(f"holds no key{_MAKES_ONE}")
    if not content.isascii() or b"\0" in content:
        raise KeyFault(f"is binary; a key is a line in hex or base64{_MAKES_ONE}")
    lines = content.decode().replace("\r\n", "\n").removesuffix("\n").split("\n")
    kind = _other_kind(content.decode())
    if kind is not None:
        raise KeyFault(f"holds {kind}, which is no key for tokens{_MAKES_ONE}")
    for number, line in enumerate(lines, 1):
        fault = _line_fault(line)
        if fault is not None:
            raise KeyFault(f"line {number} {fault}{_MAKES_ONE}")
    keys = tuple(line.encode() for line in lines)
    # A program that reads the one key of a file whole has read the end of its line, too.
    return (*keys, content) if len(keys) == 1 and keys[0] != content else keys


def _other_kind(text: str) -> str | None:
    """Return what the file holds instead of keys, where that can be told from its whole text."""
    if "-----BEGIN" in text:
        return "a PEM file (an SSH or TLS key or a certificate)"
    if re.match(r"\s*(ssh-\S+ |ecdsa-\S+ |PuTTY-User-Key-File)", text):
        return "an SSH key"
    if text.lstrip().startswith(("{", "[", '"')):
        return "JSON"
    return None


def _line_fault(line: str) -> str | None:
    """Return why a line is no key, or None. Names no part of the line: it may be a secret."""
    if not line.strip():
        return "is blank"
    if line.lstrip().startswith(("#", ";", "// ")):
        return "is a comment"
    if line != line.strip():
        return "begins or ends with a blank"
    if _HEX.fullmatch(line):
        key = bytes.fromhex(line)
    elif _BASE64.fullmatch(line):
        try:
            key = base64.b64decode(_padded(line), altchars=b"-_" if re.search("[-_]", line) else None, validate=True)
        except (binascii.Error, ValueError):
            return "is neither hex nor base64"
    else:
        return "is neither hex nor base64"
    if len(key) < LEAST_KEY:
        return f"is a key of fewer than {LEAST_KEY} bytes"
    return _weakness(line, key)


def _padded(line: str) -> str:
    bare = line.rstrip("=")
    return bare + "=" * (-len(bare) % 4)


def _weakness(line: str, key: bytes) -> str | None:
    """Return why a key can be guessed, or None: no random key is met by any of these."""
    size = len(key)
    if any((key[:part] * (size // part + 1))[:size] == key for part in range(1, size // 2 + 1)):
        return "is a repeated pattern"
    if all(0x20 <= byte < 0x7F for byte in key):
        return "is encoded text, not random bytes"
    steps = {(second - first) % 256 for first, second in pairwise(key)}
    if len(set(key)) < LEAST_DIFFERENT or len(steps) < LEAST_DIFFERENT:
        return "is not random: too few of its bytes differ"
    if line.isalpha() and min(sum(map(str.isupper, line)), sum(map(str.islower, line))) <= len(line) // 4:
        return "is made of words, not of random bytes"
    return None
