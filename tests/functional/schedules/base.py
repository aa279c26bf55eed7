# SPDX-License-Identifier: Apache-2.0
"""Nova's own services, that do things while a hand-cranked clock turns."""

import time

from tests.functional.nova import allocations
from tests.functional.reclaim import base
from tests.functional.schedules import casts
from tests.unit.reclaim import fakes, faults, schedules

HOSTS = ('desk1', 'desk2', 'desk3')


class Cloud(faults.Cloud):
    """Nova knows when things really were, not by the hand-cranked clock."""

    def changed_since(self, unix_s):
        return self.__getattr__('changed_since')(self.clock.begun - 3600)


class ScheduleTest(allocations.CleanAllocations, base.NovaTest):
    """Three hosts whose drivers do at once what they are told."""

    compute_driver = 'fake.MediumFakeDriver'

    def setUp(self) -> None:
        super().setUp()
        self.flavors: dict[str, str] = {}
        self.providers: dict[str, str] = {}
        self.nova_clock = schedules.Clock(time.time())
        self.held = self.useFixture(
            casts.HeldCasts(lambda: self.nova_clock.now)
        )
        self.nova_clock.work = self.held.release
        for host in HOSTS[1:]:
            self._start_compute(host)

    def _get_provider_uuid_by_host(self, host: str) -> str:
        if host not in self.providers:
            self.providers[host] = super()._get_provider_uuid_by_host(host)
        return self.providers[host]

    def boot(self, actions, host='desk1', **flavor) -> str:
        """Boot a server; give its id."""
        server = self.admin_api.post_server(
            {
                'server': self._build_server(
                    flavor_id=self.flavor_of(actions, **flavor),
                    host=host,
                    networks='none',
                )
            }
        )
        self.held.release(everything=True)
        return server['id']

    def flavor_of(self, actions, notice=60, preemptible=True) -> str:
        specs = fakes.specs(actions, notice) if preemptible else {}
        key = str(specs)
        if key not in self.flavors:
            self.flavors[key] = self._create_flavor(
                memory_mb=1024,
                vcpu=1,
                disk=1,
                extra_spec=specs,
                # Hypothesis has random names repeat themselves.
                name=f'flavor{len(self.flavors)}',
            )
        return self.flavors[key]

    def worker(self, **changes) -> fakes.Service:
        """Give a service that knows nothing but what Nova tells."""
        cloud = Cloud(self.cloud, self.nova_clock)
        return fakes.Service(cloud, **{'grace_poll_s': 20, **changes})
