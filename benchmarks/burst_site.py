# SPDX-License-Identifier: Apache-2.0
"""A message bus, a stand-in for Nova, and workers of the real service."""

import contextlib
import json
import secrets
import sys
import urllib.request
from pathlib import Path
from typing import Any

from benchmarks import burst_bus, daemons, workstation
from nova_desktop import keys
from sandbox import layout

_QUIET_S = 5.0
_PATIENCE_S = 300.0
_CONF = """
[DEFAULT]
transport_url = {bus}
[oslo_messaging_rabbit]
rabbit_quorum_queue = false
[reclaim]
host = {name}
master_key_file = {key}
vendordata = false
lease_scan_s = 0
evacuate_batch = 0
return_batch = 0
[service_auth]
auth_type = v3password
auth_url = {cloud}/identity/v3
username = us
password = secret
project_name = service
user_domain_id = default
project_domain_id = default
"""


class Site:
    """All of it, gone on leaving."""

    def __init__(
        self,
        workers: int,
        nova_ms: float,
        placement_ms: float,
        action_s: float,
    ) -> None:
        self._workers = workers
        self._late = (nova_ms, placement_ms, action_s)
        self._stack = contextlib.ExitStack()
        self.pids: list[int] = []

    def __enter__(self) -> 'Site':
        with contextlib.ExitStack() as made:
            self._started = daemons.Daemons(made)
            self._started.env |= {'PYTHONPATH': str(layout.SOURCE)}
            self.key = self._started.folder / 'key'
            keys.write(str(self.key), keys.new(), 'key')
            self.bus = burst_bus.start(self._started)
            self.cloud = self._start_cloud()
            for number in range(self._workers):
                self.pids.append(self._start_worker(f'worker{number}'))
            self._stack = made.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _start_cloud(self) -> str:
        port = burst_bus.free_port()
        url = f'http://127.0.0.1:{port}'
        module = python('benchmarks.burst_http', port, *self._late)
        self._started.start('cloud', module, lambda: burst_bus.listens(port))
        return url

    def _start_worker(self, name: str) -> int:
        conf = self._started.folder / f'{name}.conf'
        conf.write_text(
            _CONF.format(
                bus=self.bus, name=name, key=self.key, cloud=self.cloud
            )
        )
        log = self._started.log(name)
        module = 'nova_desktop.cmd.reclaim'
        return self._started.start(
            name,
            python(module, '--config-file', conf),
            lambda: 'listening on topic' in log.read_text(),
        )

    def ask(self, what: str, **sent: Any) -> Any:
        """Tell the stand-in something, or ask it for its books."""
        data = json.dumps(sent).encode()
        url = f'{self.cloud}/bench/{what}'
        with urllib.request.urlopen(url, data) as answer:  # noqa: S310
            return json.load(answer)

    def fill(self, hosts: int, guests: int) -> None:
        """Begin anew, with other guests on the same hosts."""
        start = secrets.token_hex(8)
        self.ask('fill', start=start, hosts=hosts, guests=guests)

    def wait_for_quiet(self) -> None:
        """Wait until no worker asks anything any more; raise Unready."""
        workstation.wait_for(
            lambda: self.ask('report')['quiet_s'] > _QUIET_S,
            'the workers come to rest',
            within_s=_PATIENCE_S,
            nap_s=0.5,
        )


def python(module: str, *words: object) -> list[str | Path]:
    """Give the command that runs a module of this tree."""
    return [sys.executable, '-P', '-m', module, *map(str, words)]
