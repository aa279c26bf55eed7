# SPDX-License-Identifier: Apache-2.0
"""A connection to libvirt's daemon that is never waited for too long."""

import contextlib
import threading
from typing import Any

from oslo_log import log as logging

from nova_desktop import exception

try:
    import libvirt
except ImportError:  # a host on which no guest can be
    libvirt = None

__all__ = ['Opener', 'libvirt', 'unavailable']

LOG = logging.getLogger(__name__)

# A stopped daemon still takes connections, and then answers nothing. A call
# on an open one fails after this many intervals, and one more, of silence.
_KEEPALIVE_COUNT = 3
_AFTER_ERROR_S = 1.0

# libvirt has one event loop for the whole process, hence this one name.
_loop_begun = threading.Lock()


def _run_events() -> None:
    pause = threading.Event()
    while True:
        try:
            libvirt.virEventRunDefaultImpl()
        except libvirt.libvirtError as error:
            LOG.warning("libvirt's events are not read: %s", error)
            pause.wait(_AFTER_ERROR_S)


def _begin_events() -> None:
    """Run libvirt's event loop; its first step precedes any connection."""
    if not _loop_begun.acquire(blocking=False):
        return
    libvirt.virEventRegisterDefaultImpl()
    # What fails is told by whoever called; libvirt would print it as well.
    libvirt.registerErrorHandler(lambda context, error: None, None)
    threading.Thread(
        target=_run_events, name='libvirt-events', daemon=True
    ).start()


class _Attempt:
    """One try to connect, on a thread of its own."""

    def __init__(self, uri: str, keepalive_s: int) -> None:
        self._uri = uri
        self._keepalive_s = keepalive_s
        self._lock = threading.Lock()
        self._given_up = False
        self._connection: Any = None
        self._error = ''
        self._thread = threading.Thread(
            target=self._run, name='libvirt-open', daemon=True
        )
        self._thread.start()

    @property
    def is_pending(self) -> bool:
        """Say whether the daemon has not answered yet."""
        return self._thread.is_alive()

    def wait(self, within_s: float) -> Any:
        """Give the connection; raise MechanismFailed."""
        self._thread.join(within_s)
        with self._lock:
            if self._connection is not None:
                return self._connection
            self._given_up = True
        raise unavailable(self._uri, self._error or 'it does not answer')

    def _run(self) -> None:
        try:
            connection = libvirt.open(self._uri)
            connection.setKeepAlive(self._keepalive_s, _KEEPALIVE_COUNT)
        except libvirt.libvirtError as error:
            self._error = str(error)
            return
        with self._lock:
            if not self._given_up:
                self._connection = connection
                return
        with contextlib.suppress(libvirt.libvirtError):
            connection.close()


class Opener:
    """Connects to one daemon, waiting ``within_s`` seconds at most.

    ``keepalive_s`` is the interval at which an open connection asks for a
    sign of life.
    """

    def __init__(
        self, uri: str, within_s: float = 10.0, keepalive_s: int = 4
    ) -> None:
        self._uri = uri
        self._keepalive_s = keepalive_s
        self._within_s = within_s
        self._attempt: _Attempt | None = None

    def open(self) -> Any:
        """Give a new connection; raise MechanismFailed.

        While an earlier attempt is still without an answer none is added.
        """
        if libvirt is None:
            raise unavailable(self._uri, 'libvirt-python is not installed')
        if self._attempt is not None and self._attempt.is_pending:
            raise unavailable(self._uri, 'it still does not answer')
        _begin_events()
        self._attempt = _Attempt(self._uri, self._keepalive_s)
        return self._attempt.wait(self._within_s)


def unavailable(uri: str, why: str) -> exception.MechanismFailed:
    """Word the error: which daemon, why, what to do."""
    return exception.MechanismFailed(
        f'libvirt at {uri} cannot be reached ({why}): see that its daemon '
        'runs, and [ladder] libvirt_uri'
    )
