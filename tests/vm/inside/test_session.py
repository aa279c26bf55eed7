# SPDX-License-Identifier: Apache-2.0
"""The helper as a unit of a login: with a display and without one."""

import pathlib
import time

from tests.vm.inside import machine

_HELPER = 'nova-desktop-session.service'
_DISPLAY = ':7'
_SOCKET = pathlib.Path('/tmp/.X11-unix/X7')
# What a desktop brings along: graphical-session.target starts for another.
_TARGET = pathlib.Path('/etc/systemd/user/vm-desktop.target')
_TARGET_TEXT = '[Unit]\nBindsTo=graphical-session.target\n'
_LONGER_THAN_A_RESTART_S = 7.0


class TestSession(machine.OnMachine):
    """One login at the seat that starts a desktop, or what passes for one."""

    def setUp(self):
        _TARGET.write_text(_TARGET_TEXT)
        self.desk = machine.Desk('owner', 'tty1')
        self.addCleanup(self.desk.log_out)
        self.desk.log_in()
        self.addCleanup(self.leave_desktop)
        self.desk.do('systemctl --user daemon-reload')

    def leave_desktop(self):
        # The user's manager outlives the login for a while, and may be the
        # next test's.
        for verb in (
            'stop vm-desktop.target vm-x.service',
            'unset-environment DISPLAY',
            f'reset-failed {_HELPER}',
        ):
            self.desk.type(f'systemctl --user {verb}')

    def start_x(self):
        self.desk.do(
            'systemd-run --user --quiet --collect --unit=vm-x '
            f'Xvfb {_DISPLAY} -screen 0 320x240x8 -nolisten tcp'
        )
        machine.wait_for('there is an X server', _SOCKET.exists)
        self.desk.do(f'systemctl --user set-environment DISPLAY={_DISPLAY}')

    def start_desktop(self):
        self.start_x()
        self.desk.do('systemctl --user start vm-desktop.target')
        machine.wait_for(
            'the helper watches', lambda: 'is watched by x11' in self.log()
        )
        # The unit of a user's manager is in no session; it asks logind.
        self.assertIn(f'Session {self.desk.session()["Id"]} is', self.log())

    def of_helper(self, name):
        return self.desk.do(f'systemctl --user show -P {name} {_HELPER}')

    def log(self):
        invocation = self.of_helper('InvocationID')
        return machine.run(
            'journalctl', '-o', 'cat', '--no-pager',
            f'_SYSTEMD_INVOCATION_ID={invocation}',
        )  # fmt: skip

    def be_idle(self):
        # The presence comes first, and what is given back some time after.
        machine.wait_for(
            'the owner is idle', lambda: machine.cpus() == machine.share(0.5)
        )
        self.assertEqual('idle', machine.ask('Presence'))

    def test_input_to_the_display_throttles(self):
        self.start_desktop()
        self.be_idle()
        self.desk.do(f'DISPLAY={_DISPLAY} xdotool key a')
        took_s = machine.wait_for(
            'input that only the login sees throttles',
            lambda: machine.cpus() == machine.share(0.02),
            5,
        )
        self.assertEqual('helpers', machine.ask('Source'))
        self.tell(f'{took_s * 1000:.0f} ms after the key was sent')

    def test_killed_helper_counts_as_owner_until_it_is_back(self):
        self.start_desktop()
        self.be_idle()
        self.desk.do(f'systemctl --user kill -s KILL {_HELPER}')
        machine.wait_for(
            'the session is unknown',
            lambda: 'vanished' in machine.ask('Sources')['helpers'],
        )
        self.assertEqual('unknown', machine.ask('Presence'))
        self.assertEqual(machine.share(0.02), machine.cpus())
        took_s = machine.wait_for(
            'it is back', lambda: machine.ask('Sources')['helpers'] == 'ok'
        )
        self.assertEqual('1', self.of_helper('NRestarts'))
        self.tell(f'back after {took_s:.1f} s')

    def test_end_of_the_desktop_ends_the_helper(self):
        self.start_desktop()
        self.be_idle()
        self.desk.do('systemctl --user stop vm-desktop.target')
        self.ended_well()

    def test_end_of_the_display_ends_the_helper(self):
        self.start_desktop()
        self.be_idle()
        self.desk.do('systemctl --user stop vm-x')
        self.ended_well()

    def ended_well(self):
        machine.wait_for(
            'the helper ended',
            lambda: self.of_helper('ActiveState') == 'inactive',
        )
        time.sleep(_LONGER_THAN_A_RESTART_S)
        shown = {
            name: self.of_helper(name)
            for name in ('Result', 'ExecMainStatus', 'NRestarts')
        }
        well = {'Result': 'success', 'ExecMainStatus': '0', 'NRestarts': '0'}
        self.assertEqual(well, shown)
        # It said Bye, so that nobody takes its silence for an owner's.
        self.assertEqual('ok', machine.ask('Sources')['helpers'])

    def test_login_without_a_display_is_left_alone(self):
        self.desk.do('systemctl --user start vm-desktop.target')
        machine.wait_for(
            'the helper gives up',
            lambda: self.of_helper('ActiveState') == 'failed',
            120,
        )
        said = self.log().strip()
        self.assertIn('this login has no way to learn of input', said)
        tries = int(self.of_helper('NRestarts'))
        time.sleep(_LONGER_THAN_A_RESTART_S)
        self.assertEqual('failed', self.of_helper('ActiveState'))
        self.assertEqual(tries, int(self.of_helper('NRestarts')))
        # Who has no helper has no say of his own, and is no unknown either.
        self.assertEqual('ok', machine.ask('Sources')['helpers'])
        self.be_idle()
        self.tell(f'given up after {tries} restarts')
