# SPDX-License-Identifier: Apache-2.0
"""Let a server run on that could not be moved or saved.

Nova 34 rolls a failed or aborted live migration back, and then has libvirt's
error put the server into ERROR all the same; a failed suspend does so too.
"""

import functools
from collections.abc import Callable
from typing import Any

from nova import exception as nova_exception
from nova.virt.libvirt import guest as libvirt_guest
from oslo_log import log as logging

LOG = logging.getLogger(__name__)

_ROLLED_BACK = ('failed', 'cancelled')


def outlived(stock: Callable[..., Any]) -> Callable[..., Any]:
    """Give the driver's live migration, without errors after a rollback."""

    @functools.wraps(stock)
    def live_migration(
        driver: Any,
        context: Any,
        instance: Any,
        dest: str,
        post_method: Any,
        recover_method: Any,
        block_migration: bool = False,
        migrate_data: Any = None,
    ) -> None:
        try:
            stock(
                driver,
                context,
                instance,
                dest,
                post_method,
                recover_method,
                block_migration,
                migrate_data,
            )
        except libvirt_guest.libvirt.libvirtError as error:
            # Nova's rollback writes this as the last thing it does.
            if migrate_data.migration.status not in _ROLLED_BACK:
                raise
            LOG.warning(
                'The live migration to %(dest)s was rolled back: %(error)s',
                {'dest': dest, 'error': error},
                instance=instance,
            )

    return live_migration


def undone(stock: Callable[..., Any]) -> Callable[..., Any]:
    """Give the driver's suspend, whose failure Nova takes back.

    A guest whose memory cannot be saved is let run on by libvirt, and as an
    active server it can still be shelved.
    """

    @functools.wraps(stock)
    def suspend(driver: Any, context: Any, instance: Any) -> None:
        try:
            stock(driver, context, instance)
        except libvirt_guest.libvirt.libvirtError as error:
            raise nova_exception.InstanceFaultRollback(error) from error

    return suspend
