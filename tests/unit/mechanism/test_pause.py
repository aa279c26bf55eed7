# SPDX-License-Identifier: Apache-2.0
"""Who is paused, and that nobody else's pause is ended."""

import json
import threading
from unittest import mock

import libvirt

from nova_desktop import exception
from nova_desktop.mechanism import pause
from nova_desktop.model import PauseTarget
from tests.unit.mechanism import libvirt_double as double

NOBODY = PauseTarget()
EVERYBODY = PauseTarget(everybody=True)
PASSED = PauseTarget(passthrough=True)
PATIENCE_S = 10.0


class PauseCase(double.LibvirtCase):
    def setUp(self) -> None:
        super().setUp()
        self.pause = self.construct()

    def construct(self, stagger_s: float = 0.0) -> pause.GuestPause:
        return pause.GuestPause(
            self.hypervisor, self.record, stagger_s, self.clock
        )

    def paused(self) -> set[str]:
        domains = self.connection.domains
        return {each.name for each in domains if each.is_paused}

    def recorded(self) -> list[str]:
        found = json.loads(self.record.read_text())
        return [each['uuid'] for each in found['guests']]

    def failing(self, target: PauseTarget) -> str:
        with self.assertRaises(exception.MechanismFailed) as caught:
            self.pause.apply(target)
        return str(caught.exception)


class WhoTest(PauseCase):
    def test_everybody_and_back(self) -> None:
        for name in 'abc':
            self.connection.add(name)
        self.pause.apply(EVERYBODY)
        self.assertEqual({'a', 'b', 'c'}, self.paused())
        self.assertEqual(EVERYBODY, self.pause.current())
        self.pause.apply(NOBODY)
        self.assertEqual(set(), self.paused())
        self.assertEqual([], self.recorded())
        self.assertEqual(NOBODY, self.pause.current())

    def test_who_cannot_be_asked_just_now_is_not_forgotten(self) -> None:
        domain = self.connection.add('a')
        self.pause.apply(EVERYBODY)
        domain.errors['state'] = double.error(
            libvirt.VIR_ERR_OPERATION_INVALID
        )
        self.pause.apply(NOBODY)
        self.assertEqual(['a'], self.recorded())
        domain.errors.clear()
        self.pause.apply(NOBODY)
        self.assertEqual((set(), []), (self.paused(), self.recorded()))

    def test_only_those_with_a_device_of_the_host(self) -> None:
        self.connection.add('a')
        self.connection.add('gpu', devices=double.GPU)
        self.pause.apply(PASSED)
        self.assertEqual({'gpu'}, self.paused())
        self.assertEqual(PASSED, self.pause.current())
        self.pause.apply(EVERYBODY)
        self.assertEqual({'a', 'gpu'}, self.paused())
        self.pause.apply(PASSED)
        self.assertEqual({'gpu'}, self.paused())

    def test_nobody_asks_nobody(self) -> None:
        self.connection.add('a')
        self.pause.apply(NOBODY)
        self.pause.current()
        self.pause.release()
        self.assertEqual(0, self.connect.call_count)

    def test_one_that_leaves_runs(self) -> None:
        for name in 'ab':
            self.connection.add(name)
        self.pause.apply(EVERYBODY)
        leaving = PauseTarget(everybody=True, spared=frozenset('b'))
        self.pause.apply(leaving)
        self.assertEqual({'a'}, self.paused())
        self.assertEqual(leaving, self.pause.current())
        self.pause.apply(EVERYBODY)
        self.assertEqual({'a', 'b'}, self.paused())

    def test_leaving_ones_first(self) -> None:
        for name in 'abc':
            self.connection.add(name)
        self.pause.apply(EVERYBODY)
        self.pause.apply(PauseTarget(spared=frozenset('c')))
        self.assertEqual(['c', 'a', 'b'], self.connection.done('resume'))

    def test_guest_that_comes_later(self) -> None:
        self.connection.add('a')
        self.pause.apply(EVERYBODY)
        self.connection.add('b')
        found = self.pause.current()
        self.assertEqual(frozenset('b'), found.spared)
        self.pause.apply(EVERYBODY)
        self.assertEqual({'a', 'b'}, self.paused())

    def test_failure_is_told_and_the_others_are_paused(self) -> None:
        self.connection.add('a').errors['suspend'] = double.BROKEN
        self.connection.add('b')
        self.connection.add('gone').errors['suspend'] = double.GONE
        text = self.failing(EVERYBODY)
        self.assertIn('guest a was not paused: it broke', text)
        self.assertNotIn('gone', text)
        self.assertEqual({'b'}, self.paused())


class RecordTest(PauseCase):
    def test_stands_before_the_pause(self) -> None:
        seen: list[list[str]] = []
        domain = self.connection.add('a')
        domain.before = lambda what: (
            seen.append(self.recorded()) if what == 'suspend' else None
        )
        self.pause.apply(EVERYBODY)
        self.assertEqual([['a']], seen)

    def test_paused_by_its_tenant_stays_paused(self) -> None:
        self.connection.add('a')
        self.connection.add('tenants').is_paused = True
        self.pause.apply(EVERYBODY)
        self.assertEqual(EVERYBODY, self.pause.current())
        self.pause.apply(NOBODY)
        self.assertEqual({'tenants'}, self.paused())

    def test_another_agent_resumes(self) -> None:
        self.connection.add('a')
        self.pause.apply(EVERYBODY)
        self.connection.add('tenants').is_paused = True
        self.pause = self.construct()
        self.pause.apply(NOBODY)
        self.assertEqual({'tenants'}, self.paused())

    def test_started_again_is_another_guest(self) -> None:
        domain = self.connection.add('a')
        self.pause.apply(EVERYBODY)
        domain.number = 9
        self.pause.apply(NOBODY)
        self.assertEqual({'a'}, self.paused())
        self.assertEqual([], self.recorded())

    def test_resumed_by_others_then_paused_by_its_tenant(self) -> None:
        domain = self.connection.add('a')
        self.pause.apply(EVERYBODY)
        domain.is_paused = False
        self.pause.apply(NOBODY)
        domain.is_paused = True
        self.pause.apply(EVERYBODY)
        self.pause.apply(NOBODY)
        self.assertEqual({'a'}, self.paused())

    def test_moved_or_broken_meanwhile_is_not_resumed(self) -> None:
        domain = self.connection.add('a')
        self.pause.apply(EVERYBODY)
        domain.reason = libvirt.VIR_DOMAIN_PAUSED_MIGRATION
        self.pause.apply(NOBODY)
        self.assertEqual({'a'}, self.paused())

    def test_owner_comes_before_the_record(self) -> None:
        self.connection.add('a')
        self.record.parent.mkdir()
        self.record.with_suffix('.new').mkdir()
        text = self.failing(EVERYBODY)
        self.assertIn('state_dir', text)
        self.assertEqual({'a'}, self.paused())
        self.failing(NOBODY)
        self.assertEqual(set(), self.paused())


class OthersTest(PauseCase):
    def test_pauses_again_and_warns_in_the_end(self) -> None:
        domain = self.connection.add('a')
        self.pause.apply(EVERYBODY)
        for _ in range(4):
            domain.is_paused = False
            self.assertNotEqual(EVERYBODY, self.pause.current())
            self.pause.apply(EVERYBODY)
            self.assertEqual({'a'}, self.paused())
        domain.is_paused = False
        self.assertIn('somebody else 5 times', self.failing(EVERYBODY))
        self.assertEqual({'a'}, self.paused())
        self.pause.apply(EVERYBODY)

    def test_now_and_then_is_no_fight(self) -> None:
        domain = self.connection.add('a')
        self.pause.apply(EVERYBODY)
        for _ in range(10):
            self.now_s += 61.0
            domain.is_paused = False
            self.pause.apply(EVERYBODY)
        self.assertEqual({'a'}, self.paused())

    def test_failed_before_is_nobodys_doing(self) -> None:
        domain = self.connection.add('a')
        domain.errors['suspend'] = double.BROKEN
        for _ in range(7):
            self.assertNotIn('somebody', self.failing(EVERYBODY))


class ResumeTest(PauseCase):
    def test_oldest_first_and_apart(self) -> None:
        for name in 'ab':
            self.connection.add(name)
        self.pause.apply(EVERYBODY)
        self.connection.add('0')
        self.pause.apply(EVERYBODY)
        self.connection.domains.reverse()
        self.pause._stagger_s = 7.0
        with mock.patch.object(
            threading.Event, 'wait', return_value=False
        ) as waited:
            self.pause.apply(NOBODY)
        pauses = [call.args[0] for call in waited.call_args_list if call.args]
        self.assertEqual([0, 7.0, 7.0], [x for x in pauses if x is not None])
        self.assertEqual(['a', 'b', '0'], self.connection.done('resume'))

    def test_newer_target_interrupts(self) -> None:
        for name in 'abc':
            self.connection.add(name)
        self.pause.apply(EVERYBODY)
        self.pause._stagger_s = PATIENCE_S
        for domain in self.connection.domains:
            domain.before = lambda what: (
                self.pause.interrupt() if what == 'resume' else None
            )
        self.assertIn('2 guests are still paused', self.failing(NOBODY))
        self.assertEqual({'b', 'c'}, self.paused())
        self.assertEqual(['b', 'c'], self.recorded())

    def test_clock_is_set(self) -> None:
        domain = self.connection.add('a')
        self.pause.apply(EVERYBODY)
        self.pause.apply(NOBODY)
        self.assertTrue(domain.clock_set.wait(PATIENCE_S))
        sync = libvirt.VIR_DOMAIN_TIME_SYNC
        calls = [call for call in self.connection.calls if 'ime' in call]
        self.assertEqual(
            ['a timeout 2', f'a setTime {sync}', 'a timeout -2'], calls
        )

    def test_clock_that_cannot_be_set_is_told_once(self) -> None:
        domain = self.connection.add('a')
        domain.errors['setTime'] = double.error(
            libvirt.VIR_ERR_AGENT_UNRESPONSIVE, 'no agent'
        )
        told = threading.Event()
        with mock.patch(
            'nova_desktop.mechanism.guest_clock.LOG.warning',
            side_effect=lambda *args: told.set(),
        ) as warning:
            for _ in range(2):
                domain.clock_set.clear()
                self.pause.apply(EVERYBODY)
                self.pause.apply(NOBODY)
                self.assertTrue(domain.clock_set.wait(PATIENCE_S))
                self.assertTrue(told.wait(PATIENCE_S))
        self.assertEqual(1, warning.call_count)
        self.assertIn('a', warning.call_args.args)
