# SPDX-License-Identifier: Apache-2.0
"""Who may have his say, by the real polkit and the shipped policies."""

import subprocess

from tests.vm.inside import machine

_COMMAND = str(machine.BIN / 'nova-desktop')
_NO_SHARE_CPUS = 0.02


def paused() -> bool:
    """Say whether the lending is paused."""
    return machine.ask('PausedUntil') not in (0, None)


class TestSay(machine.OnMachine):
    """pause and resume, from where people sit and from elsewhere."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = machine.Desk('other', 'tty2')
        cls.other.log_in()
        cls.addClassCleanup(cls.other.log_out)
        cls.owner = machine.Desk('owner', 'tty1')
        cls.owner.log_in()
        cls.addClassCleanup(cls.owner.log_out)
        machine.wait_for(
            'tty1 is in front',
            lambda: cls.owner.session()['Active'] == 'yes',
        )

    def setUp(self):
        self.addCleanup(machine.run, _COMMAND, 'resume')

    def refused(self, code, text):
        self.assertNotEqual(0, code, text)
        self.assertIn('may not pause', text)
        self.assertFalse(paused())

    def test_who_sits_here_pauses_and_resumes(self):
        code, text = self.owner.type(f'{_COMMAND} pause')
        self.assertEqual(0, code, text)
        self.assertTrue(paused())
        self.assertLessEqual(machine.cpus(), _NO_SHARE_CPUS)
        code, text = self.owner.type(f'{_COMMAND} resume')
        self.assertEqual(0, code, text)
        self.assertFalse(paused())

    def test_who_sits_here_sets_a_cap(self):
        self.addCleanup(machine.run, _COMMAND, 'cap', 'none')
        code, text = self.owner.type(f'{_COMMAND} cap cpus=25%')
        self.assertEqual(0, code, text)
        self.assertEqual(0.25, machine.ask('OwnerCapCpu'))

    def test_session_in_the_background_may_not(self):
        self.assertEqual('no', self.other.session()['Active'])
        self.assertEqual('seat0', self.other.session()['Seat'])
        code, text = self.other.type(f'{_COMMAND} pause')
        self.refused(code, text)
        self.tell(text)

    def test_process_without_a_session_may_not(self):
        code, text = outside(
            'systemd-run', '--uid=other', '--pipe', '--wait', '--quiet'
        )
        self.assertIn('session=.', text)
        self.refused(code, text)

    def test_session_without_a_seat_may_not(self):
        # As sshd does it, by pam and from nowhere at the seat.
        code, text = outside(
            'systemd-run', '--uid=other', '--pipe', '--wait', '--quiet',
            '--property=PAMName=login',
        )  # fmt: skip
        self.assertRegex(text, r'session=\w+\.')
        self.refused(code, text)

    def test_root_may_from_anywhere(self):
        machine.run(_COMMAND, 'pause')
        self.assertTrue(paused())

    def test_nobody_but_root_may_leave(self):
        code, text = self.owner.type(
            'busctl --system call org.openstack.NovaDesktop1 '
            '/org/openstack/NovaDesktop1 org.openstack.NovaDesktop1 '
            'Leave su 6c9d5f5e-7a3b-4b43-93ce-0f1b6a0c3f3e 5'
        )
        self.assertNotEqual(0, code)
        self.assertIn('denied', text.lower())


def outside(*command):
    """Pause by another way in; give the exit code and the output."""
    done = subprocess.run(
        [
            *command,
            'sh',
            '-c',
            f'echo "session=$XDG_SESSION_ID."; {_COMMAND} pause',
        ],
        capture_output=True,
        text=True,
        timeout=machine.PATIENCE_S,
    )
    return done.returncode, done.stdout + done.stderr
