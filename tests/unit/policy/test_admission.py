# SPDX-License-Identifier: Apache-2.0
import dataclasses
import unittest

from hypothesis import given
from hypothesis import strategies as st

from nova_desktop import model
from nova_desktop.policy import admission

STATS = {
    'desktop_version': '1',
    'desktop_presence': 'away',
    'desktop_admit': 'True',
    'desktop_cap_cpus': '3.5',
    'desktop_cap_memory_mib': '4096',
    'desktop_forecast_5': '0.9',
    'desktop_forecast_60': '0.4',
}
PREEMPTIBLE = model.Tolerance(preemptible=True)

probabilities = st.floats(0, 1)


def offer(**changes) -> admission.Offer:
    return dataclasses.replace(admission.read(STATS), **changes)


def guest(**changes) -> admission.Guest:
    small = admission.Guest(PREEMPTIBLE, vcpus=1, memory_mib=512)
    return dataclasses.replace(small, **changes)


class ReadTest(unittest.TestCase):
    def test_reads_what_is_told(self) -> None:
        self.assertEqual(
            admission.Offer(
                model.Presence.AWAY,
                model.Cap(cpus=3.5, memory_mib=4096, admit=True),
                {5: 0.9, 60: 0.4},
            ),
            admission.read(STATS),
        )

    def test_each_missing_statistic_is_refused(self) -> None:
        for name in STATS:
            if 'forecast' in name:
                continue
            stats = {key: STATS[key] for key in STATS if key != name}
            with self.subTest(name), self.assertRaises(ValueError):
                admission.read(stats)

    def test_malformed_statistics_are_refused(self) -> None:
        for name, text in (
            ('desktop_version', '2'),
            ('desktop_presence', 'out for lunch'),
            ('desktop_admit', 'perhaps'),
            ('desktop_cap_cpus', 'nan'),
            ('desktop_cap_cpus', '-1'),
            ('desktop_cap_memory_mib', 'inf'),
            ('desktop_forecast_5', '1.5'),
            ('desktop_forecast_60', 'soon'),
        ):
            with self.subTest(name), self.assertRaises(ValueError):
                admission.read({**STATS, name: text})

    @given(st.dictionaries(st.sampled_from(sorted(STATS)), st.text()))
    def test_nothing_but_value_error(self, stats) -> None:
        try:
            admission.read(stats)
        except ValueError:
            return
        self.assertIn('desktop_version', stats)

    def test_only_workstations_are_workstations(self) -> None:
        self.assertTrue(admission.is_desktop(STATS))
        self.assertFalse(admission.is_desktop({'failed_builds': '0'}))


class RefusalTest(unittest.TestCase):
    def refusal(self, asked, offered, confidence=0.5) -> str | None:
        return admission.desktop_refusal(asked, offered, confidence)

    def test_small_preemptible_guest_is_taken(self) -> None:
        self.assertIsNone(self.refusal(guest(), offer()))

    def test_other_guests_are_not(self) -> None:
        why = self.refusal(guest(tolerance=model.Tolerance()), offer())
        self.assertIn('preemptible', why)

    def test_what_was_told_while_closed_is_not_held_against_a_host(
        self,
    ) -> None:
        closed = offer(
            cap=model.Cap(0.2, 0, admit=False),
            presence=model.Presence.ACTIVE,
        )
        self.assertIsNone(self.refusal(guest(), closed))

    def test_guest_as_large_as_the_cap_fits(self) -> None:
        self.assertIsNone(
            self.refusal(guest(vcpus=3, memory_mib=4096), offer())
        )

    def test_larger_guests_do_not(self) -> None:
        self.assertIn('4 vCPUs', self.refusal(guest(vcpus=4), offer()))
        self.assertIn(
            '4097 MiB', self.refusal(guest(memory_mib=4097), offer())
        )

    def test_runtime_is_held_against_the_covering_horizon(self) -> None:
        def running(minutes: int) -> admission.Guest:
            return guest(
                tolerance=model.Tolerance(
                    preemptible=True, runtime_min=minutes
                )
            )

        self.assertIsNone(self.refusal(running(5), offer()))
        self.assertIn('60 minutes', self.refusal(running(6), offer()))
        self.assertIn('60 minutes', self.refusal(running(600), offer()))
        self.assertIsNone(self.refusal(running(6), offer(), 0.4))
        self.assertIsNone(self.refusal(running(600), offer(forecast={})))

    def test_data_centre(self) -> None:
        refusal = admission.data_centre_refusal
        self.assertIsNone(refusal(model.Tolerance(), False))
        self.assertIsNone(refusal(PREEMPTIBLE, True))
        self.assertIn('workstations', refusal(PREEMPTIBLE, False))


class FreeTimeTest(unittest.TestCase):
    def test_certainty_is_worth_the_whole_time(self) -> None:
        sure = offer(forecast=dict.fromkeys(model.HORIZONS_MIN, 1.0))
        self.assertEqual(240, admission.expected_free_min(sure))

    def test_present_owner_leaves_nothing(self) -> None:
        for presence in (model.Presence.ACTIVE, model.Presence.UNKNOWN):
            self.assertEqual(
                0, admission.expected_free_min(offer(presence=presence))
            )

    def test_untold_away_is_better_than_untold_idle(self) -> None:
        away = offer(forecast={})
        idle = offer(forecast={}, presence=model.Presence.IDLE)
        self.assertGreater(
            admission.expected_free_min(away),
            admission.expected_free_min(idle),
        )

    def test_no_more_than_enough(self) -> None:
        self.assertEqual(3, admission.expected_free_min(offer(), 3))

    @given(st.tuples(*[probabilities] * 4), st.sampled_from(range(4)))
    def test_better_forecast_is_never_worth_less(self, chances, which) -> None:
        worse = dict(zip(model.HORIZONS_MIN, chances, strict=True))
        better = {**worse, model.HORIZONS_MIN[which]: 1.0}
        self.assertGreaterEqual(
            admission.expected_free_min(offer(forecast=better)),
            admission.expected_free_min(offer(forecast=worse)),
        )
