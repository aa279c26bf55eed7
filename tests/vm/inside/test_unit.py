# SPDX-License-Identifier: Apache-2.0
"""The shipped units, under systemd with cgroup version 2."""

import json
import pathlib
import re

from tests.vm.inside import machine

# DAC_OVERRIDE, SYS_PTRACE, SYS_RESOURCE.
_CAPABILITIES = 1 << 1 | 1 << 19 | 1 << 24
_SECCOMP_FILTER = '2'
# As some of the tests do to it, and the watchdog to one that they stopped.
_KILLED = {
    'code=killed, status=9/KILL',
    'code=killed, status=6/ABRT',
    'code=dumped, status=6/ABRT',
}


def process_status() -> dict[str, str]:
    """Give what the kernel says of the agent's process."""
    pid = machine.property_of(machine.UNIT, 'MainPID')
    text = pathlib.Path(f'/proc/{pid}/status').read_text()
    return dict(re.findall(r'^(\w+):\t(.*)$', text, re.MULTILINE))


class TestUnit(machine.OnMachine):
    """The unit, and what it is allowed."""

    def test_all_sources_work_in_the_sandbox(self):
        machine.wait_for(
            'every source works',
            lambda: (
                set((machine.ask('Sources') or {'': ''}).values()) == {'ok'}
            ),
        )
        names = set(machine.ask('Sources'))
        self.assertLessEqual({'input', 'sessions', 'terminals'}, names)
        self.tell(str(sorted(names)))

    def test_status_answers(self):
        self.be_away()
        text = machine.run(machine.BIN / 'nova-desktop', 'status')
        self.assertIn('You are away.', text)
        self.assertNotIn('Not working', text)
        self.tell(text.splitlines()[1])

    def test_status_is_told_to_programs(self):
        text = machine.run(machine.BIN / 'nova-desktop', 'status', '--json')
        self.assertEqual('ok', json.loads(text)['sources']['sessions'])

    def test_kernel_holds_the_sandbox(self):
        status = process_status()
        self.assertEqual(_CAPABILITIES, int(status['CapBnd'], 16))
        self.assertEqual(_CAPABILITIES, int(status['CapEff'], 16))
        self.assertEqual('1', status['NoNewPrivs'])
        self.assertEqual(_SECCOMP_FILTER, status['Seccomp'])

    def test_slice_is_in_the_idle_class_and_follows_presence(self):
        machine.run('systemctl', 'restart', machine.UNIT)
        # Just started, it knows nothing of the owner.
        self.assertEqual(machine.share(0.02), machine.cpus())
        self.be_away()
        self.assertEqual('away', machine.ask('Presence'))
        self.assertEqual('1', (machine.SLICE / 'cpu.idle').read_text().strip())

    def test_unit_has_the_highest_weight(self):
        group = pathlib.Path('/sys/fs/cgroup/system.slice') / machine.UNIT
        self.assertEqual('10000', (group / 'cpu.weight').read_text().strip())

    def test_nothing_crashed(self):
        log = machine.run('journalctl', '-u', machine.UNIT, '--no-pager')
        self.assertNotIn('Traceback', log)
        self.assertNotIn("Failed with result 'oom-kill'", log)
        ends = set(re.findall('Main process exited, (.*)', log))
        self.assertLessEqual(ends, _KILLED)
