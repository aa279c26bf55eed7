# SPDX-License-Identifier: Apache-2.0
import unittest

from hypothesis import given
from hypothesis import strategies as st

from nova_desktop import model
from nova_desktop.policy import admission
from nova_desktop.virt import inventory
from tests.unit.virt import statuses

OPERATORS = {'VCPU': 1, 'PCPU': 0, 'MEMORY_MB': 512, 'DISK_GB': 2, 'VGPU': 0}


def host() -> inventory.Inventory:
    totals = {'VCPU': 8, 'PCPU': 4, 'MEMORY_MB': 8192, 'DISK_GB': 100}
    return {
        name: {
            'total': total,
            'max_unit': total,
            'allocation_ratio': 4.0,
            'reserved': OPERATORS[name],
        }
        for name, total in {**totals, 'VGPU': 1}.items()
    }


def reserved(cap: model.Cap) -> dict[str, int]:
    capped = inventory.capped(host(), OPERATORS, cap)
    return {name: each['reserved'] for name, each in capped.items()}


caps = st.builds(
    model.Cap,
    cpus=st.floats(0, 64),
    memory_mib=st.integers(0, 2**20),
    admit=st.booleans(),
)


class CappedTest(unittest.TestCase):
    def test_what_is_not_lent_is_reserved(self) -> None:
        # 2.5 CPUs: 1.67 for the shared ones, 0.83 for the dedicated ones.
        self.assertEqual(
            {
                'VCPU': 7,
                'PCPU': 4,
                'MEMORY_MB': 7168,
                'DISK_GB': 2,
                'VGPU': 0,
            },
            reserved(statuses.LENT),
        )

    def test_host_without_dedicated_cpus_lends_the_whole_cap(self) -> None:
        shared = {'VCPU': host()['VCPU']}
        capped = inventory.capped(shared, {'VCPU': 1}, statuses.LENT)
        self.assertEqual(6, capped['VCPU']['reserved'])

    def test_operators_reserve_is_the_least(self) -> None:
        self.assertEqual(
            OPERATORS, reserved(model.Cap(99.0, 2**20, admit=True))
        )

    def test_closed_host_reserves_everything(self) -> None:
        found = reserved(model.Cap(99.0, 2**20, admit=False))
        totals = {name: each['total'] for name, each in host().items()}
        self.assertEqual(totals, found)

    def test_classes_of_others_are_left_alone(self) -> None:
        ours = {name: OPERATORS[name] for name in ('VCPU', 'MEMORY_MB')}
        capped = inventory.capped(host(), ours, model.NOTHING)
        self.assertEqual(8, capped['VCPU']['reserved'])
        for name in ('DISK_GB', 'VGPU', 'PCPU'):
            self.assertEqual(host()[name], capped[name])

    @given(caps)
    def test_both_kinds_of_cpus_are_within_the_cap(self, cap) -> None:
        lent = {
            name: each['total'] - each['reserved']
            for name, each in inventory.capped(
                host(), dict.fromkeys(OPERATORS, 0), cap
            ).items()
        }
        self.assertLessEqual(lent['VCPU'] + lent['PCPU'], max(cap.cpus, 0))

    @given(caps)
    def test_nothing_else_moves_and_all_is_legal(self, cap) -> None:
        before, after = host(), inventory.capped(host(), OPERATORS, cap)
        for name, each in after.items():
            self.assertLessEqual(OPERATORS[name], each['reserved'])
            self.assertLessEqual(each['reserved'], each['total'])
            self.assertEqual(
                {**before[name], 'reserved': each['reserved']}, each
            )

    @given(caps, caps)
    def test_does_not_depend_on_what_was_written(self, first, second) -> None:
        once = inventory.capped(host(), OPERATORS, second)
        twice = inventory.capped(
            inventory.capped(host(), OPERATORS, first), OPERATORS, second
        )
        self.assertEqual(once, twice)


class StatsTest(unittest.TestCase):
    def test_scheduler_reads_what_the_driver_tells(self) -> None:
        said = statuses.status(forecast={5: 0.98765, 240: 0.1})
        told = {name: str(x) for name, x in inventory.stats(said).items()}
        self.assertEqual(
            admission.Offer(
                model.Presence.AWAY, statuses.LENT, {5: 0.99, 240: 0.1}
            ),
            admission.read(told),
        )

    def test_silent_agent_is_read_as_closed(self) -> None:
        told = {name: str(x) for name, x in inventory.stats(None).items()}
        self.assertEqual(
            admission.Offer(model.Presence.UNKNOWN, model.NOTHING),
            admission.read(told),
        )

    def test_flat(self) -> None:
        said = statuses.status(forecast={5: 0.5})
        for value in inventory.stats(said).values():
            self.assertIsInstance(value, str | int | float)

    def test_workstation_is_told_by_its_statistics(self) -> None:
        self.assertTrue(inventory.told_by_desktop(inventory.stats(None)))
        self.assertFalse(inventory.told_by_desktop({'uptime': '1'}))
        self.assertFalse(inventory.told_by_desktop(None))
