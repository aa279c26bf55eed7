# SPDX-License-Identifier: Apache-2.0
"""A host that goes away and comes back, with its guests behind the fence."""

import datetime

import fixtures
from nova import context
from nova.db.main import api as db
from nova.tests.fixtures import libvirt as fakelibvirt

from nova_desktop import model
from tests.functional.nova import cold, fake_agent

RUNS, STANDS = fakelibvirt.VIR_DOMAIN_RUNNING, fakelibvirt.VIR_DOMAIN_PAUSED


class DepartingBase(cold.ColdBase):
    def setUp(self) -> None:
        super().setUp()
        # Two seconds each, for a cloud whose answers take longer.
        for name in ('_LOOK_S', '_FALL_ASLEEP_S'):
            self.useFixture(
                fixtures.MonkeyPatch(f'nova_desktop.virt.fence.{name}', 0.1)
            )
        self.flags(confirm_retry_s=0.2, group='desktop')

    def start_workstation(self, *names: str, **kwargs) -> None:
        super().start_workstation(*names, **kwargs)
        for name in names:
            self.driver(name).desktop._fence._settle_s = 0.2

    def domains(self, name: str) -> dict[str, int]:
        """Give the state of each domain of a host that has a process."""
        connection = self.driver(name)._host.get_connection()
        active = fakelibvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE
        return {
            domain.UUIDString(): domain._state
            for domain in connection.listAllDomains(active)
        }

    def defined(self, name: str) -> set[str]:
        """Give the servers whose domains a host has, running or not."""
        connection = self.driver(name)._host.get_connection()
        return {domain.UUIDString() for domain in connection._vms.values()}

    def traits(self, name: str) -> set[str]:
        """Give what a host promises, in Placement."""
        found = self._get_provider_traits(self.compute_rp_uuids[name])
        return set(found) & set(model.PROMISES)

    def wait_traits(self, name: str, *traits: str) -> None:
        self._wait_for_assert(
            lambda: self.assertEqual(set(traits), self.traits(name))
        )

    def beat(self, name: str) -> None:
        """Have a host leave a sign of life with Nova."""
        service = self.computes[name].service_ref
        service.report_count += 1
        service.save()

    def fence(self, name: str) -> tuple[str, ...]:
        """Have the agent pause all guests of a host; give their ids."""
        connection = self.driver(name)._host.get_connection()
        fenced = tuple(self.domains(name))
        for server_id in fenced:
            connection.lookupByUUIDString(server_id).suspend()
        self.watcher(name).resume = lambda server_id: (
            connection.lookupByUUIDString(server_id).resume()
        )
        return fenced

    def fall_asleep(self, name: str) -> tuple[str, ...]:
        fenced = self.fence(name)
        self.say(
            name,
            fake_agent.status(model.NOTHING, departing='sleep', fenced=fenced),
        )
        self.wait_traits(name, model.ASLEEP)
        return fenced

    def wake(self, name: str, fenced: tuple[str, ...]) -> None:
        self.say(name, fake_agent.status(fenced=fenced))

    def down(self, name: str, is_down: bool = True) -> None:
        """Have Nova take a host for down, which goes on all the same."""
        service = self.computes[name].service_ref
        self.api.put_service_force_down(service.uuid, is_down)

    def silence(self, name: str) -> None:
        """Have Nova take a host for down until its next sign of life."""
        db.service_update(
            context.get_admin_context(),
            self.computes[name].service_ref.id,
            {'last_seen_up': datetime.datetime(2026, 1, 1)},
        )

    def wait_beating(self, name: str, done) -> None:
        """Wait for something while a host gives its signs of life."""

        def look() -> None:
            self.beat(name)
            done()

        self._wait_for_assert(look)
