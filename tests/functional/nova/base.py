# SPDX-License-Identifier: Apache-2.0
"""Nova's libvirt test cloud, with workstations in it."""

import importlib.util
import pathlib
import sys
import warnings

import fixtures
import nova.virt
from nova import context, thread_pool_factory
from nova.tests.functional.libvirt import base

from nova_desktop import client, model
from tests.functional.nova import (
    allocations,
    fake_agent,
    hooks,
    looking,
    waiting,
)

ROOT = pathlib.Path(__file__).parents[3]

PREEMPTIBLE = {'desktop:preemptible': 'true'}


def _make_shim_importable() -> None:
    # Installed, it lies beside Nova's own drivers.
    if importlib.util.find_spec('nova.virt.desktop') is not None:
        return
    spec = importlib.util.spec_from_file_location(
        'nova.virt.desktop', ROOT / 'nova/virt/desktop.py'
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules['nova.virt.desktop'] = module
    spec.loader.exec_module(module)
    nova.virt.desktop = module


class DesktopTestBase(
    waiting.Waiting,
    looking.Looking,
    hooks.Hooks,
    allocations.CleanAllocations,
    base.ServersTestBase,
):
    """A cloud whose computes are workstations unless said otherwise.

    No test can forget two things, which are looked at when it has ended:
    that its allocations are clean, and that each of its hooks was called.
    """

    api_major_version = 'v2.1'
    microversion = 'latest'
    ADMIN_API = True

    def setUp(self) -> None:
        _make_shim_importable()
        self.useFixture(
            fixtures.MonkeyPatch(
                'nova_desktop.client.AgentWatcher', fake_agent.FakeWatcher
            )
        )
        assert client.AgentWatcher is fake_agent.FakeWatcher
        # A thread that outlives its test may ask for an executor after
        # Nova's fixture has ended them all. The fixture would then refuse
        # every later test of the process, for no fault of theirs.
        thread_pool_factory.reset_all_executors()
        waiting.await_managers(self)
        super().setUp()
        self.look_oftener()
        # Nova's tests make errors of SQLAlchemy's warnings, and the newest
        # SQLAlchemy has one more than this Nova knows.
        warnings.filterwarnings('ignore', message=r'The noload\(\) option')
        self.useFixture(
            fixtures.MockPatch(
                'nova.virt.libvirt.driver.LibvirtDriver.get_host_uptime',
                return_value='up',
            )
        )
        self.flavor_id = self.flavor()

    def tearDown(self) -> None:
        # Not a cleanup: those of the hosts would have ended them before.
        self.assert_hooks_called()
        self._wait_for_assert(self.assert_allocations_clean)
        super().tearDown()

    def _setup_scheduler_service(self):
        # The wheel puts Nova's data files beside its libraries.
        stock = pathlib.Path(sys.prefix, 'etc/nova/api-paste.ini').read_text()
        paste = pathlib.Path(self.useFixture(fixtures.TempDir()).path, 'paste')
        # Half of the time that nova-api takes to start goes into version 2.
        paste.write_text(stock.replace('/v2/+: ', '# '))
        self.flags(api_paste_config=str(paste), group='wsgi')
        self.flags(
            available_filters=[
                'nova.scheduler.filters.all_filters',
                'nova_desktop.filters.desktop.DesktopFilter',
            ],
            weight_classes=['nova_desktop.weighers.all_weighers'],
            group='filter_scheduler',
        )
        self.ADDITIONAL_FILTERS = ['DesktopFilter']
        return super()._setup_scheduler_service()

    # What the cloud is made of.

    def flavor(self, memory_mb: int = 1024, vcpu: int = 1, **specs) -> str:
        """Create a preemptible flavor; give its id."""
        return self._create_flavor(
            memory_mb=memory_mb,
            vcpu=vcpu,
            disk=1,
            ephemeral=0,
            extra_spec={**PREEMPTIBLE, **specs},
        )

    def start_workstation(
        self, *names: str, first: model.Status | None = fake_agent.AWAY
    ) -> None:
        """Start hosts whose agents say ``first`` when they are asked."""
        self.flags(compute_driver='desktop.DesktopDriver')
        for name in names:
            fake_agent.FakeWatcher.first = first
            self.start_compute(name)

    def start_stock(self, name: str) -> None:
        self.flags(compute_driver='libvirt.LibvirtDriver')
        self.start_compute(name)

    def boot(self, **kwargs) -> dict:
        return self._create_server(
            flavor_id=kwargs.pop('flavor_id', self.flavor_id),
            networks='none',
            **kwargs,
        )

    # What happens in it.

    def say(self, name: str, said: model.Status | None) -> None:
        """Have an agent speak."""
        self.watcher(name).say(said)

    def owner_back(self, name: str) -> None:
        """Have the owner come back at this very moment."""
        self.say(name, fake_agent.AT_WORK)

    def close(self, name: str) -> None:
        """Have the owner come back, and wait until Placement knows."""
        self.owner_back(name)
        self.wait_pushed(name)

    def wait_pushed(self, name: str) -> None:
        """Wait until Placement has been told of the latest cap."""
        desktop = self.driver(name).desktop
        self._wait_for_assert(
            lambda: self.assertTrue(desktop._pusher.settled())
        )

    def update(self, name: str) -> None:
        """Run Nova's periodic update of one host."""
        manager = self.computes[name].manager
        manager.update_available_resource(context.get_admin_context())
