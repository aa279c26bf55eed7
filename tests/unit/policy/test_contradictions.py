# SPDX-License-Identifier: Apache-2.0
import unittest

from hypothesis import given
from hypothesis import strategies as st
from nova.objects import image_meta

from nova_desktop.policy import asked, contradictions, tolerance
from nova_desktop.virt import inventory

OURS = {
    'desktop:preemptible': 'true',
    'trait:CUSTOM_DESKTOP': 'required',
}
TRUSTED = 'trait:CUSTOM_DESKTOP_TRUSTED'

SPECS = (
    *(f'desktop:{name}' for name in tolerance.KEYS),
    'trait:CUSTOM_DESKTOP',
    TRUSTED,
    'hw:cpu_realtime',
    'hw:cpu_policy',
    'hw:mem_page_size',
    'hw:mem_encryption',
    'hw:tpm_version',
    'hw:tpm_secret_security',
    'hw:watchdog_action',
    'accel:device_profile',
    'pci_passthrough:alias',
    'resources1:VGPU',
)
PROPERTIES = (
    'traits_required',
    'hw_cpu_policy',
    'hw_locked_memory',
    'hw_mem_encryption',
    'hw_mem_page_size',
    'hw_tpm_version',
    'hw_watchdog_action',
)
WORDS = """true false yes 1 0 60 3600 required forbidden trusted standard
    delete stop live-migrate shelve,live-migrate delete,stop large small 4KB
    2MB dedicated host reset 2.0"""
values = st.sampled_from(WORDS.split())
flavors = st.dictionaries(
    st.sampled_from(SPECS) | st.text(), values | st.text()
)
anything = st.one_of(
    st.none(),
    st.booleans(),
    values,
    st.text(),
    st.integers(),
    st.lists(st.sampled_from(['CUSTOM_DESKTOP', 'CUSTOM_DESKTOP_TRUSTED'])),
    st.sets(st.text()),
)
images = st.dictionaries(st.sampled_from(PROPERTIES) | st.text(), anything)


def told(image=None, **changes) -> tuple[str, ...]:
    return contradictions.of(_specs(changes), image or {})


def _specs(changes) -> dict[str, str]:
    return OURS | {
        name.replace('__', ':'): value for name, value in changes.items()
    }


class ContradictionsTest(unittest.TestCase):
    def assert_one(self, words: str, found: tuple[str, ...]) -> None:
        self.assertEqual(1, len(found), found)
        for word in words.split():
            self.assertIn(word, found[0])

    def test_nothing_and_plain_flavors(self) -> None:
        self.assertEqual((), contradictions.of({}))
        self.assertEqual((), contradictions.of({'hw:cpu_realtime': 'yes'}))
        self.assertEqual((), contradictions.of({'desktop:preemptible': 'no'}))
        self.assertEqual((), told())

    def test_each_key_needs_the_switch(self) -> None:
        for name, value in (
            ('desktop:priority', '1'),
            ('desktop:on_reclaim', 'stop'),
            ('desktop:notice', '0'),
            ('desktop:runtime', '5'),
            ('desktop:trust', 'trusted'),
        ):
            for switch in ({}, {'desktop:preemptible': 'false'}):
                found = contradictions.of({name: value, **switch})
                self.assert_one(f'{name} desktop:preemptible', found)

    def test_workstations_only_for_one_that_none_of_them_takes(self) -> None:
        found = contradictions.of({'trait:CUSTOM_DESKTOP': 'required'})
        self.assert_one('trait:CUSTOM_DESKTOP desktop:preemptible', found)
        image = {'traits_required': ['CUSTOM_DESKTOP']}
        self.assertEqual(found, contradictions.of({}, image))

    def test_trait_forbidden_and_required(self) -> None:
        forbidden = {'trait__CUSTOM_DESKTOP': 'forbidden'}
        self.assertEqual((), told(**forbidden))
        image = {'traits_required': ['CUSTOM_DESKTOP']}
        self.assert_one('forbidden image', told(image, **forbidden))

    def test_trust_needs_the_trait_of_flavor_or_image(self) -> None:
        trusting = {'desktop__trust': 'trusted'}
        self.assert_one(TRUSTED, told(**trusting))
        self.assertEqual(
            (), told(**trusting, trait__CUSTOM_DESKTOP_TRUSTED='required')
        )
        image = {'traits_required': ['CUSTOM_DESKTOP_TRUSTED']}
        self.assertEqual((), told(image, **trusting))
        self.assert_one(
            TRUSTED, told(**trusting, trait__CUSTOM_DESKTOP_TRUSTED='no')
        )

    def test_any_trust_may_require_the_trait(self) -> None:
        required = {'trait__CUSTOM_DESKTOP_TRUSTED': 'required'}
        self.assertEqual((), told(**required))
        self.assertEqual((), told(**required, desktop__trust='standard'))

    def test_realtime(self) -> None:
        for text in ('yes', 'True', 'on', '1', ' y '):
            self.assert_one('hw:cpu_realtime', told(hw__cpu_realtime=text))
        for text in ('no', '', '2'):
            self.assertEqual((), told(hw__cpu_realtime=text))
        # A mask alone makes nothing realtime.
        self.assertEqual((), told({'hw_cpu_realtime_mask': '^0'}))

    def test_no_way_out_with_a_tpm(self) -> None:
        tpm = {'hw__tpm_version': '2.0'}
        self.assert_one('live-migrate,shelve TPM', told(**tpm))
        self.assert_one('TPM', told({'hw_tpm_version': '2.0'}))
        self.assert_one(
            'TPM', told(**tpm, desktop__on_reclaim='shelve,rebuild')
        )
        for actions in ('live-migrate,stop', 'cold-migrate', 'suspend'):
            self.assertEqual((), told(**tpm, desktop__on_reclaim=actions))
        moves = {**tpm, 'hw__tpm_secret_security': 'host'}
        self.assertEqual((), told(**moves))
        self.assert_one('TPM', told(**moves, desktop__on_reclaim='shelve'))

    def test_no_way_out_with_encrypted_memory(self) -> None:
        live = {'desktop__on_reclaim': 'live-migrate'}
        self.assert_one('encrypted', told(hw__mem_encryption='true', **live))
        self.assert_one('encrypted', told({'hw_mem_encryption': True}, **live))
        self.assertEqual((), told(hw__mem_encryption='true'))
        rest = {'desktop__on_reclaim': 'suspend'}
        self.assert_one('encrypted', told(hw__mem_encryption='true', **rest))

    def test_no_way_out_with_an_accelerator(self) -> None:
        device = {'accel__device_profile': 'fpga'}
        moves = {'desktop__on_reclaim': 'live-migrate,cold-migrate,suspend'}
        self.assert_one('accel:device_profile', told(**device, **moves))
        self.assertEqual((), told(**device))

    def test_unreadable_flavor_is_not_judged(self) -> None:
        self.assertEqual((), told(desktop__notice='x', hw__cpu_realtime='y'))

    def test_the_same_trait_as_the_driver_reports(self) -> None:
        self.assertEqual(inventory.TRAIT, asked.TRAIT)

    def test_properties_reach_a_filter_by_these_names(self) -> None:
        for name in PROPERTIES:
            self.assertIn(name, image_meta.ImageMetaProps.fields)

    def test_novas_own_object_is_taken_for_an_image(self) -> None:
        props = image_meta.ImageMetaProps.from_dict({'hw_tpm_version': '2.0'})
        self.assert_one('TPM', contradictions.of(OURS, props))
        plain = image_meta.ImageMetaProps.from_dict({})
        self.assertEqual((), contradictions.of(OURS, plain))

    def test_nova_drops_what_it_does_not_know(self) -> None:
        props = image_meta.ImageMetaProps.from_dict(
            {
                'desktop:notice': '60',
                'desktop_notice': '60',
                'trait:CUSTOM_DESKTOP': 'required',
                'trait:CUSTOM_DESKTOP_TRUSTED': 'forbidden',
                'hw_mem_encryption': 'yes',
            }
        )
        there = {n: props.get(n) for n in props.fields if n in props}
        self.assertEqual(
            {'traits_required': ['CUSTOM_DESKTOP'], 'hw_mem_encryption': True},
            there,
        )


class PropertiesTest(unittest.TestCase):
    @given(flavors, images)
    def test_any_text_is_judged_and_always_alike(self, specs, image) -> None:
        for judge in (contradictions.of, contradictions.advice):
            found = judge(specs, image)
            self.assertTrue(all(isinstance(each, str) for each in found))
            self.assertEqual(len(set(found)), len(found))
            self.assertEqual(
                found,
                judge(
                    dict(reversed(specs.items())),
                    dict(reversed(image.items())),
                ),
            )

    @given(flavors)
    def test_unreadable_flavors_are_left_to_the_parser(self, specs) -> None:
        if tolerance.parse(specs)[1]:
            self.assertEqual((), contradictions.of(specs))

    @given(flavors, images)
    def test_realtime_is_never_let_through(self, specs, image) -> None:
        others = {n: v for n, v in specs.items() if 'desktop:' not in n}
        specs = others | OURS | {'hw:cpu_realtime': 'yes'}
        found = contradictions.of(specs, image)
        self.assertTrue(any('hw:cpu_realtime' in each for each in found))

    @given(flavors, images)
    def test_keys_of_others_do_not_matter(self, specs, image) -> None:
        found = contradictions.of(specs, image)
        others = {**specs, 'os:hide': '1', 'quota:cpu_shares': '2'}
        self.assertEqual(found, contradictions.of(others, image))
