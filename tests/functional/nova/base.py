# SPDX-License-Identifier: Apache-2.0
"""Nova's libvirt test cloud, with workstations in it."""

import importlib.util
import pathlib
import sys
import threading
import warnings

import fixtures
import nova.virt
from nova import context, objects, thread_pool_factory
from nova.tests.functional.libvirt import base

from nova_desktop import client, model

ROOT = pathlib.Path(__file__).parents[3]

LENT = model.Cap(cpus=6.0, memory_mib=8192, admit=True)
PREEMPTIBLE = {'desktop:preemptible': 'true'}


def status(
    cap: model.Cap = LENT,
    presence: model.Presence = model.Presence.AWAY,
    reclaim_due: bool = False,
    forecast: dict[int, float] | None = None,
) -> model.Status:
    """Give what an agent says."""
    return model.Status(
        sequence=1,
        presence=presence,
        demand=False,
        source='test',
        reason=f'the owner is {presence}',
        cap=cap,
        reclaim_due=reclaim_due,
        forecast=forecast or {},
    )


AT_WORK = status(model.NOTHING, model.Presence.ACTIVE)


class FakeWatcher:
    """Stand in for the agent's watcher, on a native thread like it."""

    first: model.Status | None = status()

    def __init__(self, on_status, ping_s, **_kwargs) -> None:
        self._on_status = on_status
        self.left: list[str] = []
        self.done: list[str] = []

    def start(self) -> None:
        self.say(self.first)

    def stop(self) -> None:
        pass

    def say(self, said: model.Status | None) -> None:
        thread = threading.Thread(target=self._on_status, args=(said,))
        thread.start()
        thread.join()

    def leave(self, server_id: str, seconds: int, timeout_s: float) -> bool:
        self.left.append(server_id)
        return True

    def leave_done(self, server_id: str) -> None:
        self.done.append(server_id)


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


class DesktopTestBase(base.ServersTestBase):
    """A cloud whose computes are workstations unless said otherwise."""

    api_major_version = 'v2.1'
    microversion = 'latest'
    ADMIN_API = True

    def setUp(self) -> None:
        _make_shim_importable()
        self.useFixture(
            fixtures.MonkeyPatch(
                'nova_desktop.client.AgentWatcher', FakeWatcher
            )
        )
        assert client.AgentWatcher is FakeWatcher
        # A thread that outlives its test may ask for an executor after
        # Nova's fixture has ended them all. The fixture would then refuse
        # every later test of the process, for no fault of theirs.
        thread_pool_factory.reset_all_executors()
        super().setUp()
        # Nova's tests make errors of SQLAlchemy's warnings, and the newest
        # SQLAlchemy has one more than this Nova knows.
        warnings.filterwarnings('ignore', message=r'The noload\(\) option')
        self.useFixture(
            fixtures.MockPatch(
                'nova.virt.libvirt.driver.LibvirtDriver.get_host_uptime',
                return_value='up',
            )
        )
        self.flavor_id = self._create_flavor(
            memory_mb=1024, vcpu=1, disk=1, ephemeral=0, extra_spec=PREEMPTIBLE
        )

    def _setup_scheduler_service(self):
        # The wheel puts Nova's data files beside its libraries.
        paste = pathlib.Path(sys.prefix, 'etc/nova/api-paste.ini')
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

    def start_workstation(self, name: str, first=None) -> None:
        self.flags(compute_driver='desktop.DesktopDriver')
        FakeWatcher.first = first or status()
        self.start_compute(name)

    def start_stock(self, name: str) -> None:
        self.flags(compute_driver='libvirt.LibvirtDriver')
        self.start_compute(name)

    def watcher(self, name: str) -> FakeWatcher:
        return self.computes[name].driver.desktop.agent._watcher

    def driver(self, name: str):
        return self.computes[name].driver

    def inventory(self, name: str) -> dict:
        return self._get_provider_inventory(self.compute_rp_uuids[name])

    def reserved(self, name: str) -> dict[str, int]:
        return {
            resource: each['reserved']
            for resource, each in self.inventory(name).items()
        }

    def update(self, name: str) -> None:
        """Run Nova's periodic update of one host."""
        manager = self.computes[name].manager
        manager.update_available_resource(context.get_admin_context())

    def node(self, name: str) -> objects.ComputeNode:
        """Give the compute node's record, as the scheduler sees it."""
        return objects.ComputeNode.get_first_node_by_host_for_old_compat(
            context.get_admin_context(), name
        )

    def host_of(self, server: dict) -> str:
        return self.api.get_server(server['id'])['OS-EXT-SRV-ATTR:host']

    def boot(self, **kwargs) -> dict:
        return self._create_server(
            flavor_id=kwargs.pop('flavor_id', self.flavor_id),
            networks='none',
            **kwargs,
        )
