# SPDX-License-Identifier: Apache-2.0
"""The limit outlives what is done to systemd and to the agent."""

import threading
import time

from tests.vm.inside import machine

_LONGER_THAN_A_TICK_S = 6.0
# Whoever goes on writing is answered once a second.
_ANSWERED_S = 1.0
_ROOM_S = 1.0
# The watchdog's twenty seconds, and what a slow machine takes beside.
_REPLACED_S = 90.0


class Guard:
    """Notes for how long the limit was looser than allowed."""

    def __init__(self, most_cpus: float) -> None:
        self._most_cpus = most_cpus
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.loose_s = 0.0
        self.looks = 0

    def __enter__(self) -> 'Guard':
        self._thread.start()
        return self

    def __exit__(self, *_problem: object) -> None:
        self._ended.set()
        self._thread.join()

    def _loose(self) -> bool:
        idle = (machine.SLICE / 'cpu.idle').read_text().strip() == '1'
        return machine.cpus() > self._most_cpus or not idle

    def _watch(self) -> None:
        since_s = None
        while not self._ended.wait(0.01):
            self.looks += 1
            now_s = time.monotonic()
            since_s = (since_s or now_s) if self._loose() else None
            if since_s is not None:
                self.loose_s = max(self.loose_s, now_s - since_s)


class TestLimit(machine.OnMachine):
    """What may not loosen the limit of an owner who is here."""

    def setUp(self):
        # The owner paused: the strictest there is, and it stays by itself.
        machine.run(machine.BIN / 'nova-desktop', 'pause')
        self.addCleanup(machine.run, machine.BIN / 'nova-desktop', 'resume')
        self.strict = machine.cpus()
        self.assertLessEqual(self.strict, 0.02)

    def watch(self, act, for_s=_LONGER_THAN_A_TICK_S):
        with Guard(self.strict) as guard:
            act()
            time.sleep(for_s)
        self.tell(f'loose for {guard.loose_s:.2f} s, {guard.looks} looks')
        self.assertEqual(self.strict, machine.cpus())
        return guard.loose_s

    def wait_until_told(self):
        # systemd is told of what is in force, and only after it is.
        quota = f'{self.strict * 1000:g}ms'
        machine.wait_for(
            'systemd knows the limit', lambda: self.told_quota() == quota
        )

    def told_quota(self):
        return machine.property_of('novadesktop.slice', 'CPUQuotaPerSecUSec')

    def test_daemon_reload(self):
        self.wait_until_told()
        self.assertEqual(
            0, self.watch(lambda: machine.run('systemctl', 'daemon-reload'))
        )

    def test_daemon_reexec(self):
        self.wait_until_told()
        self.assertEqual(
            0, self.watch(lambda: machine.run('systemctl', 'daemon-reexec'))
        )

    def test_somebody_sets_another_limit(self):
        def meddle():
            machine.run(
                'systemctl', 'set-property', '--runtime',
                'novadesktop.slice', 'CPUQuota=150%', 'CPUWeight=100',
            )  # fmt: skip

        loose_s = self.watch(meddle)
        self.assertLess(loose_s, _ANSWERED_S + _ROOM_S)
        # systemd was told again, and does not come back to the other one.
        self.wait_until_told()
        self.assertEqual(
            0, self.watch(lambda: machine.run('systemctl', 'daemon-reload'))
        )

    def test_agent_is_killed(self):
        self.assertEqual(0, self.watch(lambda: self.replace('KILL')))

    def test_agent_hangs(self):
        # Until systemd misses its word, and has put an end to it.
        self.assertEqual(0, self.watch(lambda: self.replace('STOP')))

    def replace(self, signal):
        """Send the agent a signal, and wait for the next agent."""
        pid = machine.property_of(machine.UNIT, 'MainPID')
        machine.run('kill', f'-{signal}', pid)
        took_s = machine.wait_for(
            'another agent runs',
            lambda: (
                machine.property_of(machine.UNIT, 'MainPID') not in (pid, '0')
                and machine.ask('Sequence') is not None
            ),
            _REPLACED_S,
        )
        self.tell(f'another agent after {took_s:.1f} s')
