# SPDX-License-Identifier: Apache-2.0
"""Tell the control plane while the owner is expected back."""

import dataclasses
import time
from collections.abc import Callable, Mapping

from oslo_log import log as logging

from nova_desktop import messages, model
from nova_desktop.virt import threads

LOG = logging.getLogger(__name__)

_HORIZON_MIN = 15
_REPEAT_S = 60.0
_UNHEARD_S = 10.0
# Two lost messages in a row take nothing back.
_VALID_S = 3 * _REPEAT_S
_EXPECTED = 'the owner is expected back'
_OVER = 'that is not expected any more'


@dataclasses.dataclass(frozen=True, slots=True)
class Limits:
    """When a host is at risk: below ``below``, until above by ``margin``."""

    below: float
    margin: float

    def at_risk(self, stays: float | None, was: bool) -> bool:
        """Judge the probability that the owner stays away."""
        if stays is None or not self.below:
            return False
        return stays < self.below + (self.margin if was else 0.0)


def expected_min(forecast: Mapping[int, float], below: float) -> int:
    """Give in how many minutes at the latest the owner is expected."""
    near = [h for h in model.HORIZONS_MIN if h <= _HORIZON_MIN]
    return min(
        (h for h in near if forecast.get(h, 1.0) < below),
        default=_HORIZON_MIN,
    )


class Foreteller:
    """Repeat for as long as it holds that guests are at risk."""

    def __init__(
        self,
        host: str,
        status: Callable[[], model.Status | None],
        guests_memory_mib: Callable[[], int],
        client: Callable[[], messages.ReclaimClient],
        limits: Limits,
        within_s: float,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._host = host
        self._status = status
        self._guests_memory_mib = guests_memory_mib
        self._client = client
        self._limits = limits
        self._within_s = within_s
        self._now = now
        self._until_unix_s: float | None = None
        self._odds = 0.0
        self._heard_until: float | None = None
        self._tell_again_s = 0.0
        self._worker = threads.Worker('desktop-risk', self.step, _UNHEARD_S)
        self.wake = self._worker.wake

    def start(self) -> None:
        """Tell from now on."""
        self._worker.start()

    def stop(self) -> None:
        """Tell no more; what was told ends by itself."""
        self._worker.stop()

    def step(self) -> float | None:
        """Tell what the agent's latest forecast calls for."""
        status = self._status()
        over = self._until_unix_s and self._until_unix_s <= self._now()
        if status is not None and status.presence is model.Presence.AWAY:
            self._judge(status)
        elif over:
            # He is here, or nobody knows: a reclaim says the rest.
            self._until_unix_s = None
        if self._until_unix_s != self._heard_until:
            return self._tell()
        if self._until_unix_s is None:
            # A guest may also come while the owner is expected.
            return _REPEAT_S
        wait_s = self._tell_again_s - self._now()
        return wait_s if 0 < wait_s <= _REPEAT_S else self._tell()

    def _judge(self, status: model.Status) -> None:
        was = self._until_unix_s is not None
        stays = status.forecast.get(_HORIZON_MIN)
        risk = self._limits.at_risk(stays, was)
        if stays is None or not (risk and self._guests_memory_mib()):
            self._until_unix_s = None
            return
        self._odds = max(0.01, round(1.0 - stays, 2))
        # It moves only once it is over: who was told may count on it.
        if self._until_unix_s is None or self._until_unix_s <= self._now():
            minutes = expected_min(status.forecast, self._limits.below)
            self._until_unix_s = float(round(self._now() + 60 * minutes))
            LOG.info(
                'The owner is expected back within %(minutes)d min '
                '(%(odds).0f %%): guests are at risk',
                {'minutes': minutes, 'odds': 100 * self._odds},
            )

    def _tell(self) -> float:
        until = self._until_unix_s
        message = messages.AtRisk(
            host=self._host,
            odds=0.0 if until is None else self._odds,
            until_unix_s=until or 0.0,
            within_s=self._within_s,
            valid_s=_VALID_S,
            reason=_OVER if until is None else _EXPECTED,
        )
        if not self._client().at_risk(message):
            return _UNHEARD_S
        self._heard_until = until
        self._tell_again_s = self._now() + _REPEAT_S
        return _REPEAT_S
