# SPDX-License-Identifier: Apache-2.0
"""Nova's own services, that do things while a hand-cranked clock turns."""

import time

from tests.functional.nova import allocations
from tests.functional.reclaim import base
from tests.functional.schedules import casts
from tests.unit.reclaim import fakes, faults

HOSTS = ('desk1', 'desk2', 'desk3')


class Clock(fakes.Clock):
    """Nova works while time passes; it knows times as they really are."""

    def __init__(self) -> None:
        super().__init__()
        self.now = time.time()
        self.begun = self.now
        self.work = lambda: None

    def steady(self) -> float:
        return self.now - self.begun

    def wait(self, event, seconds):
        end = self.now + max(0.0, seconds)
        self.work()
        while not event.is_set() and self.now < end:
            super().wait(event, min(1.0, end - self.now))
            self.work()
        return event.is_set()


class Cloud(faults.Cloud):
    """Nova knows when things really were, not by the hand-cranked clock."""

    def changed_since(self, unix_s):
        return self.__getattr__('changed_since')(self.clock.begun - 3600)


class ScheduleTest(allocations.CleanAllocations, base.NovaTest):
    """Three hosts whose drivers do at once what they are told."""

    compute_driver = 'fake.MediumFakeDriver'

    def setUp(self) -> None:
        super().setUp()
        self.nova_clock = Clock()
        self.held = self.useFixture(
            casts.HeldCasts(lambda: self.nova_clock.now)
        )
        self.nova_clock.work = self.held.release
        for host in HOSTS[1:]:
            self._start_compute(host)

    def boot(self, actions, host='desk1', **specs) -> str:
        """Boot a server; give its id."""
        server = self.admin_api.post_server(
            {
                'server': self._build_server(
                    flavor_id=self.flavor_of(actions, **specs),
                    host=host,
                    networks='none',
                )
            }
        )
        self.held.release(everything=True)
        return server['id']

    def flavor_of(self, actions, notice=60, memory_mb=1024, **specs) -> str:
        return self._create_flavor(
            memory_mb=memory_mb,
            vcpu=1,
            disk=1,
            extra_spec=fakes.specs(actions, notice, **specs),
        )

    def worker(self, **changes) -> fakes.Service:
        """Give a service that knows nothing but what Nova tells."""
        cloud = Cloud(self.cloud, self.nova_clock)
        return fakes.Service(cloud, grace_poll_s=20, **changes)
