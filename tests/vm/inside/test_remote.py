# SPDX-License-Identifier: Apache-2.0
"""Somebody works from elsewhere, by a real sshd."""

import pathlib
import shutil
import subprocess

from tests.vm.inside import machine

_KEY = pathlib.Path('/run/vm-test/key')
_SSH = (
    'ssh', '-i', str(_KEY), '-o', 'StrictHostKeyChecking=no',
    '-o', 'UserKnownHostsFile=/dev/null', 'other@127.0.0.1',
)  # fmt: skip


def remote_sessions():
    """Give logind's sessions from elsewhere."""
    return [s for s in machine.sessions() if s.get('Remote') == 'yes']


class TestRemote(machine.OnMachine):
    """A session that logind calls remote counts as the owner."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if not _KEY.exists():
            machine.run('ssh-keygen', '-q', '-t', 'ed25519', '-N', '',
                        '-f', _KEY)  # fmt: skip
        folder = pathlib.Path('/home/other/.ssh')
        folder.mkdir(mode=0o700, exist_ok=True)
        allowed = folder / 'authorized_keys'
        allowed.write_text(_KEY.with_suffix('.pub').read_text())
        for path in (folder, allowed):
            shutil.chown(path, 'other', 'other')
        machine.run('systemctl', 'start', 'ssh')
        cls.addClassCleanup(machine.run, 'systemctl', 'stop', 'ssh')

    def log_in(self):
        """Open a session that lasts until its input ends."""
        process = subprocess.Popen(
            [*_SSH, 'cat'],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.addCleanup(log_out, process)
        machine.wait_for('there is a remote session', remote_sessions)
        return process

    def test_remote_session_counts_until_it_ends(self):
        self.be_away()
        process = self.log_in()
        took_s = machine.wait_for(
            'a remote session throttles',
            lambda: machine.cpus() == machine.share(0.02),
        )
        (session,) = remote_sessions()
        self.assertEqual('', session.get('Seat', ''))
        self.assertEqual('sshd', session['Service'])
        machine.wait_for(
            'it is the reason',
            lambda: 'remote session(s) are open' in machine.ask('Reason'),
        )
        self.assertEqual('active', machine.ask('Presence'))
        self.assertEqual('sessions', machine.ask('Source'))
        # It counts for as long as it is open, though nothing is typed.
        self.assertEqual(1, len(remote_sessions()))
        log_out(process)
        self.be_away()
        self.assertEqual([], remote_sessions())
        self.tell(f'{took_s * 1000:.0f} ms after the session was seen')


def log_out(process):
    """End a session from elsewhere."""
    process.stdin.close()
    process.wait(machine.PATIENCE_S)
