# SPDX-License-Identifier: Apache-2.0
import unittest
from unittest import mock

from nova import exception as nova_exception
from nova.api.validation.extra_specs import base, validators

from nova_desktop.filters import extra_specs

GOOD = {
    'desktop:on_lost': ('wait', 'evacuate'),
    'desktop:preemptible': ('true', 'False', '1'),
    'desktop:priority': ('0', '1000'),
    'desktop:on_reclaim': ('shelve', 'live-migrate,cold-migrate, delete'),
    'desktop:notice': ('0', '3600'),
    'desktop:runtime': ('1', '525600'),
    'desktop:trust': ('standard', 'trusted'),
    'desktop:lease': ('1m', '4h', '365d'),
    'desktop:lease_end': ('shelve', 'delete'),
    'desktop:lease_max': ('90m', '2d'),
}
BAD = {
    'desktop:on_lost': ('', 'Wait', 'delete'),
    'desktop:preemptible': ('maybe', ''),
    'desktop:priority': ('-1', '1001', 'high'),
    'desktop:on_reclaim': ('', 'shelve,shelve', 'explode'),
    'desktop:notice': ('3601', '1.5'),
    'desktop:runtime': ('0', 'long'),
    'desktop:trust': ('blind',),
    'desktop:lease': ('240', '0h', '366d', ''),
    'desktop:lease_end': ('stop', ''),
    'desktop:lease_max': ('4 h', '-1d'),
    'desktop:unknown': ('1',),
}


class ExtraSpecsTest(unittest.TestCase):
    """Validated by Nova's own function, with ours among its validators."""

    def setUp(self) -> None:
        ours = {each.name: each for each in extra_specs.register()}
        for patch in (
            mock.patch.dict(validators.VALIDATORS, ours),
            mock.patch.object(
                validators, 'NAMESPACES', validators.NAMESPACES | {'desktop'}
            ),
        ):
            patch.start()
            self.addCleanup(patch.stop)

    def test_every_key_is_registered_for_nova(self) -> None:
        registered = extra_specs.register()
        self.assertEqual(set(GOOD), {each.name for each in registered})
        for each in registered:
            self.assertIsInstance(each, base.ExtraSpecValidator)
            self.assertTrue(each.description)

    def test_good_values(self) -> None:
        for name, values in GOOD.items():
            for value in values:
                with self.subTest(f'{name}={value}'):
                    validators.validate(name, value)

    def test_bad_values(self) -> None:
        for name, values in BAD.items():
            for value in values:
                with (
                    self.subTest(f'{name}={value}'),
                    self.assertRaises(nova_exception.ValidationError),
                ):
                    validators.validate(name, value)

    def test_refusal_names_what_is_allowed(self) -> None:
        with self.assertRaisesRegex(
            nova_exception.ValidationError, 'desktop:trust.*standard, trusted'
        ):
            validators.validate('desktop:trust', 'blind')
