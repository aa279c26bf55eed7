# SPDX-License-Identifier: Apache-2.0
"""Let a server run on that could not be moved or saved.

Nova 34 rolls a failed or aborted live migration back, and then has libvirt's
error put the server into ERROR all the same; a failed suspend does so too.
"""

import contextlib
import functools
import threading
from collections.abc import Callable, Iterator
from typing import Any

from nova import exception as nova_exception
from nova.virt.libvirt import guest as libvirt_guest
from oslo_log import log as logging

LOG = logging.getLogger(__name__)

_ROLLED_BACK = ('failed', 'cancelled')
# Longer than QEMU and libvirt take to end a migration that was aborted.
_LET_GO_S = 30.0


class Moves:
    """Live migrations that libvirt is still busy with.

    Of one that was aborted Nova lets go before libvirt does, and libvirt
    would have the abort end the next job of the same guest too.
    """

    def __init__(self, let_go_s: float = _LET_GO_S) -> None:
        self._let_go_s = let_go_s
        self._changed = threading.Condition()
        self._under_way: set[str] = set()

    @contextlib.contextmanager
    def of(self, server_id: str) -> Iterator[None]:
        """Count one for as long as libvirt is asked for it."""
        with self._changed:
            self._under_way.add(server_id)
        try:
            yield
        finally:
            with self._changed:
                self._under_way.discard(server_id)
                self._changed.notify_all()

    def wait_until_over(self, server_id: str) -> None:
        """Wait until libvirt has let a guest go, but not for ever."""
        with self._changed:
            over = self._changed.wait_for(
                lambda: server_id not in self._under_way, self._let_go_s
            )
        if not over:
            LOG.warning(
                'libvirt still migrates server %s, which Nova takes for ended',
                server_id,
            )


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
            with driver.desktop.moves.of(instance.uuid):
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
        driver.desktop.moves.wait_until_over(instance.uuid)
        try:
            stock(driver, context, instance)
        except libvirt_guest.libvirt.libvirtError as error:
            raise nova_exception.InstanceFaultRollback(error) from error

    return suspend
