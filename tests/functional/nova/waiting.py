# SPDX-License-Identifier: Apache-2.0
"""Nova's own ways to wait for its services, looking more often."""

import functools
import time
import types
from collections.abc import Callable

import fixtures
from nova.tests.functional import integrated_helpers

PATIENCE_S = 30.0
OFTENER = 5

_Helper = integrated_helpers.InstanceHelperMixin


def _patiently(stock: Callable) -> Callable:
    """Try a wait that counts its looks again until the time is over."""

    @functools.wraps(stock)
    def wait(self, *args, **kwargs):
        end = time.monotonic() + PATIENCE_S
        while True:
            try:
                return stock(self, *args, **kwargs)
            except AssertionError:
                if time.monotonic() >= end:
                    raise

    return wait


def await_managers(test) -> None:
    """Have a service that stops wait for its manager's last thread.

    Nova's fixture does not, and a thread that outlives its test then marks
    the executors of all later tests as shut down. 20 s, all of which Nova
    keeps for this thread: none of it is spent on what a test left undone.
    """
    test.flags(manager_shutdown_timeout=20)


class Waiting:
    """Wait for what a test has asked of Nova.

    Nova's helpers look twice a second, ten times: most of a test's time.
    """

    def look_oftener(self) -> None:
        # Only what sleeps in Nova's helpers, not in Nova.
        self.useFixture(
            fixtures.MonkeyPatch(
                'nova.tests.functional.integrated_helpers.time',
                types.SimpleNamespace(
                    sleep=lambda seconds: time.sleep(seconds / OFTENER)
                ),
            )
        )

    _wait_for_server_parameter = _patiently(_Helper._wait_for_server_parameter)
    _wait_for_migration_status = _patiently(_Helper._wait_for_migration_status)
    _wait_for_instance_action_event = _patiently(
        _Helper._wait_for_instance_action_event
    )
    _wait_until_deleted = _patiently(_Helper._wait_until_deleted)
    _wait_for_assert = _patiently(_Helper._wait_for_assert)
