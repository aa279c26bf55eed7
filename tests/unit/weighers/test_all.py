# SPDX-License-Identifier: Apache-2.0
import unittest

from nova.scheduler import weights

from nova_desktop import weighers
from nova_desktop.conf import desktop as options
from tests.unit.weighers import hosts

BAD = (
    None,
    {},
    hosts.AWAY | {'desktop_version': '0'},
    hosts.AWAY | {'desktop_demand': 'much'},
    hosts.AWAY | {'desktop_demand': '1.5'},
)


class AllWeighersTest(unittest.TestCase):
    def test_nova_loads_them_by_the_one_name(self) -> None:
        found = weights.HostWeightHandler().get_matching_classes(
            ['nova_desktop.weighers.all_weighers']
        )
        self.assertEqual(set(weighers.all_weighers()), set(found))
        self.assertEqual(4, len(found))

    def test_each_multiplier_is_an_option(self) -> None:
        names = {option.name for option in options.OPTS}
        for each in weighers.all_weighers():
            self.assertIn(each.MULTIPLIER, names)

    def test_no_host_that_cannot_be_read_is_above_one_that_can(self) -> None:
        spec = hosts.request(['other'])
        good = hosts.forecast(0.9, 0.8, 0.7, 0.6) | {
            'desktop_demand': '0.9',
            'desktop_evicted': 'server:3',
        }
        found = [hosts.host(each, f'bad{n}') for n, each in enumerate(BAD)]
        found += [hosts.host(good, 'good'), hosts.host(good, 'other')]
        for each in weighers.all_weighers():
            *bad, one, _ = hosts.weigh(each(), found, spec)
            with self.subTest(each.__name__):
                self.assertLessEqual(max(bad), one)
