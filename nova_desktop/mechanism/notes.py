# SPDX-License-Identifier: Apache-2.0
"""What was there before, noted on the cgroup itself.

A note in an extended attribute of the group's directory outlives an agent
that was killed, and goes with the group: there is no file to go stale.
"""

import contextlib
import os
from pathlib import Path

# In this name space the owner of the directory needs no capability.
_PREFIX = 'user.nova_desktop.'


def remember(group: Path, name: str, text: str) -> None:
    """Note ``text`` unless there is a note already.

    Where none can be kept the limit is worth more than the way back.
    """
    with contextlib.suppress(OSError):
        os.setxattr(group, _PREFIX + name, text.encode(), os.XATTR_CREATE)


def recall(group: Path, name: str) -> str | None:
    """Give what was noted, None where nothing was."""
    try:
        return os.getxattr(group, _PREFIX + name).decode()
    except OSError:
        return None


def forget(group: Path, name: str) -> None:
    """Take the note away."""
    with contextlib.suppress(OSError):
        os.removexattr(group, _PREFIX + name)
