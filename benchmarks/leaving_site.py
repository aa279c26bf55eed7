# SPDX-License-Identifier: Apache-2.0
"""The sandbox with guests on one workstation, whose owner comes back."""

import os
from collections.abc import Callable
from typing import Any

from benchmarks import workstation
from sandbox import bring_up, cloud, desk, layout, observe, supervise

CORES = os.cpu_count() or 1
_NAME = 'bench-leaving'
_PATIENCE_S = 600.0
_NAP_S = 0.5
_ENDS: dict[str, Callable[[Any], bool]] = {
    'stop': lambda server: server.status == 'SHUTOFF',
    'suspend': lambda server: server.status == 'SUSPENDED',
    'shelve': lambda server: server.status == 'SHELVED_OFFLOADED',
}


class Site:
    """Guests on ``host``; the other workstation takes those that move."""

    def __init__(self) -> None:
        if not supervise.running():
            bring_up.up()
        self.host, self.other = layout.WORKSTATIONS[:2]
        self.compute = cloud.connect().compute
        self._image = cloud.connect().image
        self._placement = observe.Placement(cloud.connect())
        self._flavors: set[str] = set()

    def __enter__(self) -> 'Site':
        self.clear()
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()
        for flavor in self._flavors:
            self.compute.delete_flavor(flavor)

    def owner(self, words: str, host: layout.Host | None = None) -> Any:
        """Have an owner do something, by default the first one."""
        host = host or self.host
        answer = desk.send(host.dir / 'desk.sock', words)
        if not answer['ok']:
            raise workstation.Unready(f'{host.name}: {answer["error"]}')
        return answer

    def clear(self) -> None:
        """Delete the guests and send the owners away."""
        for server in self._guests():
            self.compute.delete_server(server.id)
        self._wait(lambda: not self._guests(), 'the guests deleted')
        for host in layout.WORKSTATIONS:
            self.owner('away', host)
            self._offered(host, True)

    def boot(self, action: str, count: int, image: str = 'tiny') -> list[str]:
        """Boot guests on ``host``; give their ids when all have booted."""
        self.owner('back', self.other)
        self._offered(self.other, False)
        self.compute.create_server(
            name=_NAME,
            flavor_id=self._flavor(action),
            image_id=self._image.find_image(image).id,
            networks='none',
            min_count=count,
            max_count=count,
        )
        self._wait(lambda: self._active() == count, f'{count} guests active')
        ids = [server.id for server in self._guests()]
        for server_id in ids:
            self._booted(server_id)
        self.owner('away', self.other)
        self._offered(self.other, True)
        return ids

    def judge(self, action: str, server_ids: list[str]) -> int:
        """Say how many came to the end that the action is for."""

        def ended(server: Any) -> bool:
            moved = server.compute_host == self.other.name
            ends = _ENDS.get(action)
            return moved if ends is None else ends(server)

        def settled() -> bool:
            # Of a rebuild Nova is done twice: shelved it is back soon.
            return not any(
                s.task_state
                or (action == 'rebuild' and s.status == 'SHELVED_OFFLOADED')
                for s in self._guests()
            )

        self._wait(settled, 'Nova done with the guests')
        there = {server.id: server for server in self._guests()}
        if action == 'delete':
            return len(server_ids) - len(there)
        return sum(1 for each in server_ids if ended(there[each]))

    def _guests(self) -> list[Any]:
        return list(self.compute.servers(name=f'^{_NAME}', all_projects=True))

    def _active(self) -> int:
        guests = self._guests()
        wrong = [s for s in guests if s.status == 'ERROR']
        if wrong:
            raise workstation.Unready(f'ERROR: {wrong[0].fault}')
        return sum(
            s.status == 'ACTIVE' and s.compute_host == self.host.name
            for s in guests
        )

    def _booted(self, server_id: str) -> None:
        console = observe.Console(server_id)
        if console.wait_for(self.host.name, b'BOOT-OK', _PATIENCE_S) is None:
            raise workstation.Unready(f'guest {server_id} does not boot')

    def _offered(self, host: layout.Host, wanted: bool) -> None:
        if self._placement.wait_offered(host.name, wanted, 120) is None:
            raise workstation.Unready(f'{host.name} offered: not {wanted}')

    def _flavor(self, action: str) -> str:
        specs = cloud.desk_specs(on_reclaim=action, notice='0')
        made = cloud.make_flavor(self.compute, f'bench.{action}', specs)
        self._flavors.add(made)
        return made

    @staticmethod
    def _wait(done: Callable[[], bool], what: str) -> None:
        workstation.wait_for(done, what, within_s=_PATIENCE_S, nap_s=_NAP_S)
