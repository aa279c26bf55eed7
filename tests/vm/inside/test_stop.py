# SPDX-License-Identifier: Apache-2.0
"""The agent is stopped and started by systemd."""

import time

from tests.vm.inside import machine

_STOP_S = 15.0


class TestStop(machine.OnMachine):
    """An orderly end."""

    def test_stop_is_clean_and_leaves_the_limit(self):
        self.be_away()
        began_s = time.monotonic()
        machine.run('systemctl', 'stop', machine.UNIT)
        took_s = time.monotonic() - began_s
        self.addCleanup(machine.run, 'systemctl', 'start', machine.UNIT)
        shown = {
            name: machine.property_of(machine.UNIT, name)
            for name in ('Result', 'ExecMainStatus', 'ActiveState')
        }
        self.assertEqual(
            {
                'Result': 'success',
                'ExecMainStatus': '0',
                'ActiveState': 'inactive',
            },
            shown,
        )
        self.assertIsNone(machine.ask('Sequence'))
        # A stricter one that it found at its start comes back.
        self.assertLessEqual(machine.cpus(), machine.share(0.02))
        self.assertEqual('1', (machine.SLICE / 'cpu.idle').read_text().strip())
        self.assertLess(took_s, _STOP_S)
        self.tell(f'{took_s:.1f} s')
