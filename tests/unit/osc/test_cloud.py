# SPDX-License-Identifier: Apache-2.0

import unittest

from osc_lib import exceptions

from nova_desktop.osc import cloud
from tests.unit.osc import fakes

LIST = '/os-hypervisors/detail'


def pages(params):
    """Give three hosts, two on a page."""
    nodes = [fakes.node(i) for i in range(3)]
    begin = 0
    if 'marker' in params:
        begin = [each['id'] for each in nodes].index(params['marker']) + 1
    body = {'hypervisors': nodes[begin : begin + 2]}
    if begin + 2 < len(nodes):
        body['hypervisors_links'] = [{'rel': 'next'}]
    return body


class CloudTest(unittest.TestCase):
    def test_pages(self):
        connection = fakes.Connection(compute={LIST: pages})
        found = list(cloud.Cloud(connection).hypervisors())
        self.assertEqual(['rp0', 'rp1', 'rp2'], [each['id'] for each in found])
        self.assertEqual(2, len(connection.compute.asked))

    def test_offers_of_any_resource(self):
        def candidates(params):
            full = {'rp1': {'resources': fakes.offer(memory=(1024, 1024))}}
            both = {'rp0': {'resources': fakes.offer()}}
            memory = params['resources'] == 'MEMORY_MB:1'
            return {'provider_summaries': both if memory else both | full}

        connection = fakes.Connection(
            placement={'/allocation_candidates': candidates}
        )
        found = cloud.Cloud(connection).offers()
        self.assertEqual({'rp0', 'rp1'}, set(found))
        self.assertEqual(
            {('CUSTOM_DESKTOP', f'{name}:1') for name in cloud.CLASSES},
            {
                (params['required'], params['resources'])
                for _, params in connection.placement.asked
            },
        )

    def test_a_host_by_its_own_name(self):
        def search(params):
            if 'hypervisor_hostname_pattern' in params:
                return fakes.Response(404, 'no match')
            return pages(params)

        asked = cloud.Cloud(fakes.Connection(compute={LIST: search}))
        self.assertEqual('rp2', asked.hypervisor('desk2')['id'])
        self.assertEqual('rp2', asked.hypervisor('node2')['id'])
        with self.assertRaisesRegex(exceptions.CommandError, 'desk9'):
            asked.hypervisor('desk9')

    def test_a_refusal_is_told(self):
        refused = fakes.Response(403, 'Policy does not allow it')
        connection = fakes.Connection(
            {LIST: refused}, {'/resource_providers': refused}
        )
        asked = cloud.Cloud(connection)
        with self.assertRaisesRegex(exceptions.CommandError, 'Nova.*403'):
            list(asked.hypervisors())
        with self.assertRaisesRegex(exceptions.CommandError, 'Placement.*403'):
            asked.workstations()
        for body in (
            {'forbidden': {'code': 403, 'message': 'not you'}},
            {'errors': [{'status': 403, 'detail': 'not you'}]},
        ):
            connection = fakes.Connection({LIST: fakes.Response(403, body)})
            with self.assertRaisesRegex(
                exceptions.CommandError, ': 403 not you$'
            ):
                list(cloud.Cloud(connection).hypervisors())
        for body in ({}, [], {'errors': []}, 'x' * 10**6):
            connection = fakes.Connection({LIST: fakes.Response(403, body)})
            with self.assertRaises(exceptions.CommandError) as caught:
                list(cloud.Cloud(connection).hypervisors())
            self.assertLess(len(str(caught.exception)), 500)

    def test_what_is_not_there(self):
        asked = cloud.Cloud(fakes.Connection())
        self.assertIsNone(asked.server('x'))
        self.assertEqual([], asked.actions('x'))
        self.assertFalse(asked.is_workstation('x'))
        self.assertEqual({}, asked.inventories('x'))
