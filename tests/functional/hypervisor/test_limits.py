# SPDX-License-Identifier: Apache-2.0
"""Real guests give memory back and are limited on the network."""

import libvirt

from nova_desktop.mechanism import balloon, network
from nova_desktop.model import BalloonTarget, NetworkTarget
from nova_desktop.policy import balloon as shares
from tests.functional.hypervisor import host

KIB = 1024
TARGET = BalloonTarget(memory_mib=128)
LIMITS = shares.BalloonLimits(floor_mib=64, margin_mib=32)


class BalloonTest(host.HostCase):
    def setUp(self) -> None:
        super().setUp()
        self.domain = self.host.boot('a', host.AGENT, memory_mib=256)
        self.host.booted('a')
        host.wait_for(lambda: 'usable' in self.domain.memoryStats())

    def construct(self) -> balloon.GuestBalloons:
        return balloon.GuestBalloons(
            self.guests,
            lambda guests, budget: shares.plan(guests, budget, LIMITS),
            self.dir / 'balloon',
        )

    def mib(self, of: str) -> int:
        return self.domain.memoryStats()[of] // KIB

    def test_host_gets_what_the_guest_had_touched(self) -> None:
        before = self.mib('rss')
        self.host.run_in_guest(
            self.domain,
            '/bin/sh',
            '-c',
            'dd if=/dev/zero of=/big bs=1M count=90; rm /big',
        )
        host.wait_for(lambda: self.mib('rss') > before + 40)
        # The file is gone, its pages are still the guest's.
        host.wait_for(lambda: self.mib('usable') > 150)
        touched = self.mib('rss')
        balloons = self.construct()
        balloons.apply(TARGET)
        host.wait_for(lambda: self.mib('rss') < touched - 40)
        self.assertEqual(TARGET, balloons.current())

    def test_changed_by_hand_and_given_back(self) -> None:
        balloons = self.construct()
        balloons.apply(TARGET)
        host.wait_for(lambda: self.mib('actual') <= 144)
        self.assertEqual(TARGET, balloons.current())
        self.assertEqual(0, balloons.missing_mib)
        self.domain.setMemoryFlags(256 * KIB, libvirt.VIR_DOMAIN_AFFECT_LIVE)
        host.wait_for(lambda: self.mib('actual') == 256)
        self.assertNotEqual(TARGET, balloons.current())
        balloons.apply(TARGET)
        host.wait_for(lambda: self.mib('actual') <= 144)
        # Another agent than the one that took it.
        self.construct().release()
        host.wait_for(lambda: self.mib('actual') == 256)


class NetworkTest(host.HostCase):
    tap = 'ndtap0'

    def classes(self) -> str:
        return self.host.run('tc', 'class', 'show', 'dev', self.tap)

    def boot(self, bandwidth: str = '') -> None:
        device = f'{host.TAP.format(self.tap)}{bandwidth}</interface>'
        self.host.boot('a', device)
        self.networks = network.GuestNetworks(
            self.guests, self.dir / 'network'
        )

    def test_in_force_in_the_kernel_and_back(self) -> None:
        self.boot()
        target = NetworkTarget(kib_per_s=1000)
        self.networks.apply(target)
        self.assertEqual(target, self.networks.current())
        self.assertIn('rate 8192Kbit', self.classes())
        asked = self.host.tc_log.read_text()
        self.assertIn('police rate 1024kbps', asked)
        self.networks.release()
        self.assertEqual('', self.classes())

    def test_its_own_limit_comes_back(self) -> None:
        self.boot(
            "<bandwidth><inbound average='2000' peak='3000'/></bandwidth>"
        )
        self.assertIn('rate 16Mbit', self.classes())
        self.networks.apply(NetworkTarget(kib_per_s=100))
        self.assertIn('rate 816Kbit', self.classes())
        again = network.GuestNetworks(self.guests, self.dir / 'network')
        again.release()
        self.assertIn('rate 16Mbit ceil 24Mbit', self.classes())
