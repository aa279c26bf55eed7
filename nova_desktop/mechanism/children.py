# SPDX-License-Identifier: Apache-2.0
"""Quotas of single guests, which in cgroup v1 bar a stricter one above."""

import contextlib
from collections.abc import Mapping
from pathlib import Path

from nova_desktop.mechanism import cgroup

_QUOTA = 'cpu.cfs_quota_us'
_NO_QUOTA = '-1'


def lift(group: Path) -> dict[Path, str]:
    """Lift every quota below ``group``; give the files and what was in them.

    The kernel refuses (EINVAL) a quota below that of a child, so one flavor
    with ``quota:cpu_quota`` would keep the whole slice from being throttled.
    """
    lifted = {}
    for child in cgroup.below(group):
        path = child / _QUOTA
        with contextlib.suppress(OSError):  # a guest that just ended
            quota = path.read_text().strip()
            if quota != _NO_QUOTA:
                path.write_text(_NO_QUOTA)
                lifted[path] = quota
    return lifted


def restore(lifted: Mapping[Path, str]) -> dict[Path, str]:
    """Write quotas back, outermost first; give those not yet possible."""
    waiting = {}
    for path, quota in lifted.items():
        try:
            path.write_text(quota)
        except FileNotFoundError:
            continue
        except OSError:
            waiting[path] = quota
    return waiting
