# SPDX-License-Identifier: Apache-2.0
"""Ways to leave that do not work, for real reasons, and what comes then."""

import datetime
import pathlib

from sandbox import config, layout, supervise
from tests.sandbox import base, options, test_actions, test_osc


class FallThroughCase(test_actions.ActionCase, test_osc.OscTest):
    """A guest whose first ways to leave fail."""

    def fallen(self) -> list[str]:
        """Give what did not work, and why, as the operator is told."""
        shown = self.openstack('server', 'explain', self.server.id)
        return [
            each['why']
            for each in shown['events']
            if each['what'] == 'fell-through'
        ]

    def check_fallen(self, *actions: str) -> list[str]:
        """Check which actions did not work, in order; give the reasons."""
        told = [each.partition(' did not work; ') for each in self.fallen()]
        self.assertEqual(list(actions), [action for action, _, _ in told])
        return [reason for _, _, reason in told]


class NoHostTest(FallThroughCase):
    """No other workstation takes it, so that it stays in its own."""

    ACTIONS = 'live-migrate,cold-migrate,suspend'

    def test_suspended(self) -> None:
        """It is suspended where it is."""
        self.owner(self.other, 'back')
        self.addCleanup(self.owner, self.other, 'away')
        self.wait_offered(self.other, False)
        self.evicted('live-migrate')
        self.wait_rest('SUSPENDED')
        for reason in self.check_fallen('live-migrate', 'cold-migrate'):
            self.assertIn('No valid host', reason)


class NothingWorksTest(FallThroughCase):
    """Neither the other host, nor the disk, nor Glance takes it."""

    ACTIONS = 'live-migrate,cold-migrate,suspend,rebuild,shelve,stop'

    def break_ways(self) -> None:
        """Have each way end where it leaves Nova's own hands."""
        other = layout.host(self.other)
        for path in (
            layout.BY_ADDRESS / other.address,  # its libvirt
            self.host.dir / 'lib-libvirt/qemu/save',
        ):
            self.put_aside(path)
        for program in (f'{other.name}-sshd', 'glance'):
            self.addCleanup(supervise.start, program)
            supervise.stop(program)

    def put_aside(self, path: pathlib.Path) -> None:
        """Have a file of no use lie where something else was."""
        aside = path.rename(path.with_name(f'{path.name}.aside'))
        path.touch()
        self.addCleanup(aside.rename, path)
        self.addCleanup(path.unlink)

    def test_stopped(self) -> None:
        """It runs through them all, is stopped, and started again."""
        source = self.host.name
        self.break_ways()
        self.evicted('live-migrate')
        self.wait_rest('SHUTOFF')
        self.check_fallen(
            *('live-migrate', 'live-migrate', 'cold-migrate'),
            *('suspend', 'rebuild', 'shelve'),
        )
        self.assertEqual(source, self.back().compute_host)
        self.booted(source)


class TooSlowTest(FallThroughCase):
    """A live migration over a link that is far too slow."""

    ACTIONS = 'live-migrate,suspend'
    WITHIN_S = 8

    @classmethod
    def setUpClass(cls) -> None:
        """Have computes send a MiB a second, and the service be impatient."""
        super().setUpClass()
        cls.addClassCleanup(cls.restart)
        options.change_computes(
            cls.addClassCleanup, 'libvirt', live_migration_bandwidth=1
        )
        options.change(
            cls.addClassCleanup,
            layout.ETC / config.CONTROL['reclaim.conf'],
            'reclaim',
            live_migrate_timeout_s=cls.WITHIN_S,
        )
        cls.restart()

    @classmethod
    def restart(cls) -> None:
        """Have all take their options anew."""
        begun = datetime.datetime.now(datetime.UTC).isoformat()
        names = [f'{host.name}-compute' for host in layout.WORKSTATIONS]
        supervise.restart(*names, 'reclaim')
        base.wait_until(lambda: cls.beats_since(begun), 'both computes', 90)

    @classmethod
    def beats_since(cls, begun: str) -> bool:
        """Say whether every workstation has been heard of since then."""
        names = {host.name for host in layout.WORKSTATIONS}
        heard = {
            service.host
            for service in cls.compute.services(binary='nova-compute')
            if service.updated_at and service.updated_at > begun
        }
        return names <= heard

    def test_aborted_and_suspended(self) -> None:
        """It is aborted, and the guest suspended where it is."""
        self.evicted('live-migrate')
        self.wait_rest('SUSPENDED')
        (reason,) = self.check_fallen('live-migrate')
        self.assertIn(f'not done in {self.WITHIN_S} s', reason)
        made = self.compute.migrations(instance_uuid=self.server.id)
        self.assertEqual(['cancelled'], [each.status for each in made])


class NoLibvirtTest(FallThroughCase):
    """Nothing of libvirt is there when it is to be stopped."""

    ACTIONS = 'stop,delete'
    MAY_END = True

    def test_stopped_once_libvirt_is_back(self) -> None:
        """Neither way works; it is told again, and stopped."""
        libvirtd = f'{self.host.name}-libvirtd'
        self.evicted('stop')
        self.addCleanup(supervise.start, libvirtd)
        supervise.stop(libvirtd)
        base.wait_until(
            lambda: len(self.fallen()) > 1, 'neither way working', 120
        )
        supervise.start(libvirtd)
        # Nova has it in ERROR until then.
        base.wait_until(
            lambda: (
                self.compute.get_server(self.server.id).status == 'SHUTOFF'
            ),
            'the guest stopped',
            120,
        )
        self.wait_rest('SHUTOFF')
        self.check_fallen('stop', 'delete')
