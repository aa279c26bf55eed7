# SPDX-License-Identifier: Apache-2.0
"""Since when this host runs."""

from pathlib import Path

_STAT = Path('/proc/stat')


def booted_unix_s(stat: Path = _STAT) -> float | None:
    """Give the unix time of the host's start; ``None`` where unknown."""
    try:
        lines = stat.read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        name, _, value = line.partition(' ')
        if name == 'btime' and value.strip().isdecimal():
            return float(value)
    return None
