# SPDX-License-Identifier: Apache-2.0
"""What the people of a story can do, and what can be waited for."""

import os
import subprocess
import time
from collections.abc import Callable
from typing import Any

from sandbox import cloud, desk, layout, observe
from sandbox.observe import now
from sandbox.story import RECLAIM_LOG, Broken, Story

Server = Any


class Stage:
    """The tenant, the owners, and the cloud as its operator sees it."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.compute = cloud.connect().compute
        self.placement = observe.Placement(cloud.connect())

    def owner(self, host: str, words: str) -> Any:
        """Have the owner of a workstation do something at the desk."""
        answer = desk.send(layout.host(host).dir / 'desk.sock', words)
        self.story.expect(answer['ok'], f'{words} at {host}: {answer}')
        return answer

    def owner_at(self, host: str, words: str) -> float:
        """Have an owner do something; give the moment on our clock."""
        return float(self.owner(host, words)['t_mono']) / 1e9

    def create(self, name: str, flavor: str, image: str) -> tuple[str, str]:
        """Create a server as a tenant does; give its id and host."""
        begin = now()
        tenant(
            *('server', 'create', '--flavor', flavor, '--image', image),
            *('--nic', 'none', name),
        )
        server = self.named(name)[0]
        server = self.wait_for(server.id, lambda s: s.status == 'ACTIVE')
        took = now() - begin
        host = str(server.compute_host)
        self.story.event(f'ACTIVE after {took:.1f} s', host, name)
        self.story.first_metric('create_to_active_s', took)
        return server.id, host

    def named(self, name: str) -> list[Server]:
        """Find servers by their name."""
        return list(self.compute.servers(name=f'^{name}$', all_projects=True))

    def wait_for(
        self,
        server_id: str,
        wanted: Callable[[Server], bool],
        patience_s: float = 120,
    ) -> Server:
        """Wait until a server is as wanted; give it as it is then."""
        deadline = now() + patience_s
        while True:
            server = self.compute.get_server(server_id)
            if wanted(server):
                return server
            self.story.expect(
                now() < deadline,
                f'{server.name} in another state than {server.status} '
                f'on {server.compute_host} within {patience_s:.0f} s',
                RECLAIM_LOG,
            )
            time.sleep(0.2)

    def wait_released(self, server_id: str, host: str, name: str) -> float:
        """Wait until a server holds nothing of a host; give the moment."""
        deadline = now() + 30
        while host in self.placement.allocated_on(server_id):
            self.story.expect(
                now() < deadline, f'no allocation on {host}', RECLAIM_LOG
            )
            time.sleep(0.1)
        self.story.event('allocation released', host, name)
        return now()


def tenant(*words: str) -> str:
    """Run the plain openstack client as the tenant; give its output."""
    env = {**os.environ, 'PYTHONPATH': '', **cloud.environment('tenant')}
    done = subprocess.run(
        [layout.BIN / 'openstack', *words],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        text = ' '.join(words)
        raise Broken(f'openstack {text}: {done.stderr.strip()}')
    return done.stdout
