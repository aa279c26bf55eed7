# SPDX-License-Identifier: Apache-2.0
import types
import unittest
from unittest import mock

import openstack.exceptions

from nova_desktop.doctor.result import State
from nova_desktop.manage import bootstrap, ready_set


def hypervisor(name: str) -> types.SimpleNamespace:
    return types.SimpleNamespace(
        id=f'provider of {name}', service_details={'host': name}
    )


def named(name: str, **more) -> types.SimpleNamespace:
    return types.SimpleNamespace(name=name, **more)


def empty_cloud() -> mock.Mock:
    there = mock.Mock()
    there.placement.traits.return_value = [named('CUSTOM_DESKTOP')]
    there.placement.resource_providers.return_value = [
        types.SimpleNamespace(id='provider of desk1'),
        types.SimpleNamespace(id='provider of one that is gone'),
    ]
    there.compute.hypervisors.return_value = [
        hypervisor('desk1'),
        hypervisor('rack1'),
    ]
    there.compute.aggregates.return_value = [
        named('others', hosts=['desk1'], metadata={'trait:CUSTOM_DESKTOP': ''})
    ]
    there.compute.create_aggregate.return_value.hosts = None
    there.compute.flavors.return_value = [named('others')]
    return there


def writes(there: mock.Mock) -> list[str]:
    return [
        name
        for name, _, _ in there.mock_calls
        if name.rpartition('.')[2].startswith(('create', 'set', 'add'))
    ]


class BootstrapTest(unittest.TestCase):
    def states(self, there: mock.Mock, **more) -> dict[str, State]:
        found = list(bootstrap.run(there, **more))
        return {each.what: each.state for each in found}

    def test_workstations_alone_are_put_into_the_aggregate(self) -> None:
        there = empty_cloud()
        states = self.states(there)
        hosts = [what for what in states if what.startswith('host ')]
        self.assertEqual(['host desk1'], hosts)
        made = there.compute.create_aggregate.return_value
        there.compute.add_host_to_aggregate.assert_called_once_with(
            made, 'desk1'
        )

    def test_trait_is_made_before_anybody_is_asked_for_it(self) -> None:
        there = empty_cloud()
        there.placement.traits.return_value = []
        states = self.states(there)
        self.assertEqual(State.CREATED, states['trait CUSTOM_DESKTOP'])
        self.assertEqual(State.SKIPPED, states['hosts'])

    def test_dry_run_only_reads(self) -> None:
        there, dry = empty_cloud(), empty_cloud()
        self.assertEqual(self.states(there), self.states(dry, dry_run=True))
        self.assertEqual([], writes(dry))
        # Two calls for each flavor and for the aggregate, a trait, a host.
        self.assertEqual(2 * len(ready_set.FLAVORS) + 4, len(writes(there)))

    def test_error_ends_it_and_names_what_failed(self) -> None:
        there = empty_cloud()
        there.compute.create_flavor_extra_specs.side_effect = [
            None,
            openstack.exceptions.HttpException('503'),
        ]
        *before, last = bootstrap.run(there)
        second = ready_set.FLAVORS[1].name
        self.assertEqual(f'flavor {second}', last.what)
        self.assertEqual(State.PROBLEM, last.state)
        self.assertIn('503', last.found)
        self.assertIn('run this again', last.remedy)
        self.assertEqual(
            f'flavor {ready_set.FLAVORS[0].name}', before[-1].what
        )
