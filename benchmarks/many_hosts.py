# SPDX-License-Identifier: Apache-2.0
"""Nova's own scheduler before as many workstations as are wanted."""

import contextlib
import datetime
import json
import random
import uuid
from collections.abc import Iterator
from typing import Any
from unittest import mock

import nova.conf
from nova import context, objects, rpc
from nova.compute import utils as compute_utils
from nova.scheduler import host_manager, manager, request_filter
from nova.scheduler import utils as scheduler_utils
from nova.scheduler.client import report

from nova_desktop import model
from nova_desktop.virt import inventory

CONF = nova.conf.CONF
FILTER = 'nova_desktop.filters.desktop.DesktopFilter'
WEIGHER = 'nova_desktop.weighers.all_weighers'
EXTRA_SPECS = {
    'trait:CUSTOM_DESKTOP': 'required',
    'desktop:preemptible': 'true',
    'desktop:on_reclaim': 'live-migrate,shelve',
    'desktop:notice': '60',
}
_ALL_FILTERS = 'nova.scheduler.filters.all_filters'
_ALL_WEIGHERS = 'nova.scheduler.weights.all_weighers'
_MEMORY_MIB = 16384
_CELL = str(uuid.UUID(int=1))

Row = dict[str, Any]


def rows(count: int) -> list[Row]:
    """Make the records of workstations, as they stand in Nova's database."""
    rng = random.Random(count)  # noqa: S311 - the same hosts each time
    return [_row(number, rng) for number in range(count)]


def _row(number: int, rng: random.Random) -> Row:
    now = datetime.datetime.now(datetime.UTC)
    told = inventory.stats(_status(rng))
    counted = dict.fromkeys(('num_instances', 'io_workload'), '0')
    known = {
        'id': number + 1,
        'uuid': str(uuid.UUID(int=number + 1)),
        'host': f'desk{number}',
        'hypervisor_hostname': f'desk{number}',
        'vcpus': 8,
        'memory_mb': _MEMORY_MIB,
        'free_ram_mb': _MEMORY_MIB - rng.randrange(4096),
        'local_gb': 100,
        'free_disk_gb': 100,
        'disk_available_least': 90,
        'hypervisor_type': 'QEMU',
        'hypervisor_version': 7002000,
        'supported_instances': json.dumps([['x86_64', 'kvm', 'hvm']]),
        'stats': json.dumps(
            {name: str(value) for name, value in told.items()} | counted
        ),
        'metrics': '[]',
        'cpu_info': '{}',
        'host_ip': '127.0.0.1',
        'cpu_allocation_ratio': 1.0,
        'ram_allocation_ratio': 1.0,
        'disk_allocation_ratio': 1.0,
        'created_at': now,
        'updated_at': now,
    }
    zero = ('vcpus_used', 'memory_mb_used', 'local_gb_used', 'running_vms')
    fields = dict.fromkeys(objects.ComputeNode.fields)
    return fields | dict.fromkeys(zero, 0) | {'current_workload': 0} | known


def _status(rng: random.Random) -> model.Status:
    chances = sorted((rng.random() for _ in model.HORIZONS_MIN), reverse=True)
    return model.Status(
        sequence=1,
        presence=model.Presence.AWAY,
        demand=False,
        source='sessions',
        reason='no session',
        cap=model.Cap(8.0, _MEMORY_MIB, True),
        reclaim_due=False,
        forecast=dict(zip(model.HORIZONS_MIN, chances, strict=True)),
    )


class Placement:
    """Offers every workstation, and grants every claim, at once."""

    def __init__(self, hosts: list[Row]) -> None:
        wanted = {'VCPU': 1, 'MEMORY_MB': 512, 'DISK_GB': 1}
        uuids = [each['uuid'] for each in hosts]
        self._requests = [
            {
                'allocations': {each: {'resources': wanted}},
                'mappings': {'': [each]},
            }
            for each in uuids
        ]
        self._summaries: dict[str, Row] = {each: {} for each in uuids}

    def get_allocation_candidates(self, *_: Any) -> tuple[Any, Any, str]:
        """Give all of them."""
        return self._requests, self._summaries, '1.36'


class Hosts(host_manager.HostManager):  # type: ignore[misc]
    """Reads compute nodes out of rows that need no database."""

    rows: list[Row] = []  # noqa: RUF012 - set before one is made

    def refresh_cells_caches(self) -> None:
        """Have one cell."""
        self.cells = {_CELL: None}
        self.enabled_cells = [_CELL]

    def _init_aggregates(self) -> None:
        pass

    def _get_instances_by_host(self, ctxt: Any, host: str) -> Row:
        return {}

    def _get_computes_for_cells(
        self, ctxt: Any, cells: Any, compute_uuids: Any = None
    ) -> tuple[dict[str, list[Any]], dict[str, Row]]:
        read = objects.ComputeNode._from_db_object
        nodes = [read(ctxt, objects.ComputeNode(), each) for each in self.rows]
        services = {each['host']: service(each) for each in self.rows}
        return {_CELL: nodes}, services


def service(row: Row) -> Row:
    """Make the record of a host's nova-compute."""
    return {
        'host': row['host'],
        'disabled': False,
        'forced_down': False,
        'last_seen_up': row['updated_at'],
        'updated_at': row['updated_at'],
        'created_at': row['created_at'],
        'report_count': 1,
    }


class Scheduler:
    """Nova's scheduler with its own filters and weighers, or ours as well."""

    def __init__(self, ours: bool) -> None:
        """Make it; call within ``real_cloud.of``."""
        for name, stock, added in (
            ('available_filters', [_ALL_FILTERS], FILTER),
            ('weight_classes', [_ALL_WEIGHERS], WEIGHER),
            ('enabled_filters', _stock_filters(), 'DesktopFilter'),
        ):
            values = [*stock, added] if ours else stock
            CONF.set_override(name, values, 'filter_scheduler')
        self._manager = manager.SchedulerManager()

    def select(self) -> list[Any]:
        """Select a host for one guest, with alternates."""
        spec = _spec()
        [found] = self._manager.select_destinations(
            context.get_admin_context(),
            spec_obj=spec,
            instance_uuids=[spec.instance_uuid],
            return_objects=True,
            return_alternates=True,
        )
        return list(found)


def _stock_filters() -> list[str]:
    [option] = [
        each
        for each in nova.conf.scheduler.filter_scheduler_opts
        if each.name == 'enabled_filters'
    ]
    return list(option.default)


def configure() -> None:
    """Set what all of the schedulers have in common."""
    CONF.set_override('track_instance_changes', False, 'filter_scheduler')
    CONF.set_override('notification_format', 'unversioned', 'notifications')
    # The rows' heartbeats are of the beginning.
    CONF.set_override('service_down_time', 86400)


@contextlib.contextmanager
def alone(hosts: list[Row]) -> Iterator[None]:
    """Have these hosts without message bus, database and Placement.

    Within ``real_cloud.of``, which sets Nova up.
    """
    nothing = mock.Mock()
    nothing.is_enabled.return_value = False
    Hosts.rows, placement = hosts, Placement(hosts)
    with contextlib.ExitStack() as stack:
        for owner, name, value in (
            (host_manager, 'HostManager', Hosts),
            (rpc, 'get_notifier', mock.Mock()),
            (compute_utils, 'notify_about_scheduler_action', mock.Mock()),
            (request_filter, 'process_reqspec', mock.Mock()),
            (scheduler_utils, 'claim_resources', lambda *_, **__: True),
            (rpc, 'NOTIFIER', nothing),
            (report, 'report_client_singleton', lambda: placement),
        ):
            stack.enter_context(mock.patch.object(owner, name, value))
        yield


def _spec() -> Any:
    flavor = objects.Flavor(
        id=1,
        flavorid='1',
        name='desk.small',
        vcpus=1,
        memory_mb=512,
        root_gb=1,
        ephemeral_gb=0,
        swap=0,
        extra_specs=dict(EXTRA_SPECS),
    )
    nothing = dict.fromkeys(
        (
            'availability_zone',
            'numa_topology',
            'requested_destination',
            'force_hosts',
            'force_nodes',
            'ignore_hosts',
            'retry',
            'instance_group',
        )
    )
    return objects.RequestSpec(
        flavor=flavor,
        image=objects.ImageMeta(
            id=str(uuid.uuid4()), properties=objects.ImageMetaProps()
        ),
        project_id='project',
        user_id='user',
        num_instances=1,
        instance_uuid=str(uuid.uuid4()),
        pci_requests=objects.InstancePCIRequests(requests=[]),
        limits=objects.SchedulerLimits(),
        scheduler_hints={},
        requested_resources=[],
        request_level_params=objects.RequestLevelParams(),
        is_bfv=False,
        **nothing,
    )
