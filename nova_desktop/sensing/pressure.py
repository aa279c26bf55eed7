# SPDX-License-Identifier: Apache-2.0
"""How long the owner's tasks wait, from the pressure of his groups."""

import asyncio
import errno
import os
from collections.abc import Callable, Mapping, Set
from pathlib import Path

from oslo_log import log as logging

from nova_desktop.sensing import psi

LOG = logging.getLogger(__name__)

KINDS = ('cpu', 'io', 'memory')
"""What tasks wait for; each has a file of its own in a group."""

_Key = tuple[str, str]
Waits = Mapping[_Key, float]
"""Seconds waited so far, by kind and group."""

# ENODEV: the group was removed while its file was open. EOPNOTSUPP: the
# kernel was booted without, and says so only when the file is read.
_NOTHING_THERE = (errno.ENOENT, errno.ENODEV, errno.EOPNOTSUPP)


class OwnersPressure:
    """Reads the pressure files of all groups beside the guests' own.

    ``parent`` is the directory in which the guests' group lies; what runs
    in its other groups is the owner's. ``others`` names those that are not
    his: the guests' and the agent's own. Processes right in the parent are
    not seen: its own file counts the guests' waiting too. ``shares`` says
    for each kind which part of a window (0 to 1) makes the kernel tell.
    """

    def __init__(
        self, parent: Path, others: Set[str], shares: Mapping[str, float]
    ) -> None:
        self._parent = parent
        self._others = others
        self._shares = shares
        self._gauges: dict[_Key, psi.Gauge] = {}
        self._alarm: psi.Alarm | None = None
        self._complained = False

    def read(self) -> Waits:
        """Read every group that is there now.

        Raises OSError and ValueError where one cannot be read; a kernel
        without pressure files has none.
        """
        wanted = {(kind, name) for name in self._names() for kind in KINDS}
        for key in self._gauges.keys() - wanted:
            self._gauges.pop(key).close()
        found = {}
        for key in wanted:
            waited_s = self._read(key)
            if waited_s is not None:
                found[key] = waited_s
        return found

    def listen(
        self, loop: asyncio.AbstractEventLoop, on_stall: Callable[[], None]
    ) -> None:
        """Have every stall told from the next ``read`` on."""
        self.close()
        self._alarm = psi.Alarm(loop, on_stall)

    def close(self) -> None:
        """Give back every descriptor; the next ``read`` opens them again."""
        while self._gauges:
            self._gauges.popitem()[1].close()
        if self._alarm is not None:
            self._alarm.close()
            self._alarm = None

    def _names(self) -> list[str]:
        with os.scandir(self._parent) as entries:
            # The kernel gives the type with the name: no stat.
            names = [entry.name for entry in entries if entry.is_dir()]
        return [name for name in names if name not in self._others]

    def _read(self, key: _Key) -> float | None:
        """Read one file, None where there is none."""
        try:
            gauge = self._gauges.get(key)
            if gauge is None:
                gauge = self._open(key)
            return gauge.stalled_s()
        except OSError as problem:
            # The next read finds another group that has that name by then.
            broken = self._gauges.pop(key, None)
            if broken is not None:
                broken.close()
            if problem.errno not in _NOTHING_THERE:
                raise
            return None

    def _open(self, key: _Key) -> psi.Gauge:
        kind, name = key
        gauge = psi.Gauge(self._parent / name / f'{kind}.pressure')
        self._gauges[key] = gauge
        if self._alarm is not None:
            try:
                self._alarm.add(gauge, self._shares[kind])
            except OSError as problem:
                self._complain(problem)
        return gauge

    def _complain(self, problem: OSError) -> None:
        if not self._complained:
            LOG.warning(
                'Waiting tasks are seen at the next look only: the kernel '
                'takes no trigger for their pressure: %s',
                problem,
            )
        self._complained = True


def worst(kind: str, old: Waits, new: Waits, elapsed_s: float) -> float | None:
    """Give the share of time in which the worst group waited, if any is."""
    waited_s = [
        # A group that is new, also under a known name, began at zero.
        total_s if total_s < old.get(key, 0.0) else total_s - old.get(key, 0.0)
        for key, total_s in new.items()
        if key[0] == kind
    ]
    if not waited_s:
        return None
    return min(1.0, max(waited_s) / elapsed_s)
