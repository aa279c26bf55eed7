# SPDX-License-Identifier: Apache-2.0
import importlib.util
import json
import unittest

from tests.functional.manage import base, glance

OURS = {'desktop:preemptible': 'true', 'trait:CUSTOM_DESKTOP': 'required'}


class FlavorsTestBase(base.ManageTestBase):
    def make_flavor(self, name: str, **specs: str) -> str:
        # Before 2.86 Nova takes any key.
        self.api.microversion = '2.61'
        try:
            return self._create_flavor(
                name=name, memory_mb=64, vcpu=1, disk=1, extra_spec=specs
            )
        finally:
            self.api.microversion = self.microversion

    def found(self, *words: str) -> tuple[int, list[tuple[str, str, str]]]:
        code, out, _ = self.run_command('check-flavors', *words, '--json')
        return code, [
            (each['state'], each['what'], each['found'])
            for each in json.loads(out)
        ]


class CheckFlavorsTest(FlavorsTestBase):
    def test_what_bootstrap_makes_is_in_order(self) -> None:
        self.run_command('bootstrap')
        code, found = self.found()
        self.assertEqual(0, code)
        self.assertEqual({'ok'}, {state for state, _, _ in found})
        self.assertEqual(6, len(found))

    def test_nothing_to_check(self) -> None:
        self.make_flavor('plain', **{'hw:cpu_realtime': 'yes'})
        code, [(state, what, _)] = self.found()
        self.assertEqual((0, 'skipped', 'flavors'), (code, state, what))

    def test_each_kind_of_finding(self) -> None:
        self.make_flavor('a', **OURS, **{'desktop:notice': 'soon'})
        self.make_flavor('b', **OURS, **{'hw:cpu_realtime': 'yes'})
        self.make_flavor('c', **OURS, **{'hw:cpu_policy': 'dedicated'})
        self.make_flavor('d', **OURS)
        self.make_flavor('e', **{'desktop:nonsense': '1'})
        self.make_flavor('f', **{'trait1:CUSTOM_DESKTOP_TRUSTED': 'required'})
        code, found = self.found()
        self.assertEqual(1, code)
        self.assertEqual(
            [
                ('problem', 'flavor a'),
                ('problem', 'flavor b'),
                ('advice', 'flavor c'),
                ('ok', 'flavor d'),
                ('problem', 'flavor e'),
                ('ok', 'flavor f'),
            ],
            [(state, what) for state, what, _ in found],
        )
        self.assertIn("desktop:notice = 'soon'", found[0][2])
        self.assertIn('hw:cpu_realtime', found[1][2])
        self.assertIn('desktop:nonsense', found[4][2])

    def test_advice_alone_is_no_failure(self) -> None:
        self.make_flavor('c', **OURS, **{'hw:cpu_policy': 'dedicated'})
        self.assertEqual(0, self.found()[0])

    def test_named_by_name_and_id(self) -> None:
        self.make_flavor('a', **OURS, **{'desktop:notice': 'soon'})
        ours = self.make_flavor('d', **OURS)
        self.make_flavor('plain')
        code, found = self.found('d', 'plain')
        self.assertEqual(0, code)
        self.assertEqual(['ok', 'skipped'], [state for state, _, _ in found])
        self.assertEqual('flavor d', self.found(ours)[1][0][1])
        code, [(state, what, _)] = self.found('nobody')
        self.assertEqual((1, 'problem', 'flavor nobody'), (code, state, what))

    def test_columns(self) -> None:
        self.make_flavor('a', **OURS, **{'desktop:notice': 'soon'})
        self.make_flavor('longer', **OURS)
        code, out, _ = self.run_command('check-flavors')
        self.assertEqual(1, code)
        first, second = out.splitlines()
        self.assertTrue(first.startswith('problem  flavor a     : desktop:'))
        self.assertTrue(second.startswith('ok       flavor longer: live-'))

    def test_more_flavors_than_nova_gives_at_once(self) -> None:
        self.flags(max_limit=2, group='api')
        for name in 'abcde':
            self.make_flavor(name, **OURS)
        self.assertEqual(5, len(self.found()[1]))

    def test_silent_nova(self) -> None:
        self.endpoints['compute'] = 'http://127.0.0.1:9'
        code, out, beside = self.run_command('check-flavors')
        self.assertEqual((1, ''), (code, out))
        self.assertIn('nova-desktop-manage: flavors: ', beside)


@unittest.skipUnless(
    importlib.util.find_spec('glance'), 'Glance is not installed here'
)
class ImagesTest(FlavorsTestBase):
    def setUp(self) -> None:
        super().setUp()
        self.endpoints['image'] = self.useFixture(glance.Glance()).url

    def image(self, name: str, **properties: str) -> None:
        made = self.connect(None).image.post(
            '/images', json={'name': name, **properties}
        )
        self.assertEqual(201, made.status_code, made.text)

    def test_images_against_flavors(self) -> None:
        self.make_flavor('d', **OURS)
        trusting = {'desktop:trust': 'trusted'}
        self.make_flavor('t', **OURS, **trusting)
        for number in range(3):
            self.image(f'plain {number}')
        self.image('tpm', hw_tpm_version='2.0')
        self.image('pinned', hw_cpu_policy='dedicated')
        self.image('trusted', **{'trait:CUSTOM_DESKTOP_TRUSTED': 'required'})
        self.image('ours', **{'desktop:notice': '5', 'desktop_theme': 'x'})
        code, found = self.found('--images', 'd')
        self.assertEqual(1, code)
        self.assertEqual(
            [
                ('advice', 'flavor d with image pinned'),
                ('advice', 'image ours'),
                ('advice', 'image ours'),
                ('ok', 'flavor d'),
                ('problem', 'flavor d with image tpm'),
            ],
            sorted((state, what) for state, what, _ in found),
        )
        self.assertIn(
            (
                'advice',
                'image ours',
                'desktop:notice: nothing reads it on an image',
            ),
            found,
        )
        # What is wrong in the flavor alone is not said of each image again.
        code, found = self.found('--images', 't')
        trust = [what for _, what, text in found if 'desktop:trust' in text]
        self.assertEqual(['flavor t'], trust)

    def test_silent_glance(self) -> None:
        self.make_flavor('d', **OURS)
        self.endpoints['image'] = 'http://127.0.0.1:9/v2'
        code, _, beside = self.run_command('check-flavors', '--images')
        self.assertEqual(1, code)
        self.assertIn('images: ', beside)
