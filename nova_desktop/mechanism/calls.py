# SPDX-License-Identifier: Apache-2.0
"""The same call about each of many guests, and no waiting for ever.

libvirt's daemon waits without end for a QEMU that hangs, and so does whoever
called. Here the caller goes on, and the guest is named.
"""

import collections
import dataclasses
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from oslo_log import log as logging

from nova_desktop import exception
from nova_desktop.mechanism import hypervisor, libvirt_link

LOG = logging.getLogger(__name__)

libvirt = libvirt_link.libvirt

AnswerT = TypeVar('AnswerT')

_LATE = 'libvirt has not answered for it in time'


@dataclasses.dataclass(slots=True)
class Answers(Generic[AnswerT]):
    """What became of each guest by its UUID; of one that ended, nothing."""

    given: dict[str, AnswerT] = dataclasses.field(default_factory=dict)
    failed: dict[str, str] = dataclasses.field(default_factory=dict)

    def problems(self, what: str) -> list[str]:
        """Word the failures."""
        return [
            f'guest {uuid} was not {what}: {why}'
            for uuid, why in self.failed.items()
        ]


class _Batch(Generic[AnswerT]):
    """The guests of one ``each``, shared by its workers."""

    def __init__(
        self,
        guests: Sequence[hypervisor.Guest],
        call: Callable[[hypervisor.Guest], AnswerT],
    ) -> None:
        self.todo = collections.deque(guests)
        self.call = call
        self.answers: Answers[AnswerT] = Answers()
        self.left = {guest.uuid for guest in guests}
        self.news = threading.Condition()

    def wait(self, within_s: float) -> Answers[AnswerT]:
        """Give the answers; no guest is begun after that."""
        end_s = time.monotonic() + within_s
        with self.news:
            while self.left and (rest_s := end_s - time.monotonic()) > 0:
                self.news.wait(rest_s)
            self.todo.clear()
            late = dict.fromkeys(self.left, _LATE)
            return Answers(
                dict(self.answers.given), self.answers.failed | late
            )


class Calls:
    """Calls about guests, ``workers`` of them at a time.

    ``each`` takes ``within_s`` seconds at most. A guest about which a call
    is still pending then gets no other until that has ended.
    """

    def __init__(self, workers: int = 1, within_s: float = 10.0) -> None:
        self._workers = workers
        self._within_s = within_s
        self._pending: set[str] = set()

    def each(
        self,
        guests: Sequence[hypervisor.Guest],
        call: Callable[[hypervisor.Guest], AnswerT],
    ) -> Answers[AnswerT]:
        """Call for each guest; what fails is told, not raised."""
        pending = set(self._pending)
        batch = _Batch([g for g in guests if g.uuid not in pending], call)
        for _ in range(min(self._workers, len(batch.left))):
            threading.Thread(
                target=self._work, args=(batch,), daemon=True
            ).start()
        answers = batch.wait(self._within_s)
        for guest in guests:
            if guest.uuid in pending:
                answers.failed[guest.uuid] = _LATE
        return answers

    def _work(self, batch: _Batch[Any]) -> None:
        while True:
            with batch.news:
                if not batch.todo:
                    return
                guest = batch.todo.popleft()
                self._pending.add(guest.uuid)
            answer, error = self._one(batch, guest)
            with batch.news:
                self._pending.discard(guest.uuid)
                batch.left.discard(guest.uuid)
                if error:
                    batch.answers.failed[guest.uuid] = error
                elif answer:
                    batch.answers.given[guest.uuid] = answer[0]
                batch.news.notify()

    def _one(
        self, batch: _Batch[AnswerT], guest: hypervisor.Guest
    ) -> tuple[tuple[AnswerT, ...], str]:
        try:
            return (batch.call(guest),), ''
        except exception.DesktopError as error:
            return (), str(error)
        except libvirt.libvirtError as error:
            return (), '' if hypervisor.has_ended(error) else str(error)
        except Exception as error:
            LOG.exception('The call about guest %s is lost', guest.uuid)
            return (), repr(error)
