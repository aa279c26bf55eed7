# SPDX-License-Identifier: Apache-2.0
"""Ask the agent, from asyncio."""

from nova_desktop import exception, model
from nova_desktop.client import connection, decode


class AgentClient:
    """Ask the agent, from asyncio."""

    def __init__(self, timeout_s: float = 5.0) -> None:
        self._connection = connection.Connection(timeout_s)

    async def connect(self) -> None:
        """Connect; raise BusUnavailable or AgentSilent."""
        await self._connection.open()
        try:
            await self._connection.owner()
        except exception.AgentSilent:
            await self.close()
            raise

    async def status(self) -> model.Status:
        """Give the agent's status at one moment; raise AgentSilent."""
        return decode.status(await self._connection.properties())

    async def status_and_say(self) -> tuple[model.Status, model.Say]:
        """Give the status, and what the owner said, at one moment."""
        properties = await self._connection.properties()
        return decode.status(properties), decode.say(properties)

    async def pause(self, until_unix: int | None) -> None:
        """Have nothing lent until then, or until resumed.

        This and the next three raise DesktopError if the caller may not, or
        if a value is not allowed.
        """
        await self._connection.ask('Pause', 't', until_unix or 0)

    async def resume(self) -> None:
        """End a pause or a lending."""
        await self._connection.ask('Resume', '')

    async def lend(self, until_unix: int | None) -> None:
        """Have it lent as if the owner were away."""
        await self._connection.ask('Lend', 't', until_unix or 0)

    async def limit(self, cpu: float | None, memory: float | None) -> None:
        """Have at most these parts (0 to 1) lent; None is no bound."""
        parts = [-1.0 if part is None else part for part in (cpu, memory)]
        await self._connection.ask('SetCap', 'dd', *parts)

    async def explain(self, count: int) -> list[model.Change]:
        """Give the last ``count`` changes, the newest last."""
        (changes,) = await self._connection.ask('Explain', 'u', count)
        return [model.Change(*change) for change in changes]

    async def leave(self, server_id: str, seconds: int) -> None:
        """Have the guests' leaving share granted for ``seconds``."""
        await self._connection.ask('Leave', 'su', server_id, seconds)

    async def leave_done(self, server_id: str) -> None:
        """Say that the guest has left."""
        await self._connection.ask('LeaveDone', 's', server_id)

    async def fence(self, reason: str) -> None:
        """Have every guest paused until it is confirmed; root only."""
        await self._connection.ask('Fence', 's', reason)

    async def unfence(self, server_id: str) -> None:
        """Say that the guest belongs here; root only."""
        await self._connection.ask('Unfence', 's', server_id)

    async def close(self) -> None:
        """Disconnect."""
        await self._connection.close()
