# SPDX-License-Identifier: Apache-2.0
"""Watch a workstation from outside: its cgroup, consoles, Placement."""

import hashlib
import hmac
import json
import os
import re
import threading
import time
import urllib.request
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from sandbox import config, layout

PARTITION = 'novadesktop.partition'
CPUS = float(os.cpu_count() or 1)
Samples = dict[str, list[tuple[float, float]]]
_PROGRESS = re.compile(rb'PROGRESS up=([\d.]+) count=(\d+)')


def now() -> float:
    """Give the monotonic clock in seconds, which all processes share."""
    return time.monotonic()


class Slice:
    """The guests' slice of one workstation, as the kernel has it."""

    def __init__(self, host: layout.Host) -> None:
        self._cpu = host.cgroup('cpu') / PARTITION
        self._usage = host.cgroup('cpuacct') / PARTITION / 'cpuacct.usage'

    def quota_cpus(self) -> float | None:
        """Give the limit in CPUs, ``None`` where there is none."""
        quota = int((self._cpu / 'cpu.cfs_quota_us').read_text())
        period = int((self._cpu / 'cpu.cfs_period_us').read_text())
        return None if quota < 0 else quota / period

    def idle(self) -> bool:
        """Say whether the slice is of the idle class."""
        return (self._cpu / 'cpu.idle').read_text().strip() == '1'

    def used_s(self) -> float:
        """Give the CPU seconds that guests have used."""
        return int(self._usage.read_text()) / 1e9

    def use_over(self, span_s: float) -> float:
        """Measure the guests' use in CPUs over a span of time."""
        begin, used = now(), self.used_s()
        time.sleep(span_s)
        return (self.used_s() - used) / (now() - begin)

    def watch_quota(
        self, wanted: Callable[[float | None], bool], patience_s: float
    ) -> Future[float | None]:
        """Wait for a limit in a thread, from before what brings it about."""
        pool = ThreadPoolExecutor(1)
        watched = pool.submit(self.wait_for_quota, wanted, patience_s)
        pool.shutdown(wait=False)
        return watched

    def wait_for_quota(
        self, wanted: Callable[[float | None], bool], patience_s: float
    ) -> float | None:
        """Wait until the limit is as wanted; give the moment, or ``None``.

        Reads the file each half millisecond, which is the error of the
        moment.
        """
        deadline = now() + patience_s
        fd = os.open(self._cpu / 'cpu.cfs_quota_us', os.O_RDONLY)
        period = int((self._cpu / 'cpu.cfs_period_us').read_text())
        try:
            while now() < deadline:
                quota = int(os.pread(fd, 32, 0))
                if wanted(None if quota < 0 else quota / period):
                    return now()
                time.sleep(0.0005)
        finally:
            os.close(fd)
        return None


class Console:
    """What a guest prints; each host that it runs on has a log of it."""

    def __init__(self, server_id: str) -> None:
        self._server_id = server_id

    def path(self, host: str) -> Path:
        """Give the log of the guest's console on a host."""
        folder = layout.host(host).dir / 'instances'
        return folder / self._server_id / 'console.log'

    def read(self, host: str) -> bytes:
        """Give all that was printed on a host so far."""
        try:
            return self.path(host).read_bytes()
        except FileNotFoundError:
            return b''

    def wait_for(
        self, host: str, text: bytes, patience_s: float
    ) -> float | None:
        """Wait until a text is on the console; give the moment."""
        deadline = now() + patience_s
        while now() < deadline:
            if text in self.read(host):
                return now()
            time.sleep(0.05)
        return None

    def work_done(self, host: str) -> int | None:
        """Give the guest's own count of work done; ``None`` before that."""
        found = _PROGRESS.findall(self.read(host))
        return int(found[-1][1]) if found else None

    def work_rate(self, host: str, span_s: float) -> float:
        """Measure the guest's own work per second over a span of time."""
        count, begin = self.work_done(host) or 0, now()
        time.sleep(span_s)
        return ((self.work_done(host) or 0) - count) / (now() - begin)

    def line_with(self, host: str, text: bytes) -> str:
        """Give the last console line that holds a text."""
        lines = [line for line in self.read(host).splitlines() if text in line]
        return lines[-1].decode(errors='replace') if lines else ''


class Placement:
    """What Placement offers and who is allocated where."""

    def __init__(self, connection: Any) -> None:
        self._rest = connection.placement
        providers = self._rest.get('/resource_providers').json()
        self.names = {
            one['uuid']: one['name'] for one in providers['resource_providers']
        }

    def offered(self) -> set[str]:
        """Give the names of the workstations that are candidates."""
        answer = self._rest.get(
            '/allocation_candidates',
            params={
                'resources': 'VCPU:1,MEMORY_MB:128',
                'required': 'CUSTOM_DESKTOP',
            },
        ).json()
        return {self.names[uuid] for uuid in answer['provider_summaries']}

    def wait_offered(
        self, host: str, wanted: bool, patience_s: float
    ) -> float | None:
        """Wait until a host is, or is not, a candidate; give the moment."""
        deadline = now() + patience_s
        while now() < deadline:
            if (host in self.offered()) == wanted:
                return now()
        return None

    def allocated_on(self, server_id: str) -> set[str]:
        """Give the hosts on which a server holds an allocation."""
        answer = self._rest.get(f'/allocations/{server_id}').json()
        return {self.names[uuid] for uuid in answer['allocations']}

    def memory_used_mib(self, host: str) -> int:
        """Give the memory that Placement counts as used on a host."""
        found = self._rest.get(f'{self._url(host)}/usages').json()
        return int(found['usages'].get('MEMORY_MB', 0))

    def traits(self, host: str) -> set[str]:
        """Give the traits of a host."""
        found = self._rest.get(f'{self._url(host)}/traits').json()
        return set(found['traits'])

    def _url(self, host: str) -> str:
        uuid = {name: key for key, name in self.names.items()}[host]
        return f'/resource_providers/{uuid}'


def vendor_data(server_id: str, project_id: str) -> Any:
    """Read ``vendor_data2.json`` as Neutron's metadata proxy does."""
    secret = config.passwords()['metadata'].encode()
    signature = hmac.new(secret, server_id.encode(), hashlib.sha256)
    request = urllib.request.Request(
        layout.url('nova-metadata', '/openstack/latest/vendor_data2.json'),
        headers={
            'X-Instance-ID': server_id,
            'X-Tenant-ID': project_id,
            'X-Instance-ID-Signature': signature.hexdigest(),
            'X-Forwarded-For': '127.0.0.1',
        },
    )
    with urllib.request.urlopen(request, timeout=15) as answer:
        return json.load(answer)


class Sampler(threading.Thread):
    """Take the guests' CPU use and limit on each workstation, over time."""

    def __init__(self, period_s: float = 0.25) -> None:
        super().__init__(daemon=True)
        self._period_s = period_s
        self._ended = threading.Event()
        self._slices = {host.name: Slice(host) for host in layout.WORKSTATIONS}
        self.used: Samples = {name: [] for name in self._slices}
        self.limit: Samples = {name: [] for name in self._slices}

    def run(self) -> None:
        """Sample until told to end."""
        last = {
            name: (now(), one.used_s()) for name, one in self._slices.items()
        }
        while not self._ended.wait(self._period_s):
            for name, one in self._slices.items():
                at, used = now(), one.used_s()
                before, used_before = last[name]
                self.limit[name].append((at, one.quota_cpus() or CPUS))
                self.used[name].append(
                    (at, (used - used_before) / (at - before))
                )
                last[name] = (at, used)

    def end(self) -> None:
        """Stop sampling."""
        self._ended.set()
        self.join()
