# SPDX-License-Identifier: Apache-2.0
"""Power, heat, network and exclusive programs: what each leaves."""

import dataclasses
import unittest
from typing import Any

import hypothesis
from hypothesis import strategies as st

from nova_desktop import model
from nova_desktop.policy import surroundings

LIMITS = surroundings.SurroundingsLimits()
MAINS = model.PowerFacts(has_battery=True, on_battery=False)
BATTERY = model.PowerFacts(
    has_battery=True, on_battery=True, battery_percent=90.0
)
MAYBE = st.none() | st.booleans()


def bounds(
    limits: surroundings.SurroundingsLimits = LIMITS,
    now_s: float = 1000.0,
    **facts: Any,
) -> tuple[model.Bound, ...]:
    return surroundings.bounds(
        model.Facts(now_s=now_s, started_s=0.0, **facts), limits
    )


class PowerTest(unittest.TestCase):
    def test_nothing_is_known_of_what_is_not_watched(self) -> None:
        self.assertEqual((), bounds())

    def test_mains(self) -> None:
        self.assertEqual((), bounds(power=MAINS))
        desktop = model.PowerFacts(has_battery=False, on_battery=False)
        self.assertEqual((), bounds(power=desktop))

    def test_lid_closed_alone_is_nothing(self) -> None:
        for docked in (True, False, None):
            closed = dataclasses.replace(MAINS, lid_closed=True, docked=docked)
            self.assertEqual((), bounds(power=closed))

    def test_battery_lends_nothing_and_guests_are_moved(self) -> None:
        [bound] = bounds(power=BATTERY)
        self.assertEqual(
            ('power', 0.0, 0.0, False, True),
            (
                bound.source,
                bound.cpu,
                bound.memory,
                bound.admit,
                bound.reclaim,
            ),
        )
        self.assertEqual('the host runs on its battery', bound.reason)

    def test_owner_may_lend_on_battery_while_it_lasts(self) -> None:
        limits = dataclasses.replace(
            LIMITS, battery_cpu=0.3, battery_memory=1.0
        )
        [bound] = bounds(limits, power=BATTERY)
        self.assertEqual(
            (0.3, 1.0, False), (bound.cpu, bound.memory, bound.reclaim)
        )
        low = dataclasses.replace(BATTERY, battery_percent=49.9)
        [bound] = bounds(limits, power=low)
        self.assertEqual(
            (0.0, 0.0, True), (bound.cpu, bound.memory, bound.reclaim)
        )
        self.assertIn('less than 50 %', bound.reason)
        unknown = dataclasses.replace(BATTERY, battery_percent=None)
        [bound] = bounds(limits, power=unknown)
        self.assertEqual(
            (0.0, 1.0, False), (bound.cpu, bound.memory, bound.reclaim)
        )

    def test_unknown_holds_guests_where_there_is_a_battery(self) -> None:
        for has_battery in (True, None):
            power = model.PowerFacts(has_battery=has_battery)
            [bound] = bounds(power=power)
            self.assertEqual((0.0, False), (bound.cpu, bound.admit))
            # A reading that is missing is no reason to evict anybody.
            self.assertEqual((1.0, False), (bound.memory, bound.reclaim))
        self.assertEqual((), bounds(power=model.PowerFacts(has_battery=False)))

    def test_heat(self) -> None:
        for too_hot in (False, None):
            cool = dataclasses.replace(MAINS, too_hot=too_hot)
            self.assertEqual((), bounds(power=cool))
        hot = dataclasses.replace(MAINS, too_hot=True)
        [bound] = bounds(power=hot)
        self.assertEqual(
            (0.1, 1.0, False, False),
            (bound.cpu, bound.memory, bound.admit, bound.reclaim),
        )
        on_battery = dataclasses.replace(BATTERY, too_hot=True)
        self.assertEqual(2, len(bounds(power=on_battery)))


class NetworkTest(unittest.TestCase):
    def test_metered_takes_no_guest_and_sends_none_away(self) -> None:
        [bound] = bounds(network=model.NetworkFacts(metered=True))
        self.assertEqual(
            model.Bound('network', 'the network is metered', admit=False),
            bound,
        )
        limits = dataclasses.replace(LIMITS, metered_admit=True)
        network = model.NetworkFacts(metered=True)
        self.assertEqual((), bounds(limits, network=network))

    def test_not_metered_or_not_known(self) -> None:
        for metered in (False, None):
            network = model.NetworkFacts(metered=metered)
            self.assertEqual((), bounds(network=network))


class AppsTest(unittest.TestCase):
    def test_guests_get_nothing_beside_it_and_stay(self) -> None:
        [bound] = bounds(apps=model.AppFacts(('doom', 'quake'), 'doom', 900))
        self.assertEqual(
            model.Bound(
                'apps',
                'doom, quake wants the host for itself',
                cpu=0.0,
                admit=False,
            ),
            bound,
        )

    def test_holds_after_its_end(self) -> None:
        apps = model.AppFacts((), 'doom', 1000.0)
        [bound] = bounds(now_s=1059.9, apps=apps)
        self.assertEqual(1060.0, bound.end_s)
        self.assertEqual((0.0, False), (bound.cpu, bound.admit))
        self.assertEqual('doom ran less than 60 s ago', bound.reason)
        self.assertEqual((), bounds(now_s=1060.0, apps=apps))

    def test_none_yet(self) -> None:
        self.assertEqual((), bounds(apps=model.AppFacts()))

    def test_unknown_counts_as_running(self) -> None:
        [bound] = bounds(apps=model.AppFacts(running=None))
        self.assertEqual(
            (0.0, False, False), (bound.cpu, bound.admit, bound.reclaim)
        )


class AnyTest(unittest.TestCase):
    @hypothesis.given(
        st.builds(
            model.PowerFacts,
            has_battery=MAYBE,
            on_battery=MAYBE,
            battery_percent=st.none() | st.floats(0, 100),
            lid_closed=MAYBE,
            docked=MAYBE,
            too_hot=MAYBE,
        ),
        st.builds(model.NetworkFacts, metered=MAYBE),
    )
    def test_less_knowledge_never_lends_more_nor_evicts(
        self, power: model.PowerFacts, network: model.NetworkFacts
    ) -> None:
        known = bounds(power=power, network=network)
        for bound in known:
            self.assertFalse(bound.admit, bound)
            self.assertTrue(bound.reason and bound.source)
            self.assertEqual(bound.reclaim, bound.memory < 1.0)
        if power.has_battery is False:
            return
        blind = dataclasses.replace(power, on_battery=None)
        [*_, before] = [1.0, *(b.cpu for b in known if b.source == 'power')]
        held = bounds(power=blind, network=network)
        self.assertLessEqual(min(b.cpu for b in held), before)
        self.assertFalse(any(b.reclaim for b in held))
