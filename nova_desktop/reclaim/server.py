# SPDX-License-Identifier: Apache-2.0
"""Serve a WSGI application over HTTP, within bounds."""

import json
import socketserver
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from wsgiref import simple_server

from oslo_log import log

from nova_desktop import exception

LOG = log.getLogger(__name__)

_SOCKET_TIMEOUT_S = 5
_MAX_REQUESTS = 64

StartResponse = Callable[[str, list[tuple[str, str]]], Any]
Application = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]


def reply(
    start_response: StartResponse,
    status: str,
    body: Mapping[str, Any],
    headers: Sequence[tuple[str, str]] = (),
) -> list[bytes]:
    """Begin a response and give its body, as JSON."""
    data = json.dumps(body).encode()
    start_response(
        status,
        [
            ('Content-Type', 'application/json'),
            ('Content-Length', str(len(data))),
            *headers,
        ],
    )
    return [data]


class _Handler(simple_server.WSGIRequestHandler):
    timeout = _SOCKET_TIMEOUT_S

    def address_string(self) -> str:
        """Give the peer without asking the DNS."""
        return str(self.client_address[0])

    def log_message(self, format: str, *args: Any) -> None:
        """Log to where the service logs."""
        LOG.debug('HTTP: ' + format, *args)


class Server(socketserver.ThreadingMixIn, simple_server.WSGIServer):
    """One thread for each request, and a bounded number of them."""

    daemon_threads = True
    # The machine's name is not needed, and finding it can take seconds.
    server_name = 'nova-desktop-reclaim'

    def __init__(self, address: tuple[str, int]) -> None:
        super().__init__(address, _Handler)
        self._free = threading.BoundedSemaphore(_MAX_REQUESTS)

    def server_bind(self) -> None:
        """Bind without looking up names."""
        socketserver.TCPServer.server_bind(self)
        self.server_port = self.server_address[1]
        self.setup_environ()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Begin a thread; hang up when there are too many."""
        if not self._free.acquire(blocking=False):
            LOG.warning('%d requests at a time are enough', _MAX_REQUESTS)
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except RuntimeError:
            self._free.release()
            raise

    def process_request_thread(
        self, request: Any, client_address: Any
    ) -> None:
        """Answer a request in its thread."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()


def serve(
    options: str, listen: str, port: int, application: Application
) -> Server:
    """Listen; the caller runs ``serve_forever`` and ``shutdown``.

    Raises BadValue, naming the ``options``, when the port cannot be had.
    """
    try:
        server = Server((listen, port))
    except OSError as error:
        raise exception.BadValue(
            f'[reclaim] {options}_listen and {options}_port',
            f'{listen}:{port}',
            f'must be free to listen on: {error.strerror}',
        ) from error
    server.set_app(application)
    return server
