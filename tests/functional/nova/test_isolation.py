# SPDX-License-Identifier: Apache-2.0
"""Aggregates keep ordinary servers off workstations in Placement already."""

from unittest import mock

from nova_desktop.filters import desktop
from tests.functional.nova import base


class IsolatedAggregateTest(base.DesktopTestBase):
    def setUp(self) -> None:
        super().setUp()
        self.flags(enable_isolated_aggregate_filtering=True, group='scheduler')
        self.start_workstation('desk1')
        self.start_stock('rack1')
        aggregate = self._create_aggregate('desktops')
        self.api.add_host_to_aggregate(aggregate, 'desk1')
        self.api.post_aggregate_action(
            aggregate,
            {
                'set_metadata': {
                    'metadata': {'trait:CUSTOM_DESKTOP': 'required'}
                }
            },
        )
        self.ordinary = self._create_flavor(memory_mb=1024, vcpu=1, disk=1)
        self.lent = self.flavor(**{'trait:CUSTOM_DESKTOP': 'required'})

    def offered(self, flavor_id: str) -> tuple[str, set[str]]:
        """Boot; give the host, and those that Placement had offered."""
        offered: set[str] = set()
        stock = desktop.DesktopFilter.filter_all

        def filter_all(this, states, spec):
            states = list(states)
            offered.update(state.host for state in states)
            return stock(this, states, spec)

        with mock.patch.object(
            desktop.DesktopFilter, 'filter_all', filter_all
        ):
            server = self.boot(flavor_id=flavor_id)
        return self.host_of(server), offered

    def test_each_kind_is_offered_its_own_hosts(self) -> None:
        self.assertEqual(('rack1', {'rack1'}), self.offered(self.ordinary))
        self.assertEqual(('desk1', {'desk1'}), self.offered(self.lent))

    def test_closed_desktops_push_nobody_elsewhere(self) -> None:
        self.close('desk1')
        self.boot(flavor_id=self.lent, expected_state='ERROR')
        self.assertEqual(('rack1', {'rack1'}), self.offered(self.ordinary))

    def test_without_it_the_filter_is_the_only_line(self) -> None:
        self.flags(
            enable_isolated_aggregate_filtering=False, group='scheduler'
        )
        self.assertEqual(
            ('rack1', {'desk1', 'rack1'}), self.offered(self.ordinary)
        )
