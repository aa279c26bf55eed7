# SPDX-License-Identifier: Apache-2.0
"""Live migrations through a libvirt that does as it is told."""

import threading
from collections.abc import Callable

import fixtures
from nova.compute import manager
from nova.tests.fixtures import libvirt as fakelibvirt
from nova.tests.functional.libvirt import base as libvirt_base

from tests.functional.nova import base

RESOURCE = '<resource><partition>/novadesktop</partition></resource>'


def failure(text: str) -> fakelibvirt.libvirtError:
    return fakelibvirt.make_libvirtError(
        fakelibvirt.libvirtError,
        text,
        error_code=fakelibvirt.VIR_ERR_OPERATION_FAILED,
        error_domain=fakelibvirt.VIR_FROM_QEMU,
    )


def _defined_as_libvirt_does(stock: Callable) -> Callable:
    """Have a running domain run on when it is defined again."""

    def define(connection, xml: str) -> fakelibvirt.Domain:
        running = dict(connection._vms)
        domain = stock(connection, xml)
        before = running.get(domain.name())
        if before is not None:
            domain._state = before._state
        return domain

    return define


class LiveMigrationBase(
    libvirt_base.LibvirtMigrationMixin, base.DesktopTestBase
):
    """Hosts between which servers move, whichever Nova chooses."""

    # A refusal is raised to whoever casts; calls would give it to the API.
    CAST_AS_CALL = False

    def setUp(self) -> None:
        super().setUp()
        self.flags(allow_in_data_centre=True, group='desktop')
        self.flags(skip_cpu_compare_on_dest=True, group='workarounds')
        self.useFixture(
            fixtures.MonkeyPatch(
                'nova.tests.fixtures.libvirt.Connection.defineXML',
                _defined_as_libvirt_does(fakelibvirt.Connection.defineXML),
            )
        )
        self.ended = threading.Semaphore(0)
        self.useFixture(
            fixtures.MonkeyPatch(
                'nova.compute.manager.ComputeManager._do_live_migration',
                self._told_when_done(manager.ComputeManager),
            )
        )
        self.sent: list[str] = []
        self.while_moving: Callable[[fakelibvirt.Domain], None] = (
            lambda domain: None
        )

    def _told_when_done(self, kind: type[manager.ComputeManager]) -> Callable:
        stock = kind._do_live_migration

        def migrate(*args) -> None:
            try:
                stock(*args)
            finally:
                self.ended.release()

        return migrate

    def _migrate_stub(self, domain, destination, params, flags) -> None:
        xml = params['destination_xml']
        self.sent.append(xml)
        domain._job_type = fakelibvirt.VIR_DOMAIN_JOB_UNBOUNDED
        self.while_moving(domain)
        name = destination.removeprefix('qemu+tcp://').partition('/')[0]
        self.driver(name)._host.get_connection().createXML(xml, 0)
        domain.complete_job()

    def move(
        self,
        server: dict,
        expected: str = 'completed',
        host: str | None = None,
    ) -> str:
        """Have Nova move a server; give the host where it then runs."""
        self.ask_to_move(server, host)
        self.wait_moved(server, expected)
        return self.host_of(server)

    def ask_to_move(self, server: dict, host: str | None = None) -> None:
        body = {'os-migrateLive': {'host': host, 'block_migration': 'auto'}}
        self.api.post_server_action(server['id'], body)

    def wait_moved(self, server: dict, expected: str = 'completed') -> None:
        """Wait until a server's latest migration has ended so."""
        self._wait_for_assert(
            lambda: self.assertEqual(
                expected, self.migration(server)['status']
            )
        )
        self._wait_for_server_parameter(
            server, {'status': 'ACTIVE', 'OS-EXT-STS:task_state': None}
        )

    def begin_to_move(self, server: dict) -> threading.Event:
        """Start a migration that lasts until the event that it gives."""
        end, running = threading.Event(), threading.Event()
        self.addCleanup(end.set)

        def moving(domain: fakelibvirt.Domain) -> None:
            running.set()
            end.wait()
            if domain._job_type == fakelibvirt.VIR_DOMAIN_JOB_CANCELLED:
                raise failure('operation aborted')

        self.while_moving = moving
        self.ask_to_move(server)
        self.assertTrue(running.wait(30.0))
        return end
