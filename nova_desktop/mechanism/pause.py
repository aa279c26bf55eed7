# SPDX-License-Identifier: Apache-2.0
"""Guests whose CPUs are stopped while their memory stays."""

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from oslo_log import log as logging

from nova_desktop import exception, model
from nova_desktop.mechanism import (
    calls,
    fence,
    guest_clock,
    guest_record,
    hypervisor,
)

LOG = logging.getLogger(__name__)

_WORKERS = 4
# So often, each time within so long after the last, is no accident.
_TOO_OFTEN = 5
_IN_A_ROW_S = 60.0


class GuestPause:
    """Pauses guests, and resumes those that it paused itself.

    Who that is stands in ``record`` before they are paused. Between two that
    go on are ``stagger_s`` seconds, so that they do not all wake at once.
    Whoever is behind ``fence`` stays paused, whatever the target is.
    """

    def __init__(
        self,
        guests: hypervisor.Hypervisor,
        record: Path,
        stagger_s: float = 0.2,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._hypervisor = guests
        self._record = guest_record.GuestRecord(record)
        self.fence = fence.Fence(record.with_name('fence.json'))
        self._stagger_s = stagger_s
        self._clock = clock
        self._calls = calls.Calls(_WORKERS)
        self._clocks = guest_clock.GuestClocks()
        self._interrupted = threading.Event()
        self._applied = model.PauseTarget()
        self._held: set[hypervisor.Key] = set()
        self._resumed: dict[hypervisor.Key, tuple[int, float]] = {}

    def apply(self, target: model.PauseTarget) -> None:
        """Pause whom the target names, at once, and resume the others.

        Raises MechanismFailed, also when interrupted.
        """
        self._applied = target
        if not self._concerns_anybody():
            return
        problems = self._close(target.fence)
        guests = self._hypervisor.guests()
        problems += self._look(guests)
        problems += self._note(guests)
        problems += self._pause(
            [each for each in guests if each.is_running and self._names(each)]
        )
        problems += self._resume(self._to_resume(guests))
        if problems:
            raise exception.MechanismFailed('; '.join(problems))

    def current(self) -> model.PauseTarget:
        """Read back who is paused; asks nobody while nobody is to be."""
        if not self._concerns_anybody():
            return self._applied
        guests = self._hypervisor.guests()
        self._look(guests)
        self._held |= {
            guest.key
            for guest in guests
            if guest.is_held and guest.key in self._record
        }
        running = [guest for guest in guests if guest.is_running]
        if not any(map(self._names, running)) and not self._to_resume(guests):
            return self._applied
        return model.PauseTarget(
            everybody=len(running) < len(guests),
            spared=frozenset(guest.uuid for guest in running),
        )

    def release(self) -> None:
        """Resume all that were paused by us."""
        self.fence.remove()
        self.apply(model.PauseTarget())

    @property
    def is_released(self) -> bool:
        """Say whether nobody is paused by us, or has to stay so."""
        return not (self._record or self.fence.members or self.fence.closed)

    def interrupt(self) -> None:
        """Have ``apply``, on another thread, resume nobody further."""
        self._interrupted.set()

    def go_on(self) -> None:
        """Have the next ``apply`` run to its end."""
        self._interrupted.clear()

    def _concerns_anybody(self) -> bool:
        target = self._applied
        wanted = target.everybody or target.passthrough
        return wanted or not self.is_released

    def _names(self, guest: hypervisor.Guest) -> bool:
        target = self._applied
        if guest.uuid in self.fence.members:
            return True
        if guest.uuid in target.spared:
            return False
        passed = target.passthrough and guest.description.passthrough
        return target.everybody or passed

    def _close(self, why: str) -> list[str]:
        """Have the fence on the disk before the first guest is paused."""
        if not why or self.fence.closed:
            return []
        return _problems(lambda: self.fence.close(why))

    def _look(self, guests: Sequence[hypervisor.Guest]) -> list[str]:
        """Have the fence know whom there is."""
        return _problems(
            lambda: self.fence.look(
                [each.key for each in guests],
                self._hypervisor.listed,
                self._hypervisor.knows,
                stays_closed=bool(self._applied.fence),
            )
        )

    def _note(self, guests: Sequence[hypervisor.Guest]) -> list[str]:
        """Forget whom we paused and who ended, or runs and shall run."""
        kept = {
            guest.key
            for guest in guests
            if not guest.is_running or self._names(guest)
        }
        kept |= self._hypervisor.listed - {guest.key for guest in guests}
        self._held &= kept
        for key in self._resumed.keys() - kept:
            del self._resumed[key]
        return _problems(lambda: self._record.keep(kept))

    def _pause(self, guests: Sequence[hypervisor.Guest]) -> list[str]:
        if not guests:
            return []
        problems = self._resumed_by_others(guests)
        # The owner comes first: without a record they are paused as well.
        problems += _problems(
            lambda: self._record.put({each.key: None for each in guests})
        )
        answers = self._calls.each(guests, lambda each: each.domain.suspend())
        self._held |= {
            each.key for each in guests if each.uuid in answers.given
        }
        LOG.info('Paused %s', ', '.join(answers.given) or 'no guest')
        return problems + answers.problems('paused')

    def _resumed_by_others(
        self, guests: Sequence[hypervisor.Guest]
    ) -> list[str]:
        """Count those that were held and run; word what is no accident."""
        now_s, problems = self._clock(), []
        for guest in guests:
            if guest.key not in self._held:
                continue
            count, last_s = self._resumed.get(guest.key, (0, now_s))
            count = count + 1 if now_s - last_s <= _IN_A_ROW_S else 1
            self._resumed[guest.key] = count, now_s
            if count >= _TOO_OFTEN:
                problems.append(
                    f'guest {guest.uuid} was resumed by somebody else '
                    f'{count} times and is paused again each time: find out '
                    'by whom, or lend the host'
                )
        return problems

    def _to_resume(
        self, guests: Sequence[hypervisor.Guest]
    ) -> list[hypervisor.Guest]:
        """Give whom we paused and who shall run: first who is to leave."""
        ours = {key: at for at, key in enumerate(self._record.keys())}
        found = [
            guest
            for guest in guests
            if guest.key in ours and guest.is_held and not self._names(guest)
        ]
        leaving = self._applied.spared
        return sorted(
            found, key=lambda each: (each.uuid not in leaving, ours[each.key])
        )

    def _resume(self, guests: Sequence[hypervisor.Guest]) -> list[str]:
        problems: list[str] = []
        for number, guest in enumerate(guests):
            if self._interrupted.wait(self._stagger_s if number else 0):
                left = len(guests) - number
                text = (
                    f'{left} guests are still paused: something else is wanted'
                )
                return [*problems, text]
            problems += self._resume_one(guest)
        return problems

    def _resume_one(self, guest: hypervisor.Guest) -> list[str]:
        answers = self._calls.each([guest], lambda each: each.domain.resume())
        if answers.failed:
            return answers.problems('resumed')
        self._held.discard(guest.key)
        self._resumed.pop(guest.key, None)
        if guest.uuid in answers.given:
            LOG.info('Resumed %s', guest.uuid)
            self._clocks.set_soon(guest)
        return _problems(lambda: self._record.drop([guest.key]))


def _problems(write: Callable[[], None]) -> list[str]:
    try:
        write()
    except exception.MechanismFailed as error:
        return [str(error)]
    return []
