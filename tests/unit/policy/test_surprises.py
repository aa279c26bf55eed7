# SPDX-License-Identifier: Apache-2.0
import unittest

from nova_desktop.policy import contradictions

OURS = {'desktop:preemptible': 'true', 'trait:CUSTOM_DESKTOP': 'required'}


class AdviceTest(unittest.TestCase):
    def told(self, specs, image=None) -> str:
        found = contradictions.advice(OURS | specs, image or {})
        self.assertEqual((), contradictions.of(OURS | specs, image or {}))
        return '\n'.join(found)

    def test_nothing_to_say(self) -> None:
        self.assertEqual('', self.told({}))
        self.assertEqual((), contradictions.advice({}))
        plain = {'hw:mem_page_size': 'large', 'hw:cpu_policy': 'dedicated'}
        self.assertEqual((), contradictions.advice(plain))

    def test_trait(self) -> None:
        [found] = contradictions.advice({'desktop:preemptible': 'true'})
        self.assertIn('not required', found)
        self.assertIn(
            'allow_in_data_centre',
            self.told({'trait:CUSTOM_DESKTOP': 'forbidden'}),
        )
        [] = contradictions.advice(
            {'desktop:preemptible': 'true'},
            {'traits_required': ['CUSTOM_DESKTOP']},
        )

    def test_after_delete(self) -> None:
        found = self.told({'desktop:on_reclaim': 'delete,stop,shelve'})
        self.assertIn('stop after delete', found)
        self.assertIn('shelve after delete', found)
        self.assertEqual('', self.told({'desktop:on_reclaim': 'stop,delete'}))

    def test_what_nova_refuses_is_passed_over(self) -> None:
        found = self.told({'hw:mem_encryption': 'true'})
        self.assertIn('refuses live-migrate with encrypted memory', found)
        found = self.told(
            {'desktop:on_reclaim': 'suspend,stop', 'hw:mem_encryption': 'true'}
        )
        self.assertIn('refuses suspend with encrypted memory', found)
        self.assertIn(
            'refuses shelve with a TPM',
            self.told(
                {'desktop:on_reclaim': 'shelve,stop'},
                {'hw_tpm_version': '2.0'},
            ),
        )

    def test_devices(self) -> None:
        found = self.told({'pci_passthrough:alias': 'gpu:1'})
        self.assertIn('paused', found)
        self.assertIn('live_migratable', found)
        found = self.told(
            {'resources:VGPU': '1', 'desktop:on_reclaim': 'shelve'}
        )
        self.assertIn('paused', found)
        self.assertNotIn('live-migrate', found)
        self.assertIn('QEMU 8.1', self.told({'resources1:VGPU': '1'}))
        self.assertEqual('', self.told({'resources:VGPU': '0'}))

    def test_notice_longer_than_the_runtime(self) -> None:
        self.assertIn(
            'desktop:runtime of 1 min', self.told({'desktop:runtime': '1'})
        )
        self.assertEqual('', self.told({'desktop:runtime': '2'}))

    def test_memory_that_stays(self) -> None:
        for specs, image in (
            ({'hw:mem_page_size': 'large'}, {}),
            ({'hw:mem_page_size': '2048'}, {}),
            ({'hw:mem_page_size': 'any'}, {'hw_mem_page_size': '2MB'}),
            ({'hw:mem_page_size': 'small', 'hw:locked_memory': 'yes'}, {}),
            ({'hw:mem_page_size': 'small'}, {'hw_locked_memory': True}),
            ({}, {'hw_mem_encryption': True}),
        ):
            self.assertIn('taken back', self.told(specs, image), specs)
        for size in ('small', '4', '4KB', '4 KiB'):
            self.assertEqual('', self.told({'hw:mem_page_size': size}))
        self.assertEqual(
            '',
            self.told({'hw:mem_page_size': 'any'}, {'hw_mem_page_size': '4'}),
        )

    def test_dedicated_cpus(self) -> None:
        for specs, image in (
            ({'hw:cpu_policy': 'dedicated'}, {}),
            ({'hw:cpu_policy': 'mixed'}, {}),
            ({'resources:PCPU': '2'}, {}),
            ({}, {'hw_cpu_policy': 'dedicated'}),
        ):
            self.assertIn('dedicated CPUs', self.told(specs, image), specs)
        self.assertEqual('', self.told({'hw:cpu_policy': 'shared'}))

    def test_watchdog_is_the_images_before_the_flavors(self) -> None:
        flavor = {'hw:watchdog_action': 'reset'}
        self.assertIn('reset', self.told(flavor))
        self.assertEqual('', self.told(flavor, {'hw_watchdog_action': 'none'}))
        self.assertEqual('', self.told({'hw:watchdog_action': 'disabled'}))
