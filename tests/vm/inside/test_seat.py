# SPDX-License-Identifier: Apache-2.0
"""Somebody logs in at the seat, locks, unlocks and leaves."""

from tests.vm.inside import machine


class TestSeat(machine.OnMachine):
    """Presence follows logind's own sessions."""

    def setUp(self):
        self.desk = machine.Desk('owner', 'tty1')
        self.addCleanup(self.desk.log_out)

    def test_login_throttles(self):
        self.be_away()
        self.desk.log_in()
        took_s = machine.wait_for(
            'a login throttles', lambda: machine.cpus() == machine.share(0.02)
        )
        self.assertIn('logged in', machine.ask('Reason'))
        session = self.desk.session()
        self.assertEqual('seat0', session['Seat'])
        self.assertEqual('yes', session['Active'])
        self.assertEqual('no', session['Remote'])
        self.tell(f'{took_s * 1000:.0f} ms after the session was seen')

    def test_unlocked_session_is_idle_and_a_locked_one_away(self):
        self.desk.log_in()
        machine.wait_for(
            'the owner is idle', lambda: machine.cpus() == machine.share(0.5)
        )
        self.assertEqual('idle', machine.ask('Presence'))
        self.desk.set_locked(True)
        self.be_away()
        self.assertEqual('away', machine.ask('Presence'))
        self.desk.set_locked(False)
        took_s = machine.wait_for(
            'unlocking throttles',
            lambda: machine.cpus() == machine.share(0.02),
            5,
        )
        self.tell(f'unlocking throttles in {took_s * 1000:.0f} ms')

    def test_lock_signal_alone_says_nothing(self):
        self.desk.log_in()
        machine.wait_for(
            'the owner is idle', lambda: machine.cpus() == machine.share(0.5)
        )
        before = machine.ask('Sequence')
        # A desktop that does not answer it has not locked its screen.
        machine.run('loginctl', 'lock-session', self.desk.session()['Id'])
        self.assertEqual('no', self.desk.session()['LockedHint'])
        self.assertEqual('idle', machine.ask('Presence'))
        self.assertEqual(before, machine.ask('Sequence'))
