# SPDX-License-Identifier: Apache-2.0
"""Bandwidth is limited, and given back as it was."""

import libvirt

from nova_desktop import exception
from nova_desktop.mechanism import network
from nova_desktop.model import NetworkTarget
from tests.unit.mechanism import libvirt_double as double

LIMITED = NetworkTarget(kib_per_s=1000)
OURS = 1024
FREE = NetworkTarget()


class NetworkTest(double.LibvirtCase):
    def setUp(self) -> None:
        super().setUp()
        self.network = self.construct()

    def construct(self) -> network.GuestNetworks:
        return network.GuestNetworks(self.hypervisor, self.record, self.clock)

    def guest(self, name: str, *taps: str) -> double.Domain:
        devices = ''.join(map(double.TAP.format, taps))
        return self.connection.add(name, devices=devices)

    def average(self, domain: double.Domain, tap: str) -> tuple[int, int]:
        found = domain.parameters.get(tap, {})
        return (
            found.get('inbound.average', 0),
            found.get('outbound.average', 0),
        )

    def test_each_device_both_ways_and_back(self) -> None:
        domain = self.guest('a', 'tap0', 'tap1')
        self.network.apply(LIMITED)
        for tap in ('tap0', 'tap1'):
            self.assertEqual((OURS, OURS), self.average(domain, tap))
        self.assertEqual(LIMITED, self.network.current())
        self.network.apply(FREE)
        for tap in ('tap0', 'tap1'):
            self.assertEqual((0, 0), self.average(domain, tap))
        self.assertEqual(FREE, self.network.current())

    def test_free_asks_nobody(self) -> None:
        self.guest('a', 'tap0')
        self.network.apply(FREE)
        self.network.current()
        self.network.release()
        self.assertEqual(0, self.connect.call_count)

    def test_stricter_limit_of_its_own_stays(self) -> None:
        domain = self.guest('a', 'tap0')
        own = {
            'inbound.average': 300,
            'inbound.peak': 400,
            'inbound.burst': 50,
            'outbound.average': 5000,
            'outbound.peak': 9000,
            'outbound.burst': 70,
        }
        domain.parameters['tap0'] = dict(own)
        self.network.apply(LIMITED)
        limited = own | {
            'outbound.average': OURS,
            'outbound.peak': 0,
            'outbound.burst': 0,
        }
        self.assertEqual(limited, domain.parameters['tap0'])
        self.assertEqual(LIMITED, self.network.current())
        # Another limit, another agent: still what it had at first.
        self.network = self.construct()
        self.network.apply(NetworkTarget(kib_per_s=100))
        self.assertEqual((102, 102), self.average(domain, 'tap0'))
        self.network.release()
        self.assertEqual(own, domain.parameters['tap0'])

    def test_in_force_is_not_written_again(self) -> None:
        self.guest('a', 'tap0')
        self.network.apply(LIMITED)
        self.network.apply(LIMITED)
        self.assertEqual(['a'], self.connection.done('setInterface'))

    def test_given_back_although_the_daemon_knows_of_no_limit(self) -> None:
        domain = self.guest('a', 'tap0')
        self.network.apply(LIMITED)
        domain.parameters.clear()  # it was killed before it noted its own
        self.network.apply(FREE)
        self.assertEqual(['a', 'a'], self.connection.done('setInterface'))

    def test_who_does_not_answer_is_not_forgotten(self) -> None:
        # A daemon that has just started refuses, and the guest is there.
        refused = double.error(libvirt.VIR_ERR_OPERATION_INVALID)
        for call in ('setInterface', 'state'):
            with self.subTest(call):
                domain = self.guest(call, 'tap0')
                self.network.apply(LIMITED)
                domain.errors[call] = refused
                self.network.apply(FREE)
                self.assertFalse(self.network.is_released)
                self.network.current()
                self.assertFalse(self.network.is_released)
                domain.errors.clear()
                self.network.current()
                self.assertEqual((0, 0), self.average(domain, 'tap0'))
                self.later()

    def test_limit_that_comes_late_is_taken_back(self) -> None:
        domain = self.guest('a', 'tap0')
        self.network.apply(LIMITED)
        late = dict(domain.parameters['tap0'])
        self.network.apply(FREE)
        self.now_s += 29.0
        # An agent that was killed had asked for it.
        domain.parameters['tap0'] = late
        self.network = self.construct()
        self.network.current()
        self.assertEqual((0, 0), self.average(domain, 'tap0'))
        self.later()
        # Of a limit that comes after that we know nothing.
        domain.parameters['tap0'] = late
        self.network.current()
        self.assertEqual((OURS, OURS), self.average(domain, 'tap0'))

    def test_limit_that_is_exactly_ours_is_not_its_own(self) -> None:
        domain = self.guest('a', 'tap0')
        self.network.apply(LIMITED)
        domain.number = 7  # it was started again, and limited all the same
        domain.parameters['tap0']['outbound.burst'] = 9
        self.network.apply(LIMITED)
        self.network.apply(FREE)
        self.assertEqual((0, OURS), self.average(domain, 'tap0'))

    def later(self) -> None:
        """Let the time pass in which a limit may come late."""
        self.now_s += 29.9
        self.network.current()
        self.assertFalse(self.network.is_released)
        self.now_s += 0.1
        self.network.current()
        self.assertTrue(self.network.is_released)

    def test_device_that_comes_meanwhile(self) -> None:
        domain = self.guest('a', 'tap0')
        self.network.apply(LIMITED)
        self.network.apply(FREE)
        domain.devices += double.TAP.format('tap1')
        domain.parameters['tap1'] = {'inbound.average': 77}
        added = self.connection.handlers[
            libvirt.VIR_DOMAIN_EVENT_ID_DEVICE_ADDED
        ]
        added(None, domain, 'net1', None)
        self.later()
        self.assertEqual((77, 0), self.average(domain, 'tap1'))

    def test_who_has_ended_is_forgotten(self) -> None:
        self.guest('a', 'tap0')
        self.network.apply(LIMITED)
        self.connection.domains.clear()
        self.network.apply(FREE)
        self.assertTrue(self.network.is_released)

    def test_changed_by_others_is_seen(self) -> None:
        domain = self.guest('a', 'tap0')
        self.network.apply(LIMITED)
        domain.parameters['tap0'] |= {'outbound.average': 0}
        self.assertEqual(FREE, self.network.current())
        domain.parameters['tap0'] |= {'outbound.average': 2048}
        self.assertEqual(NetworkTarget(2000), self.network.current())
        domain.parameters['tap0'] |= {'outbound.average': 7}
        self.assertNotEqual(LIMITED, self.network.current())
        self.network.apply(LIMITED)
        self.assertEqual((OURS, OURS), self.average(domain, 'tap0'))

    def test_guest_and_device_that_come_later(self) -> None:
        domain = self.guest('a', 'tap0')
        self.network.apply(LIMITED)
        late = self.guest('b', 'tap1')
        self.assertEqual(FREE, self.network.current())
        self.network.apply(LIMITED)
        self.assertEqual((OURS, OURS), self.average(late, 'tap1'))
        domain.devices += double.TAP.format('tap2')
        domain.parameters['tap2'] = {'inbound.average': 5}
        self.hypervisor._hear_of_device(None, domain)
        self.network.apply(LIMITED)
        self.assertEqual((5, OURS), self.average(domain, 'tap2'))
        self.network.release()
        self.assertEqual((5, 0), self.average(domain, 'tap2'))
        self.assertEqual((0, 0), self.average(domain, 'tap0'))

    def test_failure_is_told_and_tried_again(self) -> None:
        domain = self.guest('a', 'tap0')
        domain.errors['setInterface'] = double.BROKEN
        with self.assertRaises(exception.MechanismFailed) as caught:
            self.network.apply(LIMITED)
        self.assertIn('guest a', str(caught.exception))
        domain.errors.clear()
        self.network.apply(LIMITED)
        domain.errors['setInterface'] = double.BROKEN
        with self.assertRaises(exception.MechanismFailed):
            self.network.apply(FREE)
        domain.errors.clear()
        self.network.apply(FREE)
        self.assertEqual((0, 0), self.average(domain, 'tap0'))

    def test_not_recorded_is_not_limited(self) -> None:
        domain = self.guest('a', 'tap0')
        domain.errors['interfaceParameters'] = double.BROKEN
        domain.parameters['tap0'] = {'inbound.average': 5000}

        def once(what: str) -> None:
            # It answers from the second time on.
            if self.connection.calls.count('a interfaceParameters') > 1:
                domain.errors.clear()

        domain.before = once
        with self.assertRaises(exception.MechanismFailed):
            self.network.apply(LIMITED)
        self.assertEqual([], self.connection.done('setInterface'))
        self.network.apply(LIMITED)
        self.assertEqual((OURS, OURS), self.average(domain, 'tap0'))
        self.network.release()
        self.assertEqual((5000, 0), self.average(domain, 'tap0'))
