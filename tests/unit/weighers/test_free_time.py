# SPDX-License-Identifier: Apache-2.0
import unittest

import nova.conf
from oslo_config import fixture

from nova_desktop.weighers import free_time
from tests.unit.weighers import hosts

HOUR = hosts.AWAY | {'desktop_forecast_60': '1.0'}


class FreeTimeWeigherTest(unittest.TestCase):
    def setUp(self) -> None:
        self.weigher = free_time.FreeTimeWeigher()
        self.config = fixture.Config(nova.conf.CONF)
        self.config.setUp()
        self.addCleanup(self.config.cleanUp)

    def weigh(self, stats, **extra: str) -> float:
        spec = hosts.request(**extra)
        return self.weigher._weigh_object(hosts.host(stats), spec)

    def test_minutes_of_the_forecast(self) -> None:
        self.assertEqual(60, self.weigh(HOUR))

    def test_time_beyond_the_runtime_does_not_count(self) -> None:
        self.assertEqual(20, self.weigh(HOUR, **{'desktop:runtime': '20'}))

    def test_what_tells_nothing_weighs_nothing(self) -> None:
        self.assertEqual(0, self.weigh({}))
        self.assertEqual(0, self.weigh(None))
        self.assertEqual(0, self.weigh({**HOUR, 'desktop_version': '99'}))

    def test_multiplier_is_an_option(self) -> None:
        self.config.config(free_time_weight_multiplier=3.0, group='desktop')
        self.assertEqual(3, self.weigher.weight_multiplier(hosts.host(HOUR)))

    def test_aggregate_overrides_it(self) -> None:
        special = hosts.host(HOUR, free_time_weight_multiplier='-2')
        self.assertEqual(-2, self.weigher.weight_multiplier(special))

    def test_new_value_counts_from_the_next_request(self) -> None:
        for value in (3.0, 4.0):
            self.config.config(
                free_time_weight_multiplier=value, group='desktop'
            )
            self.weigh(HOUR)
            found = self.weigher.weight_multiplier(hosts.host(HOUR))
            self.assertEqual(value, found)

    def test_requests_on_other_threads_do_not_matter(self) -> None:
        weigh = self.weigh

        class Interrupted:
            @property
            def aggregates(self) -> list[object]:
                weigh(HOUR)
                return []

        self.config.config(free_time_weight_multiplier=3.0, group='desktop')
        found = self.weigher.weight_multiplier(Interrupted())
        self.assertEqual(3, found)
