# SPDX-License-Identifier: Apache-2.0
"""Workstations whose owners all come back: signed requests in a burst.

A process of its own, started with its plan as JSON; prints what it saw. Each
request is the driver's own call. Once the burst is over each host asks again
as often as it would, until its guests are gone.
"""

import dataclasses
import json
import logging
import os
import sys
import threading
import time
import urllib.request
import uuid
from concurrent import futures
from typing import Any

import oslo_messaging
from oslo_config import cfg

from benchmarks import burst_cloud
from nova_desktop import keys, messages

REPEAT_S = 10.0
"""The default of ``[desktop] reclaim_repeat_s``."""
TIMEOUT_S = 10.0
_SETTLED_S = 600.0
_STACK_BYTES = 256 * 1024


@dataclasses.dataclass(frozen=True, slots=True)
class Plan:
    """What is to be sent, whereto, and how many requests at a time."""

    bus: str
    cloud: str
    key: str
    requests: int
    hosts: int
    parallel: int


class Burst:
    """Send it; the answers are counted."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        # The library registers some of its options nowhere else.
        conf = cfg.CONF
        conf([])
        self._transport = oslo_messaging.get_rpc_transport(conf, url=plan.bus)
        conf.set_override(
            'rabbit_quorum_queue', False, 'oslo_messaging_rabbit'
        )
        master = keys.read(plan.key, 'key')
        self._hosts = [
            self._host(master, burst_cloud.host_name(number))
            for number in range(plan.hosts)
        ]
        names = [request.host for _, request in self._hosts]
        self._numbers = {name: number for number, name in enumerate(names)}
        self.took_ms: list[float] = []
        self.refused = self.unheard = 0
        self._lock = threading.Lock()

    def _host(
        self, master: bytes, name: str
    ) -> tuple[messages.ReclaimClient, messages.ReclaimRequest]:
        signer = messages.Signer(name, keys.of_host(master, name))
        request = messages.ReclaimRequest(
            request_id=str(uuid.uuid4()),
            host=name,
            keep_cpus=0.0,
            keep_memory_mib=0,
            within_s=30.0,
            reason='the owner needs the workstation',
        )
        client = messages.ReclaimClient(self._transport, TIMEOUT_S, signer)
        return client, request

    def _ask(self, number: int) -> None:
        client, request = self._hosts[number % len(self._hosts)]
        begin_s = time.monotonic()
        heard = client.reclaim(request)
        took_s = time.monotonic() - begin_s
        with self._lock:
            if heard:
                self.took_ms.append(round(1000 * took_s, 3))
            elif took_s < TIMEOUT_S:
                self.refused += 1
            else:
                self.unheard += 1

    def run(self) -> dict[str, Any]:
        """Send the burst, repeat what is unmet; give what was seen."""
        # The first call waits for the connection, which a host has already.
        oslo_messaging.get_rpc_client(
            self._transport, messages.reclaim_target()
        ).call({}, 'ping')
        begin_s = time.monotonic()
        with futures.ThreadPoolExecutor(self._plan.parallel) as pool:
            list(pool.map(self._ask, range(self._plan.requests)))
            seen = {
                'begin_s': begin_s,
                'burst_s': time.monotonic() - begin_s,
                'took_ms': list(self.took_ms),
                'refused': self.refused,
                'unheard': self.unheard,
            }
            seen['repeated'] = self._repeat(pool)
        self._transport.cleanup()
        return seen

    def _repeat(self, pool: futures.ThreadPoolExecutor) -> int:
        repeated, end_s = 0, time.monotonic() + _SETTLED_S
        while unmet := self._unmet():
            if time.monotonic() > end_s:
                break
            list(pool.map(self._ask, map(self._numbers.__getitem__, unmet)))
            repeated += len(unmet)
            self._until_met(time.monotonic() + REPEAT_S)
        return repeated

    def _until_met(self, until_s: float) -> None:
        """Wait for the hosts' next turn, or until there need be none."""
        while time.monotonic() < until_s and self._unmet():
            time.sleep(0.5)

    def _unmet(self) -> list[str]:
        url = f'{self._plan.cloud}/bench/unmet'
        with urllib.request.urlopen(url) as answer:  # noqa: S310
            found: list[str] = json.load(answer)
        return found


def main() -> None:
    """Send what the plan says and print what was seen."""
    # Refusals are counted; a line for each would be noise.
    logging.disable(logging.ERROR)
    threading.stack_size(_STACK_BYTES)
    plan = Plan(**json.loads(sys.argv[1]))
    seen = Burst(plan).run()
    sys.stdout.write(json.dumps(seen))
    sys.stdout.flush()
    # The library's threads are of no use any more.
    os._exit(0)


if __name__ == '__main__':
    main()
