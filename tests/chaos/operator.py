# SPDX-License-Identifier: Apache-2.0
"""The operator, who kills daemons and writes to cgroups."""

import signal
import time
from collections.abc import Mapping

from sandbox import private_libvirt
from tests.chaos import actor
from tests.functional.hypervisor import host as hypervisor

_SET_AGAIN_S = 2.0


class Operator(actor.Actor):
    """Kills daemons and writes to cgroups."""

    name = 'operator'
    pause_s = (0.5, 2.5)

    def actions(self) -> Mapping[actor.Action, int]:
        """Give what can be done, and how often."""
        return {
            self.kill_agent: 2,
            self.end_agent: 1,
            self.stop_libvirtd: 2,
            self.kill_libvirtd: 2,
            self.write_quota: 3,
            self.write_idle: 2,
            self.write_cpus: 2,
        }

    def kill_agent(self) -> None:
        """Kill the agent; its unit starts it again."""
        self.rig.restart_agent(signal.SIGKILL, self.random.uniform(0.1, 0.9))

    def end_agent(self) -> None:
        """End the agent in order; somebody starts it again."""
        self.rig.restart_agent(signal.SIGTERM, self.random.uniform(0.1, 0.9))

    def stop_libvirtd(self) -> None:
        """Have libvirt's daemon hang for a while."""
        self.rig.daemon_is_back()
        self.rig.stop_daemon(self.random.uniform(1.0, 3.0), kill=False)

    def kill_libvirtd(self) -> None:
        """Kill it; it is started again."""
        self.rig.daemon_is_back()
        self.rig.stop_daemon(self.random.uniform(0.2, 2.0), kill=True)

    def write_quota(self) -> None:
        """Set another limit by hand."""
        self._write('cpu.cfs_quota_us', self.random.choice(('-1', '77000')))

    def write_idle(self) -> None:
        """Take the slice out of the idle class by hand."""
        self._write('cpu.idle', '0')

    def _write(self, file: str, text: str) -> None:
        path = self.rig.desk.cgroups.guests / file
        if path.read_text().strip() == text:
            return
        self.rig.meddled_s = began_s = time.monotonic()
        path.write_text(text)
        while path.read_text().strip() == text:
            self.rig.meddled_s = time.monotonic()
            if self.rig.meddled_s > began_s + _SET_AGAIN_S:
                # It may be just what the agent wants by now.
                return self.rig.note(f'{file} stays at {text}')
            time.sleep(0.002)
        self.rig.took('set_again', began_s)

    def write_cpus(self) -> None:
        """Let guests run on every CPU by hand."""
        group = (
            hypervisor.CGROUPS
            / 'cpuset'
            / self.rig.guests.name
            / private_libvirt.GROUP
        )
        whole = (group.parent / 'cpuset.cpus').read_text()
        (group / 'cpuset.cpus').write_text(whole)
