# SPDX-License-Identifier: Apache-2.0
"""Serve the stand-in's answers over HTTP, each as late as Nova's would be.

Started with PORT NOVA_MS PLACEMENT_MS ACTION_S; runs until it is ended.
"""

import asyncio
import json
import sys

from benchmarks import burst_api, burst_cloud

_HEAD_END = b'\r\n\r\n'


class Server:
    """One port, one thread."""

    def __init__(
        self, port: int, nova_ms: float, placement_ms: float, action_s: float
    ) -> None:
        self._port = port
        self._late_s = {
            'compute': nova_ms / 1000,
            'placement': placement_ms / 1000,
        }
        self._action_s = action_s

    async def run(self) -> None:
        """Serve for ever."""
        loop = asyncio.get_running_loop()
        cloud = burst_cloud.Cloud(loop.call_later, self._action_s)
        self._api = burst_api.Api(cloud, f'http://127.0.0.1:{self._port}')
        server = await asyncio.start_server(
            self._talk, '127.0.0.1', self._port, backlog=4096
        )
        await server.serve_forever()

    async def _talk(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            while True:
                await self._one(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def _one(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        head = (await reader.readuntil(_HEAD_END)).decode('latin-1')
        first, *lines = head.split('\r\n')
        method, target, _ = first.split(' ')
        headers = dict(line.lower().partition(': ')[::2] for line in lines)
        body = await reader.readexactly(int(headers.get('content-length', 0)))
        await asyncio.sleep(self._late_s.get(target.split('/')[1], 0))
        writer.write(_answer(*self._api.answer(method, target, body)))
        await writer.drain()


def _answer(status: int, content: object) -> bytes:
    body = b'' if content is None else json.dumps(content).encode()
    head = (
        f'HTTP/1.1 {status} x\r\n'
        f'Content-Length: {len(body)}\r\n'
        'Content-Type: application/json\r\n'
        f'X-Subject-Token: {burst_api.TOKEN}\r\n'
        'X-OpenStack-Request-Id: req-1\r\n\r\n'
    )
    return head.encode() + body


if __name__ == '__main__':
    port, *numbers = sys.argv[1:]
    asyncio.run(Server(int(port), *map(float, numbers)).run())
