# SPDX-License-Identifier: Apache-2.0
import types
import unittest

import nova.conf
from nova import objects
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

    def passes(self, stats=STATS, specs=PREEMPTIBLE, **image) -> bool:
        host = types.SimpleNamespace(stats=stats, host='desk1')
        flavor = types.SimpleNamespace(
            name='small', vcpus=1, memory_mb=512, extra_specs=specs
        )
        properties = objects.ImageMetaProps.from_dict(image)
        spec = types.SimpleNamespace(
            flavor=flavor, image=objects.ImageMeta(properties=properties)
        )
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

    def test_trust_may_be_the_image_s_wish(self) -> None:
        specs = {**PREEMPTIBLE, 'desktop:trust': 'trusted'}
        image = {'trait:CUSTOM_DESKTOP_TRUSTED': 'required'}
        self.assertTrue(self.passes(specs=specs, **image))

    def test_contradiction_is_refused_everywhere(self) -> None:
        self.config.config(allow_in_data_centre=True, group='desktop')
        specs = {**PREEMPTIBLE, 'hw:cpu_realtime': 'yes'}
        for stats in (STATS, {}):
            with self.assertLogs('nova_desktop.filters', 'DEBUG') as said:
                self.assertFalse(self.passes(stats, specs))
            self.assertIn('hw:cpu_realtime', said.output[-1])

    def test_image_that_contradicts_the_flavor(self) -> None:
        image = {'trait:CUSTOM_DESKTOP': 'required'}
        self.assertFalse(self.passes({}, {}, **image))

    def test_image_s_properties_of_ours_do_not_reach_the_scheduler(
        self,
    ) -> None:
        # Nova keeps those that it knows: what an image says of them is lost.
        self.assertTrue(self.passes(**{'desktop:preemptible': 'false'}))

    def test_request_without_an_image(self) -> None:
        flavor = types.SimpleNamespace(
            name='small', vcpus=1, memory_mb=512, extra_specs=PREEMPTIBLE
        )
        host = types.SimpleNamespace(stats=STATS, host='desk1')
        for image in (None, objects.ImageMeta()):
            spec = types.SimpleNamespace(flavor=flavor, image=image)
            self.assertTrue(desktop.DesktopFilter().host_passes(host, spec))

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
