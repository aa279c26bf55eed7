# SPDX-License-Identifier: Apache-2.0
"""By what a host asks for, by that it takes: nobody goes in a circle."""

import types
import unittest

from hypothesis import given, settings
from hypothesis import strategies as st

from nova_desktop import model
from nova_desktop.virt import inventory, refusal
from tests.unit.reclaim import fakes

TOTAL_MIB = 32768
sizes = st.lists(st.sampled_from([512, 1024, 1100, 4096]), min_size=1)
caps = st.integers(0, TOTAL_MIB)
ways = st.sampled_from(['shelve', 'suspend', 'stop', 'rebuild'])


def status(cap_mib, admit):
    return model.Status(
        sequence=1,
        presence=model.Presence.AWAY if admit else model.Presence.ACTIVE,
        demand=False,
        source='input',
        reason='test',
        cap=model.Cap(cpus=64.0, memory_mib=cap_mib, admit=admit),
        reclaim_due=True,
    )


def reserved_mib(cap):
    """Give what the host's driver reserves in Placement under a cap."""
    stock = {'MEMORY_MB': {'total': TOTAL_MIB, 'reserved': 0}}
    return inventory.capped(stock, {'MEMORY_MB': 0}, cap)['MEMORY_MB'][
        'reserved'
    ]


class CircleTest(unittest.TestCase):
    @given(sizes, caps, st.booleans(), ways)
    @settings(deadline=None)
    def test_nobody_evicted_is_put_straight_back(
        self, memories, cap_mib, admit, way
    ):
        told = status(cap_mib, admit)
        clock = fakes.Clock()
        cloud = fakes.Cloud(
            clock,
            *[
                fakes.server(
                    f'{i}', memory_mib=mib, extra_specs=fakes.specs(way, 0)
                )
                for i, mib in enumerate(memories)
            ],
        )
        cloud.total_mib = TOTAL_MIB
        cloud.reserved_mib = reserved_mib(told.cap)
        cloud.unshelve_works = False
        service = fakes.Service(cloud)

        evicted = service.ask(keep=cap_mib)
        # Many take longer to leave than a single request counts.
        service.keep_asking(keep=cap_mib)
        service.run()

        used = sum(
            s.memory_mib
            for s in cloud.servers.values()
            if s.host and s.holds_memory
        )
        self.assertLessEqual(used, cap_mib)
        service.hosts.returned('desk1', 'it lends again')
        for server_id in evicted:
            server = cloud.servers[server_id]
            self.assertFalse(server.holds_memory)
            if server.host:
                self.assertFalse(service.returning._has_room(server))
            flavor = types.SimpleNamespace(
                memory_mb=server.memory_mib, vcpus=1
            )
            self.assertIsNotNone(
                refusal.why_not(
                    types.SimpleNamespace(status=told),
                    types.SimpleNamespace(flavor=flavor),
                    lambda: used,
                )
            )
            lent = TOTAL_MIB - cloud.reserved_mib
            self.assertGreater(used + server.memory_mib, lent)
