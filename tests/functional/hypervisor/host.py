# SPDX-License-Identifier: Apache-2.0
"""A libvirt daemon that the tests of a class share, in groups of its own."""

import os
import pathlib
import shutil
import tempfile
import unittest

from nova_desktop import exception
from nova_desktop.mechanism import cgroup, hypervisor, libvirt_link, removal
from sandbox import private_guest, private_libvirt
from sandbox.private_guest import AGENT
from sandbox.private_libvirt import WAIT_S, wait_for

__all__ = ['AGENT', 'TAP', 'WAIT_S', 'Host', 'HostCase', 'wait_for']

CGROUPS = pathlib.Path('/sys/fs/cgroup')
TAP = "<interface type='ethernet'><target dev='{}'/><model type='virtio'/>"


def usable() -> bool:
    """Say whether a daemon and guests of our own can be run here."""
    return (
        os.geteuid() == 0
        and (CGROUPS / 'cpu' / 'cgroup.procs').exists()
        and private_libvirt.is_installed()
    )


class Host(private_libvirt.Libvirt):
    """One libvirt daemon, its guests, and the groups that they run in."""

    def __init__(self) -> None:
        folder = pathlib.Path(tempfile.mkdtemp(dir='/var/tmp'))
        name = f'ndhyper-{os.getpid()}'
        self._top = cgroup.find(CGROUPS)
        cgroup.create(self._top, name)
        self.tree = cgroup.find(CGROUPS, name)
        cgroup.create(self.tree, private_libvirt.GROUP)
        super().__init__(folder, list(self._top.parents.values()), name)

    def hypervisor(
        self, within_s: float = 10.0, keepalive_s: int = 4
    ) -> hypervisor.Hypervisor:
        """Connect as the agent does, or with less patience."""
        opener = libvirt_link.Opener(self.uri, within_s, keepalive_s)
        return hypervisor.Hypervisor(
            self.uri,
            private_guest.PARTITION,
            self.tree.group(private_libvirt.GROUP),
            opener.open,
        )

    def remove(self) -> None:
        """End everything, and leave nothing behind."""
        self.end()
        wait_for(self._remove_groups)
        shutil.rmtree(self.dir)

    def _remove_groups(self) -> bool:
        self.kill_guests()
        try:
            removal.remove(self._top, self.name, ())
        except exception.MechanismFailed:
            return False
        return True


@unittest.skipUnless(usable(), 'needs root, cgroup v1, libvirtd and QEMU')
class HostCase(unittest.TestCase):
    """Tests that share a daemon; each has guests of its own."""

    host: Host

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.host = Host()
        cls.addClassCleanup(cls.host.remove)

    def setUp(self) -> None:
        super().setUp()
        self.guests = self.host.hypervisor()
        self.addCleanup(self.end_guests)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dir = pathlib.Path(folder.name)

    def end_guests(self) -> None:
        for domain in self.host.admin.listAllDomains():
            domain.destroy()
