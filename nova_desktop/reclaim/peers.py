# SPDX-License-Identifier: Apache-2.0
"""The other workers: known once heard of, and asked all at a time.

A fanout gives no answers, so each is told who asks and tells that one.
"""

import threading
import uuid
from collections.abc import Callable

from nova_desktop import messages
from nova_desktop.reclaim import nouns

_ANSWER_S = 2.0
_FORGET_S = 86400.0
_MOST = 100

Ask = Callable[[messages.WorkersAsked], object]
Tell = Callable[[str, messages.WorkerTold], object]


class Peers:
    """Ask them, and answer to them; safe to use from any thread."""

    def __init__(
        self,
        name: str,
        own: Callable[[str], messages.WorkerTold],
        ask: Ask,
        tell: Tell,
        clock: nouns.Clock,
        stop: threading.Event,
    ) -> None:
        self._name = name
        self._own = own
        self._ask = ask
        self._tell = tell
        self._clock = clock
        self._stop = stop
        self._lock = threading.Lock()
        self._heard: dict[str, float] = {}
        self._asked: dict[str, dict[str, messages.WorkerTold]] = {}

    def heard(self, worker: str) -> None:
        """Note a sign of life; the least lately heard are forgotten."""
        if worker == self._name:
            return
        with self._lock:
            self._heard.pop(worker, None)
            self._heard[worker] = self._clock.unix()
            while len(self._heard) > _MOST:
                del self._heard[next(iter(self._heard))]

    def asked(self, message: messages.WorkersAsked) -> None:
        """Tell another worker what this one has under way."""
        self.heard(message.worker)
        if message.worker != self._name:
            self._tell(message.worker, self._own(message.question))

    def told(self, message: messages.WorkerTold) -> None:
        """Take an answer, of a question that is still open."""
        self.heard(message.worker)
        with self._lock:
            answers = self._asked.get(message.question, {})
            if message.worker in answers or len(answers) < _MOST:
                answers[message.worker] = message

    def ask(self) -> tuple[list[messages.WorkerTold], dict[str, float]]:
        """Give what each tells, and when those were heard that do not."""
        question = str(uuid.uuid4())
        answers = {self._name: self._own(question)}
        with self._lock:
            self._asked[question] = answers
        self._ask(messages.WorkersAsked(self._name, question))
        self._clock.wait(self._stop, _ANSWER_S)
        oldest = self._clock.unix() - _FORGET_S
        with self._lock:
            del self._asked[question]
            silent = {
                name: heard
                for name, heard in self._heard.items()
                if name not in answers and heard > oldest
            }
        return sorted(answers.values(), key=lambda each: each.worker), silent
