# SPDX-License-Identifier: Apache-2.0
"""Files that are whole also after a loss of power."""

import os
from pathlib import Path


def replace(path: Path, text: str) -> None:
    """Put ``text`` in the place of a file; it is on the disk on return.

    Raise OSError.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = path.with_suffix('.new')
    flags = os.O_CREAT | os.O_WRONLY | os.O_TRUNC
    with os.fdopen(os.open(new, flags, 0o600), 'w', encoding='utf-8') as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    new.replace(path)
    _sync(path.parent)


def discard(path: Path) -> None:
    """Remove a file if there is one; raise OSError."""
    if path.exists():
        path.unlink()
        _sync(path.parent)


def _sync(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
