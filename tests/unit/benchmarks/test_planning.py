# SPDX-License-Identifier: Apache-2.0

import argparse
import random
import unittest

from benchmarks import crowded, planning, reclaim, strategies
from nova_desktop import model

STOP = model.ReclaimAction.STOP


def guests(*rows: tuple[int, float]) -> crowded.Guests:
    rng = random.Random(1)
    return [
        crowded.guest(rng, memory, 1, STOP, age_s=age) for memory, age in rows
    ]


class StrategiesTest(unittest.TestCase):
    rng = random.Random(1)

    def test_optimum(self) -> None:
        host = guests((512, 5.0), (512, 6.0), (1024, 20.0))
        self.assertEqual((11.0, 1), strategies.optimum(host, 1024))

    def test_opie_takes_one(self) -> None:
        host = guests((512, 5.0), (512, 6.0))
        self.assertEqual(host[1:], strategies.opie(host, 1024, self.rng))

    def test_chance_takes_enough_or_nobody(self) -> None:
        host = guests(*[(512, 5.0)] * 8)
        self.assertEqual(
            3, len(strategies.aardvark_chance(host, 1500, self.rng))
        )
        self.assertEqual([], strategies.aardvark_chance(host, 2561, self.rng))
        self.assertEqual(
            [], strategies.aardvark_chance(host[:2], 1025, self.rng)
        )

    def test_strict_leaves_the_least_unused(self) -> None:
        host = guests((1024, 1.0), (512, 7.0), (256, 9.0))
        taken = strategies.aardvark_strict(host, 700, self.rng)
        self.assertEqual({512, 256}, {each.memory_mib for each in taken})

    def test_strict_takes_the_oldest_of_equals(self) -> None:
        host = guests((512, 5.0), (512, 9.0))
        self.assertEqual(
            host[1:], strategies.aardvark_strict(host, 500, self.rng)
        )


class PlanningTest(unittest.TestCase):
    def test_few(self) -> None:
        chosen = argparse.Namespace(plans=2, cases=40, parts=['planning'])
        found = reclaim.run(chosen)
        self.assertEqual('reclaim', found.name)
        self.assertEqual(40, len(found.samples['opie_short']))
        self.assertEqual(2, len(found.samples['plan_500_mixed_ms']))
        metrics = found.metrics
        self.assertEqual(0, metrics['plan_cost_over_optimum_worst_percent'])
        self.assertEqual(0, metrics['plan_short_percent'])
        self.assertGreater(metrics['opie_short_percent'], 0)
        self.assertGreater(
            metrics['aardvark_strict_cost_over_optimum_total_percent'], 0
        )
        self.assertGreater(metrics['plan_500_ms'], 0)
        self.assertIn('aardvark_strict', found.table())

    def test_none_that_frees_enough_has_no_cost(self) -> None:
        found = planning._quality('opie', {'opie_short': [1.0], **EMPTY})
        self.assertEqual({'opie_short_percent': 100.0}, found)


EMPTY: dict[str, list[float]] = {'opie_cost_s': [], 'opie_optimum_s': []}


class CrowdedTest(unittest.TestCase):
    def test_same_hosts_each_time(self) -> None:
        for name, kind in crowded.KINDS.items():
            first = kind(random.Random(name), 20)
            self.assertEqual(first, kind(random.Random(name), 20))
            self.assertEqual(20, len({each.server_id for each in first}))
