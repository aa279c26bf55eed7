# SPDX-License-Identifier: Apache-2.0
import pathlib
import tempfile
import unittest

from benchmarks import machine

DYNAMIC = '#1 SMP PREEMPT_DYNAMIC Debian 6.1.0'


class PreemptionTest(unittest.TestCase):
    def test_debugfs_names_the_one_in_force(self) -> None:
        said = machine.preemption('none (voluntary) full', DYNAMIC, '')
        self.assertEqual('voluntary', said)

    def test_boot_option(self) -> None:
        said = machine.preemption('', DYNAMIC, 'quiet preempt=full')
        self.assertEqual('PREEMPT_DYNAMIC, preempt=full at boot', said)

    def test_unknown_is_not_made_up(self) -> None:
        said = machine.preemption('', DYNAMIC, 'quiet nopreempt=full')
        self.assertIn('not readable', said)

    def test_none(self) -> None:
        self.assertIn('none', machine.preemption('', '#1 SMP Debian', ''))


class ReadTest(unittest.TestCase):
    def test_steal(self) -> None:
        stolen = machine.steal('cpu  50 0 20 20 0 0 0 10 0 0\ncpu0 1\n')
        self.assertEqual(10.0, stolen[1])
        self.assertEqual((-1.0, -1.0), machine.steal(''))

    def test_busy_is_what_is_not_idle_and_not_waiting(self) -> None:
        before = 'cpu 100 0 100 700 100 0 0 0 0 0'
        after = 'cpu 120 0 110 750 110 0 0 10 0 0'
        self.assertEqual(40.0, machine.busy(before, after))
        self.assertEqual(-1.0, machine.busy(before, before))
        self.assertEqual(-1.0, machine.busy('', ''))

    def test_smt(self) -> None:
        self.assertEqual('on', machine.smt('1'))
        self.assertEqual('off', machine.smt('0'))
        self.assertEqual('unknown', machine.smt(''))

    def test_reads_files(self) -> None:
        with tempfile.TemporaryDirectory() as name:
            proc = pathlib.Path(name, 'proc')
            proc.mkdir()
            (proc / 'cpuinfo').write_text('model name\t: Abacus 3\n')
            (proc / 'meminfo').write_text('MemTotal:  2048 kB\n')
            facts = machine.read(pathlib.Path(name))
        self.assertEqual('Abacus 3', facts['processor'])
        self.assertEqual(2, facts['memory_mib'])
        self.assertEqual('unknown', facts['smt'])
        self.assertEqual(-1.0, facts['steal_s'])

    def test_header_states_it(self) -> None:
        text = machine.header(machine.read())
        for word in ('kernel', 'preemption', 'SMT', 'cores', 'steal'):
            self.assertIn(word, text)
