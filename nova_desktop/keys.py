# SPDX-License-Identifier: Apache-2.0
"""The keys by which workstations and control plane know one another.

Whoever holds the master key can make every other one. A workstation holds its
own alone, and its owner, who has root, learns no other from it.
"""

import hmac
import os
import secrets
import stat
from pathlib import Path

from nova_desktop import exception

SIZE = 32
_FORM = f'must hold {2 * SIZE} hexadecimal digits'
# Group may read, as with nova.conf, and nobody else anything.
_FORBIDDEN = stat.S_IWGRP | stat.S_IXGRP | stat.S_IRWXO


def new() -> bytes:
    """Make a master key."""
    return secrets.token_bytes(SIZE)


def _derived(master: bytes, label: str) -> bytes:
    return hmac.digest(master, label.encode(), 'sha256')


def of_host(master: bytes, host: str) -> bytes:
    """Make the key of a workstation, by its name in Nova."""
    return _derived(master, f'nova-desktop host {host}')


def of_workers(master: bytes) -> bytes:
    """Make the key that the workers of the reclaim service share."""
    return _derived(master, 'nova-desktop workers')


def read(path: str, option: str) -> bytes:
    """Read a key; raise BadValue naming the ``option`` that names the file."""
    try:
        with Path(path).open('rb') as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            text = file.read(4 * SIZE)
    except OSError as error:
        raise exception.BadValue(
            option, path, f'must be readable: {error.strerror}'
        ) from error
    if mode & _FORBIDDEN:
        raise exception.BadValue(
            option,
            path,
            f'must have no more rights than 0640, not {mode:04o}',
        )
    try:
        key = bytes.fromhex(text.decode('ascii').strip())
    except ValueError:
        key = b''
    if len(key) != SIZE:
        raise exception.BadValue(option, path, _FORM)
    return key


def write(path: str, key: bytes, option: str) -> None:
    """Write a key for its owner's eyes only, and never over another.

    Raises BadValue naming the ``option`` that names the file.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    try:
        with os.fdopen(os.open(path, flags, 0o600), 'w') as file:
            file.write(key.hex() + '\n')
    except OSError as error:
        raise exception.BadValue(
            option, path, f'must be a new file: {error.strerror}'
        ) from error
