# SPDX-License-Identifier: Apache-2.0
"""Whether this worker can do its work: looked at steadily, told at once.

A load balancer or a monitor asks often and must not wait, nor cause work: it
is told what the last look has shown.
"""

import dataclasses
import http
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from oslo_log import log

from nova_desktop.reclaim import nouns, server

LOG = log.getLogger(__name__)

PATH = '/healthcheck'

_STALE_PERIODS = 4
_FAILING_PERIOD_S = 5.0

Probe = Callable[[], object]
"""Looks at one thing; raises any error when that does not work."""


class Late(Exception):
    """A loop has not come round for longer than it should take."""


@dataclasses.dataclass(slots=True)
class _State:
    looked_s: float | None = None
    failing_since_s: float | None = None


class Health:
    """What the looks at each thing have shown."""

    def __init__(
        self,
        probes: Mapping[str, Probe],
        period_s: float,
        clock: nouns.Clock,
        stop: threading.Event,
    ) -> None:
        self._probes = probes
        self._period_s = period_s
        self._clock = clock
        self._stop = stop
        self._states = {name: _State() for name in probes}

    def start(self) -> None:
        """Look from now on; what hangs must not keep the rest from it."""
        for name in self._probes:
            threading.Thread(
                target=self._watch, args=(name,), name=name, daemon=True
            ).start()

    def _watch(self, name: str) -> None:
        while not self._stop.is_set():
            pause_s = self._period_s
            if not self.look(name):
                pause_s = min(pause_s, _FAILING_PERIOD_S)
            self._clock.wait(self._stop, pause_s)

    def look(self, name: str) -> bool:
        """Look at one thing, and log when it begins or ceases to fail."""
        state = self._states[name]
        try:
            self._probes[name]()
        except Exception as error:  # noqa: BLE001
            if state.failing_since_s is None and not self._stop.is_set():
                state.failing_since_s = self._clock.steady()
                LOG.warning('health: %s fails: %.300s', name, error)
        else:
            if state.failing_since_s is not None:
                LOG.info('health: %s works again', name)
            state.failing_since_s = None
        state.looked_s = self._clock.steady()
        return state.failing_since_s is None

    def show(self) -> tuple[bool, dict[str, str]]:
        """Say whether all is well, and how it is with each thing."""
        now = self._clock.steady()
        told = {
            name: self._told(state, now)
            for name, state in self._states.items()
        }
        return all(text == 'ok' for text in told.values()), told

    def _told(self, state: _State, now: float) -> str:
        if state.looked_s is None:
            return 'no answer yet'
        unknown_s = now - state.looked_s
        if unknown_s > _STALE_PERIODS * self._period_s:
            return f'no answer for {unknown_s:.0f} s'
        if state.failing_since_s is not None:
            # Why is in the log: this is told to anybody who asks.
            return f'failing for {now - state.failing_since_s:.0f} s'
        return 'ok'


def door(application: server.Application, health: Health) -> Any:
    """Answer the question for health before an application."""

    def answer(
        environ: dict[str, Any], start_response: server.StartResponse
    ) -> Iterable[bytes]:
        asked = environ['REQUEST_METHOD'], environ.get('PATH_INFO')
        if asked != ('GET', PATH):
            return application(environ, start_response)
        well, told = health.show()
        status = http.HTTPStatus.OK
        if not well:
            status = http.HTTPStatus.SERVICE_UNAVAILABLE
        return server.reply(
            start_response,
            f'{status.value} {status.phrase}',
            {'status': 'ok' if well else 'failing', 'checks': told},
        )

    return answer
