# SPDX-License-Identifier: Apache-2.0
"""What tests on the running sandbox share."""

import json
import os
import signal
import threading
import time
import unittest
from collections.abc import Callable
from typing import Any

from sandbox import bring_up, cloud, desk, hosts, layout, observe, supervise
from tests.sandbox import allocations

PATIENT_FLAVOR = 'desk.patient'
SERVER = 'guest'
# Milliseconds from the owner's first key to the limit, on a machine that at
# the same time starts a service anew.
REACTION_MS = 200
# What all guests together have at most beside an owner, when one is told that
# it has to leave: [slice] leaving_cpus.
SHARE_CPUS = 0.5


def wait_until(
    check: Callable[[], Any], what: str, patience_s: float = 60
) -> Any:
    """Wait until a check gives something true; fail telling what."""
    deadline = time.monotonic() + patience_s
    while True:
        found = check()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f'not within {patience_s:.0f} s: {what}')
        time.sleep(0.2)


class Guard(threading.Thread):
    """Read the guests' slice all the time and note whatever is not allowed.

    ``ceiling`` gives the highest limit that the owner can accept now, in
    CPUs, or ``None`` where there is none.
    """

    def __init__(self, guests: observe.Slice) -> None:
        super().__init__(daemon=True)
        self.guests = guests
        self.ceiling: float | None = None
        self.seen = 0
        self.wrong: list[str] = []
        self._ended = threading.Event()

    def run(self) -> None:
        """Look each 10 ms."""
        while not self._ended.wait(0.01):
            quota, ceiling = self.guests.quota_cpus(), self.ceiling
            self.seen += 1
            if not self.guests.idle():
                self.wrong.append('the slice left the idle class')
            if ceiling is not None and (quota is None or quota > ceiling):
                self.wrong.append(f'limit {quota} above {ceiling}')

    def end(self) -> None:
        """Stop looking."""
        self._ended.set()
        self.join()


class SandboxCase(unittest.TestCase):
    """A test with the running cloud at hand."""

    @classmethod
    def setUpClass(cls) -> None:
        """Connect to the cloud as its operator; bring it up if need be."""
        if not supervise.running():
            bring_up.up()
        cls.compute = cloud.connect().compute
        cls.placement = observe.Placement(cloud.connect())

    @classmethod
    def tearDownClass(cls) -> None:
        """Have Nova judge what the class's tests have left in Placement."""
        for server in cls.compute.servers(all_projects=True):
            # Others may be from before, and are none of these tests'.
            if server.task_state == 'deleting':
                cls.compute.wait_for_delete(server)
        wrong = allocations.wrong()
        if wrong:
            raise AssertionError('\n'.join(wrong))

    def wait_status(self, server_id: str, status: str) -> Any:
        """Wait for a server's status; ERROR fails at once."""

        def there() -> Any:
            server = self.compute.get_server(server_id)
            if status != 'ERROR' and server.status == 'ERROR':
                raise AssertionError(f'ERROR: {server.fault}')
            return server if server.status == status else None

        return wait_until(there, f'server {status}', 120)

    def remove(self, server_id: str) -> None:
        """Delete a server and wait until nothing is left of it.

        Nova leaves the allocation of a migration behind whose server is
        deleted in its last moments.
        """

        def at_rest() -> Any:
            server = self.compute.get_server(server_id)
            return server if server.task_state is None else None

        server = wait_until(at_rest, f'server {server_id} at rest', 120)
        self.compute.delete_server(server_id)
        self.compute.wait_for_delete(server)

    def remove_if_there(self, server_id: str) -> None:
        """Delete a server that may have been deleted meanwhile."""
        if self.compute.find_server(server_id, all_projects=True):
            self.remove(server_id)

    def boot(self, flavor: str, image: str = 'tiny-burn') -> Any:
        """Boot a server and wait until it is active."""
        server = self.compute.create_server(
            name=SERVER,
            flavor_id=self.compute.find_flavor(flavor).id,
            image_id=cloud.connect().image.find_image(image).id,
            networks='none',
        )
        return self.wait_status(server.id, 'ACTIVE')

    def wait_compute_fresh(self) -> None:
        """Wait for a heartbeat of the host's nova-compute from now on."""
        first = self.heartbeat()
        wait_until(
            lambda: self.heartbeat() != first,
            'a heartbeat of nova-compute',
            90,
        )

    def heartbeat(self) -> str:
        """Give when the host's nova-compute was last heard."""
        found = list(
            self.compute.services(binary='nova-compute', host=self.host.name)
        )
        return str(found[0].updated_at)


class SandboxTest(SandboxCase):
    """A guest on a workstation whose owner is away."""

    FLAVOR = PATIENT_FLAVOR
    IMAGE = 'tiny-burn'
    MAY_END = False
    """Whether the guest may be deleted by what is tested."""

    @classmethod
    def setUpClass(cls) -> None:
        """Make the flavor whose guests are given a long notice."""
        super().setUpClass()
        for server in cls.compute.servers(all_projects=True):
            cls.compute.delete_server(server.id)
            cls.compute.wait_for_delete(server)
        specs = cloud.desk_specs(notice='600')
        cloud.make_flavor(cls.compute, PATIENT_FLAVOR, specs)

    def setUp(self) -> None:
        """Send the owners away and boot a guest that burns CPU."""
        for host in layout.WORKSTATIONS:
            self.owner(host.name, 'away')
        for host in layout.WORKSTATIONS:
            self.wait_offered(host.name, True)
        self.server = self.boot(self.FLAVOR, self.IMAGE)
        self.host = layout.host(self.server.compute_host)
        self.guests = observe.Slice(self.host)
        self.console = observe.Console(self.server.id)
        self.addCleanup(
            self.remove_if_there if self.MAY_END else self.remove,
            self.server.id,
        )
        self.addCleanup(self.owner, self.host.name, 'away')
        self.wait_for_work()

    def owner(self, host: str, words: str) -> Any:
        """Have an owner do something."""
        answer = desk.send(layout.host(host).dir / 'desk.sock', words)
        self.assertTrue(answer['ok'], answer)
        return answer

    def wait_offered(self, host: str, wanted: bool) -> None:
        """Wait until Placement offers a host, or does not."""
        found = self.placement.wait_offered(host, wanted, 60)
        self.assertIsNotNone(found, f'{host} offered: not {wanted}')

    def wait_for_work(self) -> None:
        """Wait until the guest has done more work than now."""
        name = self.server.compute_host
        before = self.console.work_done(name) or 0
        wait_until(
            lambda: (self.console.work_done(name) or 0) > before,
            'the guest going on with its work',
        )

    def moved_from(self, source: str) -> Any:
        """Give the server once it runs elsewhere."""
        server = self.compute.get_server(self.server.id)
        elsewhere = server.compute_host not in (source, None)
        return server if elsewhere and server.status == 'ACTIVE' else None

    def notice(self) -> dict[str, Any]:
        """Give the notice in the server's metadata, empty without one."""
        server = self.compute.get_server(self.server.id)
        return dict(json.loads(server.metadata.get('desktop_notice', '{}')))

    def owner_returns(self) -> None:
        """Have the owner return: the guests must be held back at once."""
        watch = self.guests.watch_quota(lambda quota: quota is not None, 5)
        back = self.owner(self.host.name, 'back')['t_mono'] / 1e9
        held = watch.result()
        if held is None:
            self.fail('no limit on the guests')
        self.assertLess(1000 * (held - back), REACTION_MS)

    def owner_leaves(self) -> None:
        """Have the owner leave: host offered, guest there and working."""
        self.owner(self.host.name, 'away')
        self.wait_offered(self.host.name, True)
        server = self.wait_status(self.server.id, 'ACTIVE')
        self.assertEqual(self.host.name, server.compute_host)
        self.wait_for_work()

    def kill(self, program: str) -> int:
        """Kill a program with -9, and what it runs in its group."""
        pid = supervise.pid(program)
        os.killpg(pid, signal.SIGKILL)
        return pid

    def wait_restarted(self, program: str, old_pid: int) -> None:
        """Wait until supervisord runs the program anew."""
        wait_until(
            lambda: supervise.pid(program) not in (0, old_pid),
            f'{program} running again',
        )

    def guard(self) -> Guard:
        """Start watching the slice; what it saw is judged at the end."""
        guard = Guard(self.guests)
        guard.start()

        def judge() -> None:
            guard.end()
            self.assertGreater(guard.seen, 50)
            self.assertEqual([], guard.wrong[:5])

        self.addCleanup(judge)
        return guard

    def qemu_pids(self) -> set[int]:
        """Give the processes of the host's guests."""
        return hosts.processes([self.host.name], observe.PARTITION)
