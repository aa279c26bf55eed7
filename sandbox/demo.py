# SPDX-License-Identifier: Apache-2.0
"""The whole story on real parts: the owner returns, and the guest yields."""

import json
import time
from pathlib import Path

from sandbox import drawing, layout, observe, timeline
from sandbox.observe import now
from sandbox.stage import Stage, tenant
from sandbox.story import RECLAIM_LOG, Story, agent_log, compute_log

WEB, DB = 'web', 'db'
WORKSTATIONS = [host.name for host in layout.WORKSTATIONS]
OFFERED_PATIENCE_S = 90.0


class Demo:
    """One telling of the story."""

    def __init__(self) -> None:
        self.story = Story()
        self.stage = Stage(self.story)
        self.sampler = observe.Sampler()

    def play(self) -> None:
        """Tell the story from the first server to the last return."""
        self.clear()
        self.sampler.start()
        server_id, first = self.boot()
        noticed = self.owner_returns(server_id, first)
        second = self.guest_moves(server_id, first, noticed)
        self.owner_returns(server_id, second)
        self.guest_is_shelved(server_id, second)
        self.owner_works(second)
        self.owner_leaves(server_id, second)
        self.sampler.end()

    def clear(self) -> None:
        """Send the owners away and remove what an earlier telling left."""
        for host in WORKSTATIONS:
            self.stage.owner(host, 'rest')
            self.stage.owner(host, 'away')
        for server in self.stage.named(WEB) + self.stage.named(DB):
            self.stage.compute.delete_server(server.id)
            self.stage.compute.wait_for_delete(server)
        for host in WORKSTATIONS:
            self.wait_offered(host, True)

    def wait_offered(self, host: str, offered: bool) -> float:
        """Wait until Placement offers a host, or does not."""
        found = self.stage.placement.wait_offered(
            host, offered, OFFERED_PATIENCE_S
        )
        what = 'offering' if offered else 'no longer offering'
        return self.story.moment(
            found, f'Placement {what} {host}', compute_log(host)
        )

    def boot(self) -> tuple[str, str]:
        """Boot one server on a workstation and one in the data centre."""
        server_id, host = self.stage.create(WEB, 'desk.small', 'tiny-burn')
        self.story.expect(
            host in WORKSTATIONS, f'{WEB} on a workstation, not on {host}'
        )
        self.wait_console(server_id, host, b'PROGRESS')
        self.story.event('guest prints on its console', host, WEB)
        _, db_host = self.stage.create(DB, 'dc.small', 'tiny')
        self.story.expect(
            db_host == 'dc1', f'{DB} in the data centre, not on {db_host}'
        )
        return server_id, host

    def wait_console(self, server_id: str, host: str, text: bytes) -> float:
        """Wait until a guest has printed something."""
        console = observe.Console(server_id)
        return self.story.moment(
            console.wait_for(host, text, 60),
            f'{text.decode()} on the console',
            console.path(host),
        )

    def owner_returns(self, server_id: str, host: str) -> float:
        """Have the owner return: throttle, Placement, notice; give when."""
        guests = observe.Slice(layout.host(host))
        console = observe.Console(server_id)
        use, rate = guests.use_over(2), console.work_rate(host, 2.5)
        limit = guests.quota_cpus()
        watch = guests.watch_quota(lambda q: q is not None and q != limit, 5)
        back = self.stage.owner_at(host, 'back')
        self.story.event('owner is back (first input event)', host, at=back)
        held = self.story.moment(
            watch.result(), 'a lower CPU limit on the guests', agent_log(host)
        )
        cap = guests.quota_cpus() or observe.CPUS
        self.story.event(f'guests held to {cap:g} CPUs', host, at=held)
        self.story.first_metric(
            'owner_back_to_throttled_ms', 1000 * (held - back)
        )
        gone = self.wait_offered(host, False)
        self.story.event('Placement no longer offers the host', host, at=gone)
        self.story.first_metric(
            'owner_back_to_placement_ms', 1000 * (gone - back)
        )
        held_use = guests.use_over(1)
        held_rate = console.work_rate(host, 2.5)
        self.story.expect(guests.idle(), 'guests in the idle class')
        self.slowed(host, cap, (use, held_use), (rate, held_rate))
        return self.noticed(server_id, host)

    def slowed(
        self,
        host: str,
        cap: float,
        use_cpus: tuple[float, float],
        rate: tuple[float, float],
    ) -> None:
        """Hold the story to a guest that is visibly slower than before."""
        before, held = use_cpus
        left = 100 * rate[1] / rate[0]
        self.story.event(
            f'guest does {left:.0f} % of its work, uses {held:.2f} CPUs '
            f'instead of {before:.2f}',
            host,
            WEB,
        )
        self.story.first_metric('guest_use_before_cpus', before)
        self.story.first_metric('guest_use_throttled_cpus', held)
        self.story.first_metric('guest_work_left_percent', left)
        self.story.expect(held <= cap * 1.2, f'no more use than {cap} CPUs')
        self.story.expect(left < 70, 'a guest that visibly slows')

    def noticed(self, server_id: str, host: str) -> float:
        """See the notice in the guest, with the tenant, and in metadata."""
        at = self.wait_console(server_id, host, b'NOTICE action=')
        line = observe.Console(server_id).line_with(host, b'NOTICE action=')
        self.story.event(f'guest was told: {line.strip()}', host, WEB, at=at)
        columns = ('-f', 'json', '-c', 'properties')
        shown = json.loads(tenant('server', 'show', WEB, *columns))
        self.story.expect(
            'desktop_notice' in shown['properties'], 'notice for the tenant'
        )
        self.story.event('tenant sees the notice', host, WEB)
        project = self.stage.compute.get_server(server_id).project_id
        served = observe.vendor_data(server_id, project)
        self.story.expect(
            'action' in served.get('desktop', {}),
            f'the notice in vendor_data2.json: {served}',
        )
        self.story.event('metadata service tells it too', host, WEB)
        return at

    def guest_moves(self, server_id: str, source: str, noticed: float) -> str:
        """See the guest move to the other workstation and go on there."""
        server = self.stage.wait_for(
            server_id,
            lambda s: s.compute_host != source and s.status == 'ACTIVE',
        )
        target = str(server.compute_host)
        self.story.event('live-migrated', target, WEB)
        gone = self.stage.wait_released(server_id, source, WEB)
        self.story.metric('notice_to_evicted_s', gone - noticed)
        self.wait_console(server_id, target, b'PROGRESS')
        booted = b'BOOT-OK' in observe.Console(server_id).read(target)
        self.story.expect(not booted, 'a guest that moved alive', RECLAIM_LOG)
        self.story.event('guest goes on with its work', target, WEB)
        return target

    def guest_is_shelved(self, server_id: str, source: str) -> None:
        """See the guest shut down cleanly and shelved: nowhere to go."""
        self.stage.wait_for(
            server_id, lambda s: s.status == 'SHELVED_OFFLOADED'
        )
        self.story.event('shut down and shelved', source, WEB)
        self.stage.wait_released(server_id, source, WEB)

    def owner_works(self, host: str) -> None:
        """Measure what the owner gets of the CPU now."""
        self.stage.owner(host, 'work 2')
        time.sleep(5)
        done = self.stage.owner(host, 'rest')
        self.story.metric('owner_job_p50_ms', done['p50_ms'])
        self.story.metric('owner_job_p99_ms', done['p99_ms'])
        use = observe.Slice(layout.host(host)).use_over(0.5)
        self.story.expect(use < 0.02, f'no guest on the CPUs of {host}')
        self.story.event(
            f"CPU is the owner's: 3 ms jobs take {done['p50_ms']:.1f} ms "
            f'at p50, {done["p99_ms"]:.1f} ms at p99',
            host,
        )

    def owner_leaves(self, server_id: str, host: str) -> None:
        """Have the owner leave: capacity and the guest come back."""
        left = self.stage.owner_at(host, 'away')
        self.story.event('owner leaves (screen locked)', host, at=left)
        offered = self.wait_offered(host, True)
        self.story.event('Placement offers the host again', host, at=offered)
        self.story.metric('owner_away_to_capacity_s', offered - left)
        server = self.stage.wait_for(server_id, lambda s: s.status == 'ACTIVE')
        where = str(server.compute_host)
        self.story.event('unshelved by itself', where, WEB)
        self.story.metric('owner_away_to_unshelved_s', now() - left)
        self.story.expect(
            where in WORKSTATIONS, f'{WEB} on a workstation, not on {where}'
        )
        self.wait_console(server_id, where, b'BOOT-OK')
        self.story.event('guest prints on its console', where, WEB)


def run(json_path: Path | None, picture: Path) -> int:
    """Play the demo, print its table, write its JSON and its picture."""
    demo = Demo()
    print('\nThe story, in seconds since it began:', flush=True)
    demo.play()
    print('\nMeasured:\n' + demo.story.table())
    if json_path is not None:
        demo.story.save(json_path)
        print(f'events and figures: {json_path}')
    timeline.render(drawing.series(demo.story, demo.sampler), picture)
    print(f'picture of the timeline: {picture}')
    return 0
