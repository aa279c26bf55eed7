# SPDX-License-Identifier: Apache-2.0
"""What an agent may say, for the tests of this room."""

from nova_desktop import model

LENT = model.Cap(cpus=2.5, memory_mib=1024, admit=True)


def status(
    cap: model.Cap = LENT,
    presence: model.Presence = model.Presence.AWAY,
    reclaim_due: bool = False,
    forecast: dict[int, float] | None = None,
    reason: str = 'nobody is here',
    departing: str = '',
    fenced: tuple[str, ...] = (),
) -> model.Status:
    """Give what an agent says."""
    return model.Status(
        sequence=1,
        presence=presence,
        demand=False,
        source='test',
        reason=reason,
        cap=cap,
        reclaim_due=reclaim_due,
        forecast=forecast or {},
        departing=departing,
        fenced=fenced,
    )


class FakeLink:
    """Stand in for the link to the agent."""

    def __init__(self, said: model.Status | None, grants: bool = True) -> None:
        self.status = said
        self.calls: list[tuple] = []
        self._grants = grants

    @property
    def cap(self) -> model.Cap:
        """Give the cap in force."""
        return model.NOTHING if self.status is None else self.status.cap

    def leave(self, server_id: str, seconds: int, timeout_s: float) -> bool:
        self.calls.append(('leave', server_id, seconds))
        return self._grants

    def leave_done(self, server_id: str) -> None:
        self.calls.append(('done', server_id))

    def hear(self, server_id: str, seconds: int, timeout_s: float) -> bool:
        self.calls.append(('hear', server_id, seconds))
        return self._grants

    def unfence(self, server_id: str) -> bool:
        self.calls.append(('unfence', server_id))
        return self._grants

    def fence_in(self, seconds: int) -> bool:
        self.calls.append(('fence_in', seconds))
        return self._grants
