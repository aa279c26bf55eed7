# SPDX-License-Identifier: Apache-2.0
"""What stands in for a workstation's agent, and for the guests it holds."""

import threading
from collections.abc import Callable

from nova_desktop import model

OWNERS_OWN = 'a key was pressed'
"""What the agent says of the owner, and no tenant may read."""

LENT = model.Cap(cpus=6.0, memory_mib=8192, admit=True)


def status(
    cap: model.Cap = LENT,
    presence: model.Presence = model.Presence.AWAY,
    reclaim_due: bool = False,
    forecast: dict[int, float] | None = None,
    departing: str = '',
    fenced: tuple[str, ...] = (),
) -> model.Status:
    """Give what an agent says."""
    return model.Status(
        sequence=1,
        presence=presence,
        demand=False,
        source='test',
        reason=OWNERS_OWN,
        cap=cap,
        reclaim_due=reclaim_due,
        forecast=forecast or {},
        departing=departing,
        fenced=fenced,
    )


AWAY = status()
AT_WORK = status(model.NOTHING, model.Presence.ACTIVE)
RECLAIMING = status(model.NOTHING, model.Presence.ACTIVE, reclaim_due=True)


class FakeWatcher:
    """Stand in for the agent's watcher, on a native thread like it."""

    first: model.Status | None = AWAY

    def __init__(self, on_status, ping_s, **_kwargs) -> None:
        self._on_status = on_status
        self.left: list[str] = []
        self.done: list[str] = []
        self.hears: list[tuple[str, int]] = []
        self.stopped = False
        self.unfenced: list[str] = []
        self.fences_in: list[int] = []
        self.resume: Callable[[str], None] = lambda server_id: None

    def start(self) -> None:
        self.say(self.first)

    def stop(self) -> None:
        self.stopped = True

    def say(self, said: model.Status | None) -> None:
        thread = threading.Thread(target=self._on_status, args=(said,))
        thread.start()
        thread.join()

    def leave(self, server_id: str, seconds: int, timeout_s: float) -> bool:
        self.left.append(server_id)
        self.resume(server_id)
        return True

    def leave_done(self, server_id: str) -> None:
        self.done.append(server_id)

    def hear(self, server_id: str, seconds: int, timeout_s: float) -> bool:
        self.hears.append((server_id, seconds))
        self.resume(server_id)
        return True

    def unfence(self, server_id: str, timeout_s: float) -> bool:
        self.unfenced.append(server_id)
        self.resume(server_id)
        return True

    def fence_in(self, seconds: int, timeout_s: float) -> bool:
        self.fences_in.append(seconds)
        return True
