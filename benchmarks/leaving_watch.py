# SPDX-License-Identifier: Apache-2.0
"""See when guests' memory is free and Placement counts them no more."""

import dataclasses
import datetime
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import leaving_rates, workstation
from sandbox import cloud, hosts, layout, observe

_LOG = layout.LOG / 'reclaim.log'
_MEMORY_NAP_S = 0.02
_PLACEMENT_NAP_S = 0.1
PATIENCE_S = 900.0
_ASKED = re.compile(r'^(\S+ \S+) .* request \S+ of (\S+) \(', re.MULTILINE)
_ENDED = re.compile(
    r' on (\S+): \w+, .*\(grace ([\d.]+) s, leaving ([\d.]+) s\)'
)


@dataclasses.dataclass(frozen=True, slots=True)
class Times:
    """Seconds since the workstation's request reached the service.

    ``grace_s`` and ``leaving_s`` are the longest of the guests, as the
    service tells them: until the grace was over, and from then on.
    """

    grace_s: float
    leaving_s: float
    memory_s: float
    released_s: float | None


def held(host: layout.Host, server_ids: list[str]) -> leaving_rates.Held:
    """Read what the guests of a host hold: resident memory, blocks of disk."""
    kib = 0
    for pid in hosts.processes([host.name], observe.PARTITION):
        status = Path(f'/proc/{pid}/status').read_text()
        kib += int(status.partition('VmRSS:')[2].split()[0])
    blocks = 0
    for server_id in server_ids:
        disk = host.dir / 'instances' / server_id / 'disk'
        blocks += disk.stat().st_blocks
    return leaving_rates.Held(kib / 1024, blocks * 512 / (1 << 20))


class Watch:
    """Begin before the owner comes back, then wait for what follows."""

    def __init__(self, host: layout.Host, released: bool) -> None:
        self._host = host
        self._end_s = time.monotonic() + PATIENCE_S
        self._offset = _LOG.stat().st_size
        self._found: dict[str, float] = {}
        watches: dict[str, tuple[Callable[[], bool], float]] = {
            'memory': (self._memory_is_free, _MEMORY_NAP_S)
        }
        self._placement = observe.Placement(cloud.connect())
        if released:
            watches['released'] = (self._is_released, _PLACEMENT_NAP_S)
        self._threads = [
            threading.Thread(target=self._until, args=(name, *watch))
            for name, watch in watches.items()
        ]
        for thread in self._threads:
            thread.start()

    def wait(self) -> Times:
        """Wait for all of it; raise Unready when it does not come."""
        for thread in self._threads:
            thread.join()
        missing = len(self._threads) - len(self._found)
        if missing:
            raise workstation.Unready(
                f'guests are still on {self._host.name}, see {_LOG}'
            )
        workstation.wait_for(
            self._ended, 'the service says who left', within_s=90
        )
        asked = asked_unix_s(self._said(), self._host.name)
        if asked is None:
            raise workstation.Unready(
                f'no request of {self._host.name} in {_LOG}'
            )
        graces, leaving = zip(*self._ended(), strict=True)
        released = self._found.get('released')
        return Times(
            max(graces),
            max(leaving),
            self._found['memory'] - asked,
            None if released is None else released - asked,
        )

    def _until(
        self, name: str, done: Callable[[], bool], nap_s: float
    ) -> None:
        while time.monotonic() < self._end_s:
            if done():
                self._found[name] = time.time()
                return
            # Neither the kernel nor Placement tells of this by itself.
            time.sleep(nap_s)

    def _memory_is_free(self) -> bool:
        return not hosts.processes([self._host.name], observe.PARTITION)

    def _is_released(self) -> bool:
        return self._placement.memory_used_mib(self._host.name) == 0

    def _ended(self) -> list[tuple[float, float]]:
        return ended(self._said(), self._host.name)

    def _said(self) -> str:
        with _LOG.open() as log:
            log.seek(self._offset)
            return log.read()


def asked_unix_s(log: str, host: str) -> float | None:
    """Give when the service's log has the first request of a host."""
    for moment, name in _ASKED.findall(log):
        if name == host:
            return datetime.datetime.fromisoformat(moment).timestamp()
    return None


def ended(log: str, host: str) -> list[tuple[float, float]]:
    """Give of each guest of a host its grace and how long it left after."""
    return [
        (float(grace), float(leaving))
        for name, grace, leaving in _ENDED.findall(log)
        if name == host
    ]
