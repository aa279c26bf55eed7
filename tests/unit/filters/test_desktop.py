# SPDX-License-Identifier: Apache-2.0
import types
import unittest

import nova.conf
from oslo_config import fixture

from nova_desktop.filters import desktop

STATS = {
    'desktop_version': '1',
    'desktop_presence': 'away',
    'desktop_admit': 'True',
    'desktop_cap_cpus': '4.0',
    'desktop_cap_memory_mib': '4096',
}
PREEMPTIBLE = {'desktop:preemptible': 'true'}


class DesktopFilterTest(unittest.TestCase):
    def setUp(self) -> None:
        self.config = fixture.Config(nova.conf.CONF)
        self.config.setUp()
        self.addCleanup(self.config.cleanUp)

    def passes(self, stats=STATS, specs=PREEMPTIBLE) -> bool:
        host = types.SimpleNamespace(stats=stats, host='desk1')
        flavor = types.SimpleNamespace(
            name='small', vcpus=1, memory_mb=512, extra_specs=specs
        )
        spec = types.SimpleNamespace(flavor=flavor)
        return desktop.DesktopFilter().host_passes(host, spec)

    def test_open_workstation(self) -> None:
        self.assertTrue(self.passes())

    def test_flavor_that_says_nothing(self) -> None:
        self.assertFalse(self.passes(specs={}))
        self.assertFalse(self.passes(specs=None))

    def test_flavor_with_one_bad_key_is_not_preemptible(self) -> None:
        specs = {**PREEMPTIBLE, 'desktop:notice': 'soon'}
        self.assertFalse(self.passes(specs=specs))

    def test_report_of_a_closed_workstation_is_left_to_placement(self) -> None:
        self.assertTrue(self.passes({**STATS, 'desktop_admit': 'False'}))

    def test_malformed_statistics(self) -> None:
        self.assertFalse(self.passes({'desktop_version': '1'}))

    def test_trust_needs_the_required_trait(self) -> None:
        specs = {**PREEMPTIBLE, 'desktop:trust': 'trusted'}
        self.assertFalse(self.passes(specs=specs))
        specs['trait:CUSTOM_DESKTOP_TRUSTED'] = 'required'
        self.assertTrue(self.passes(specs=specs))

    def test_data_centre(self) -> None:
        self.assertTrue(self.passes({}, {}))
        self.assertFalse(self.passes({}))
        self.config.config(allow_in_data_centre=True, group='desktop')
        self.assertTrue(self.passes({}))
        self.assertTrue(self.passes(None))

    def test_reason_is_logged(self) -> None:
        with self.assertLogs('nova_desktop.filters', 'DEBUG') as said:
            self.passes(specs={})
        self.assertIn('preemptible', said.output[-1])
