# SPDX-License-Identifier: Apache-2.0
"""Make a server leave: the first of its flavor's actions that works."""

import dataclasses
import math
import threading

from oslo_log import log

from nova_desktop import messages, model
from nova_desktop.reclaim import nouns, progress
from nova_desktop.reclaim.attempt import Attempt, following, was_let_down
from nova_desktop.reclaim.journal import Journal
from nova_desktop.reclaim.progress import Progress

LOG = log.getLogger(__name__)

_STARTS = 3
_ABORT_S = 60.0
# Nova lets a server go a moment before it notes why it could not do it.
_REASON_LOOKS = 3


class Leaving:
    """Start actions on servers and watch what becomes of them."""

    def __init__(
        self,
        cloud: nouns.Cloud,
        journal: Journal,
        settings: nouns.Settings,
        clock: nouns.Clock,
        stop: threading.Event,
    ) -> None:
        self._cloud = cloud
        self._journal = journal
        self._settings = settings
        self._clock = clock
        self._stop = stop

    def leave(
        self, server: nouns.Server, due_unix_s: float = math.inf
    ) -> list[Attempt]:
        """Try the actions in order; the last attempt tells how it ended.

        ``server`` is as Nova shows it now. A task that runs on it already,
        ours from before a restart or its tenant's, is waited for first.
        """
        attempts: list[Attempt] = []
        now: nouns.Server | None = server
        if server.task_state is not None:
            now = self._settle(server, self._settings.shelve_timeout_s)
        now = self._without_resize(now, server.host)
        if progress.has_left(now, server.host):
            return [Attempt('', True, 'left by a task that ran already', 0)]
        while now is not None and not self._stop.is_set():
            action = self._next(now, attempts, due_unix_s)
            if action is None:
                break
            self._note(messages.What.TRIES, server, f'by {action}')
            attempts.append(self._attempt(action, now))
            if attempts[-1].left or self._stop.is_set():
                return attempts
            self._fell_through(server, attempts[-1])
            now = self._look(now)
            if progress.has_left(now, server.host):
                return [*attempts, Attempt('', True, 'left after all', 0)]
        return attempts

    def by(self, action: model.ReclaimAction, server: nouns.Server) -> Attempt:
        """Do one action, whatever the flavor lists."""
        now = self._without_resize(server, server.host)
        if now is None:
            return Attempt('', True, 'it is gone', 0)
        self._note(messages.What.TRIES, server, f'by {action}')
        return self._attempt(action, now)

    def _without_resize(
        self, server: nouns.Server | None, host: str
    ) -> nouns.Server | None:
        """Confirm a resize that ended on the host: Nova moves none before."""
        now = server
        if now is None or (now.host, now.vm_state) != (host, 'resized'):
            return now
        LOG.info('server %s: its resize is confirmed, to move it', now.id)
        end = self._clock.steady() + self._settings.confirm_timeout_s
        if self._nudge(Progress.CONFIRM, now.id):
            while now is not None and now.vm_state == 'resized':
                if self._clock.steady() >= end or self._stop.is_set():
                    break
                self._clock.wait(self._stop, self._settings.poll_s)
                now = self._look(now)
        return now

    def _fell_through(self, server: nouns.Server, attempt: Attempt) -> None:
        LOG.warning(
            'server %s did not leave %s by %s: %s',
            server.id,
            server.host,
            attempt.action,
            attempt.reason,
        )
        self._note(
            messages.What.FELL_THROUGH,
            server,
            f'{attempt.action} did not work',
            attempt.reason,
        )

    def _note(
        self,
        what: messages.What,
        server: nouns.Server,
        text: str,
        detail: str = '',
    ) -> None:
        self._journal.note(what, server.id, text, server.host, detail)

    def _next(
        self, server: nouns.Server, attempts: list[Attempt], due_unix_s: float
    ) -> model.ReclaimAction | None:
        """Choose what to try, and tell what is passed over for the time."""
        now = self._clock.unix()
        left_s = due_unix_s - now
        chosen = following(server, attempts, left_s, now, self._settings)
        for action, takes_s in chosen.passed:
            self._note(
                messages.What.PASSED_OVER,
                server,
                f'{action} for {chosen.action}: it would take about '
                f'{takes_s:.0f} s, and {max(0.0, left_s):.0f} s are left',
            )
        return chosen.action

    def _look(self, last: nouns.Server) -> nouns.Server | None:
        """Read a server; while the cloud is silent it is as it last was."""
        try:
            return self._cloud.server(last.id)
        except nouns.CloudError as error:
            LOG.warning('server %s cannot be read: %s', last.id, error)
            return last

    def _settle(
        self, server: nouns.Server, timeout_s: float
    ) -> nouns.Server | None:
        """Wait until Nova does nothing with a server."""
        end = self._clock.steady() + timeout_s
        now = self._look(server)
        while now is not None and now.task_state is not None:
            if self._clock.steady() >= end or self._stop.is_set():
                break
            self._clock.wait(self._stop, self._settings.poll_s)
            now = self._look(now)
        return now

    def _timeout_s(self, action: model.ReclaimAction) -> float:
        name = action.value.replace('-', '_') + '_timeout_s'
        return float(getattr(self._settings, name))

    def _attempt(
        self, action: model.ReclaimAction, server: nouns.Server
    ) -> Attempt:
        begun = self._clock.steady()
        end = begun + self._timeout_s(action)
        reason, request_id, unheard = self._start(action, server, end)
        state, let_down = Progress.FAILED, False
        if not reason:
            state = self._watch(action, server, end)
        if state is Progress.WORKING and not self._stop.is_set():
            reason = f'not done in {self._timeout_s(action):g} s'
            state = self._give_up(action, server)
        elif state is Progress.FAILED and not reason:
            reason = self._why(server.id, request_id)
            let_down = was_let_down(action, reason)
        return Attempt(
            action=action.value,
            left=state is Progress.LEFT,
            reason=reason,
            took_s=self._clock.steady() - begun,
            unheard=unheard,
            let_down=let_down,
        )

    def _start(
        self, action: model.ReclaimAction, server: nouns.Server, end: float
    ) -> tuple[str, str, bool]:
        """Ask Nova for an action; give why not, the request, if unheard.

        A lost answer, or a conflict with a task that runs, is settled by
        looking: what has begun is watched, what has not is asked for again.
        """
        why, unheard = '', False
        for _ in range(_STARTS):
            try:
                return '', self._cloud.act(action, server.id), False
            except nouns.CloudRefused as error:
                return str(error), '', False
            except nouns.CloudError as error:
                why = str(error)
                unheard = isinstance(error, nouns.CloudUnreachable)
            self._clock.wait(self._stop, self._settings.poll_s)
            now = self._look(server)
            if now is not None and now.task_state is not None:
                now = self._settle(now, end - self._clock.steady())
            if progress.has_left(now, server.host) or self._stop.is_set():
                return '', '', False
            if now is not None and now.vm_state != server.vm_state:
                return f'{why}; the server is {now.vm_state} now', '', False
        return why, '', unheard

    def _watch(
        self, action: model.ReclaimAction, server: nouns.Server, end: float
    ) -> Progress:
        """Look until the action has worked or failed, or its time is over."""
        nudged: set[Progress] = set()
        while True:
            now = self._look_or_working(server)
            confirm = self._settings.confirm_cold_migration
            state = progress.of(action, now, server.host, confirm)
            if state in (Progress.LEFT, Progress.FAILED):
                return state
            due = state is not Progress.WORKING and state not in nudged
            if due and self._nudge(state, server.id):
                nudged.add(state)
            if self._clock.steady() >= end or self._stop.is_set():
                return Progress.WORKING
            self._clock.wait(self._stop, self._settings.poll_s)

    def _look_or_working(self, server: nouns.Server) -> nouns.Server | None:
        """Read a server; while the cloud is silent Nova may still work."""
        working = dataclasses.replace(server, task_state='unknown')
        return self._look(working)

    def _nudge(self, state: Progress, server_id: str) -> bool:
        try:
            self._cloud.nudge(state.value, server_id)
        except nouns.CloudError as error:
            LOG.warning('%s of server %s: %s', state.value, server_id, error)
            return False
        return True

    def _give_up(
        self, action: model.ReclaimAction, server: nouns.Server
    ) -> Progress:
        """Abort what took too long, where Nova can, and see where it ended."""
        if action is model.ReclaimAction.LIVE_MIGRATE:
            try:
                self._cloud.abort_live_migration(server.id)
            except nouns.CloudError as error:
                LOG.warning(
                    'live migration of server %s goes on: %s', server.id, error
                )
        now = self._settle(server, _ABORT_S)
        left = progress.has_left(now, server.host)
        return Progress.LEFT if left else Progress.FAILED

    def _why(self, server_id: str, request_id: str) -> str:
        unknown = 'Nova gave up and the server is still there'
        for _ in range(_REASON_LOOKS):
            try:
                found = self._cloud.failure(server_id, request_id)
            except nouns.CloudError as error:
                return f'{unknown}; the reason cannot be read: {error}'
            if found or not request_id:
                return found or unknown
            self._clock.wait(self._stop, self._settings.poll_s)
        return unknown
