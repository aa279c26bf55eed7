# SPDX-License-Identifier: Apache-2.0
"""Many workstations in real databases of Nova and Placement, in one process.

By the fixtures of Nova's own functional tests: SQLite below, Placement's real
application before it. The rows of the hosts are written at once, as tens of
thousands of requests would take minutes.
"""

import contextlib
import logging
import sys
import uuid
from collections.abc import Iterator
from typing import Any

import nova.conf
from nova import context, test
from nova.db.api import api as api_db
from nova.db.api import models as api_models
from nova.db.main import api as main_db
from nova.db.main import models as main_models
from nova.tests.functional import fixtures as nova_fixtures
from placement import context as placement_context
from placement import db_api as placement_db

from benchmarks import many_hosts, monday_desks, placement_tables

CONF = nova.conf.CONF


class _Case(test.TestCase):  # type: ignore[misc]
    """What sets Nova's databases up, and away again."""

    def runTest(self) -> None:
        """Do nothing; a case needs something to run."""


@contextlib.contextmanager
def of(hosts: list[many_hosts.Row]) -> Iterator[None]:
    """Have a Nova and a Placement in which all these hosts are."""
    streams = sys.stdout, sys.stderr
    case = _Case('runTest')
    # Nova's fixtures keep what is printed, and format what is logged.
    try:
        case.setUp()
    finally:
        sys.stdout, sys.stderr = streams
    logging.disable(logging.INFO)
    try:
        placement = case.useFixture(nova_fixtures.PlacementFixture())
        _write_nova(case.cell_mappings['cell1'], hosts)
        _write_placement(placement.conf_fixture.conf, hosts)
        many_hosts.configure()
        CONF.set_override('max_placement_results', len(hosts), 'scheduler')
        yield
    finally:
        case.doCleanups()
        logging.disable(logging.NOTSET)


def _write_nova(cell: Any, hosts: list[many_hosts.Row]) -> None:
    admin = context.get_admin_context()
    columns = {each.name for each in main_models.ComputeNode.__table__.columns}
    nodes = [
        {name: value for name, value in each.items() if name in columns}
        | {'deleted': 0, 'mapped': 1}
        for each in hosts
    ]
    services = [
        many_hosts.service(each)
        | {'binary': 'nova-compute', 'topic': 'compute', 'version': 70}
        | {'uuid': str(uuid.uuid4()), 'deleted': 0}
        for each in hosts
    ]
    with context.target_cell(admin, cell) as in_cell:
        manager = main_db.get_context_manager(in_cell)
        with manager.writer.using(in_cell) as session:
            session.execute(main_models.Service.__table__.insert(), services)
            session.execute(main_models.ComputeNode.__table__.insert(), nodes)
    mappings = [{'host': each['host'], 'cell_id': cell.id} for each in hosts]
    with api_db.context_manager.writer.using(admin) as session:
        session.execute(api_models.HostMapping.__table__.insert(), mappings)


def _write_placement(conf: Any, hosts: list[many_hosts.Row]) -> None:
    admin = placement_context.RequestContext(config=conf)
    desks = [
        monday_desks.Desk(each['id'], each['uuid'], _totals(each), ())
        for each in hosts
    ]
    with placement_db.placement_context_manager.writer.using(admin) as session:
        placement_tables.write(session, desks)


def _totals(host: many_hosts.Row) -> dict[str, int]:
    return {
        'VCPU': host['vcpus'],
        'MEMORY_MB': host['memory_mb'],
        'DISK_GB': host['local_gb'],
    }
