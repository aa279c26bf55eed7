# SPDX-License-Identifier: Apache-2.0
import types
import unittest

import nova.conf
from oslo_config import fixture

from nova_desktop.weighers import desktop

AWAY = {
    'desktop_version': '1',
    'desktop_presence': 'away',
    'desktop_admit': 'True',
    'desktop_cap_cpus': '4.0',
    'desktop_cap_memory_mib': '4096',
    'desktop_forecast_60': '1.0',
}


def host(stats, **aggregate: str) -> types.SimpleNamespace:
    metadata = [types.SimpleNamespace(metadata=aggregate)] if aggregate else []
    return types.SimpleNamespace(stats=stats, aggregates=metadata)


def spec(**extra: str) -> types.SimpleNamespace:
    return types.SimpleNamespace(
        flavor=types.SimpleNamespace(extra_specs=extra)
    )


class FreeTimeWeigherTest(unittest.TestCase):
    def setUp(self) -> None:
        self.weigher = desktop.FreeTimeWeigher()
        self.config = fixture.Config(nova.conf.CONF)
        self.config.setUp()
        self.addCleanup(self.config.cleanUp)

    def weigh(self, stats, **extra: str) -> float:
        return self.weigher._weigh_object(host(stats), spec(**extra))

    def test_minutes_of_the_forecast(self) -> None:
        self.assertEqual(60, self.weigh(AWAY))

    def test_time_beyond_the_runtime_does_not_count(self) -> None:
        self.assertEqual(20, self.weigh(AWAY, **{'desktop:runtime': '20'}))

    def test_what_tells_nothing_weighs_nothing(self) -> None:
        self.assertEqual(0, self.weigh({}))
        self.assertEqual(0, self.weigh(None))
        self.assertEqual(0, self.weigh({**AWAY, 'desktop_version': '99'}))

    def test_multiplier_is_an_option(self) -> None:
        self.config.config(free_time_weight_multiplier=3.0, group='desktop')
        self.assertEqual(3, self.weigher.weight_multiplier(host(AWAY)))

    def test_aggregate_overrides_it(self) -> None:
        special = host(AWAY, free_time_weight_multiplier='-2')
        self.assertEqual(-2, self.weigher.weight_multiplier(special))
