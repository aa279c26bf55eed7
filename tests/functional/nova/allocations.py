# SPDX-License-Identifier: Apache-2.0
"""What has to hold of Placement's allocations after every test."""

import contextlib
import io

from nova import context, objects
from nova.cmd import manage
from nova.scheduler import utils as scheduler_utils


def audit() -> str:
    """Give what ``nova-manage placement audit`` finds, or nothing."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        code = manage.PlacementCommands().audit(verbose=True)
    return '' if code == 0 else f'audit: {code} {said.getvalue()}'


def heal() -> str:
    """Give what ``heal_allocations --dry-run`` would do, or nothing.

    Its return code does not tell: a dry run counts nothing as processed.
    """
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        code = manage.PlacementCommands().heal_allocations(
            verbose=True, dry_run=True
        )
    text = said.getvalue()
    clean = code == 4 and '[dry-run]' not in text
    return '' if clean else f'heal_allocations: {code} {text}'


class CleanAllocations:
    """Check that every server holds what its flavor says, on its host alone.

    ``audit`` finds what nobody owns and ``heal_allocations`` servers that
    hold nothing; neither looks at the amounts.
    """

    def assert_allocations_clean(self) -> None:
        for instance in _instances():
            self.assertIsNone(instance.task_state, instance)
            self.assertEqual(
                self._wanted(instance),
                self._get_allocations(instance.uuid),
                f'{instance.uuid} is {instance.vm_state} on {instance.host}',
            )
        self.assertEqual(['', ''], [audit(), heal()])

    def _get_allocations(self, consumer: str) -> dict[str, dict[str, int]]:
        held = self._get_allocations_by_server_uuid(consumer)
        return {uuid: each['resources'] for uuid, each in held.items()}

    @staticmethod
    def _wanted(instance: objects.Instance) -> dict[str, dict[str, int]]:
        if instance.host is None:
            return {}
        node = objects.ComputeNode.get_by_host_and_nodename(
            context.get_admin_context(), instance.host, instance.node
        )
        resources = scheduler_utils.resources_from_flavor(
            instance, instance.flavor
        )
        return {node.uuid: {k: v for k, v in resources.items() if v}}


def _instances() -> objects.InstanceList:
    return objects.InstanceList.get_by_filters(
        context.get_admin_context(),
        {'deleted': False},
        expected_attrs=['flavor'],
    )
