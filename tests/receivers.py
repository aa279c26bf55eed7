# SPDX-License-Identifier: Apache-2.0
"""Real receivers of notices: an HTTP server and a mail server."""

import contextlib
import http.server
import pathlib
import socket
import socketserver
import ssl
import subprocess
import threading


def certificate(folder: pathlib.Path) -> pathlib.Path:
    """Make a certificate for 127.0.0.1 with its key, in one file."""
    made = folder / 'localhost.pem'
    subprocess.run(
        [
            *('openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes'),
            *('-days', '2', '-subj', '/CN=127.0.0.1'),
            *('-addext', 'subjectAltName=IP:127.0.0.1'),
            *('-keyout', folder / 'key', '-out', folder / 'certificate'),
        ],
        check=True,
        capture_output=True,
    )
    parts = (folder / name for name in ('key', 'certificate'))
    made.write_text(''.join(part.read_text() for part in parts))
    return made


def context_of(path: pathlib.Path) -> ssl.SSLContext:
    """Give the TLS context of a server with that certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


def run(server, test) -> None:
    """Serve until a test has ended."""
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    test.addCleanup(thread.join)
    test.addCleanup(server.server_close)
    test.addCleanup(server.shutdown)


class _Receiver:
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request, client_address) -> None:
        """Say nothing of clients that hang up."""

    def until(self, find, patience_s=20.0):
        """Wait until a look at what came finds something; None: it did not."""
        with self.news:
            return self.news.wait_for(find, patience_s) or None


class Http(_Receiver, http.server.ThreadingHTTPServer):
    """Keeps what is posted; answers each with the next of ``answers``."""

    def __init__(self, answers=(200,), tls=None, port=0) -> None:
        super().__init__(('127.0.0.1', port), _HttpHandler)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_side=True)
        self.answers = list(answers)
        self.got: list[tuple] = []
        self.news = threading.Condition()

    @property
    def port(self) -> int:
        return self.server_address[1]

    def wait(self, count: int) -> list[tuple]:
        """Wait for so many posts."""
        if not self.until(lambda: len(self.got) >= count):
            raise AssertionError(f'{count} expected: {self.got}')
        return self.got


class _HttpHandler(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        data = self.rfile.read(int(self.headers['Content-Length']))
        server = self.server
        with server.news:
            index = min(len(server.got), len(server.answers) - 1)
            server.got.append((self.path, self.headers, data))
            server.news.notify_all()
        status = server.answers[index]
        if status == 'hangs':
            with contextlib.suppress(OSError):
                self.connection.recv(1)
            return
        self.send_response(status)
        if 300 <= status < 400:
            self.send_header('Location', f'http://127.0.0.1:{server.port}/x')
        if status == 200:
            # A body that has no end.
            self.send_header('Content-Length', str(10**12))
        self.end_headers()

    def log_message(self, *args) -> None:
        """Say nothing."""


class Smtp(_Receiver, socketserver.ThreadingTCPServer):
    """A small mail server; ``answers`` has those that are not the usual."""

    allow_reuse_address = True

    def __init__(self, tls=None, port=0, **answers) -> None:
        super().__init__(('127.0.0.1', port), _SmtpHandler)
        self.tls = tls
        self.answers = answers
        self.mails: list[tuple[list[str], bytes]] = []
        self.news = threading.Condition()
        self.logins: list[str] = []
        self.connections = 0

    @property
    def port(self) -> int:
        return self.server_address[1]


class _SmtpHandler(socketserver.StreamRequestHandler):
    def say(self, text: str) -> None:
        self.wfile.write(f'{text}\r\n'.encode())
        self.wfile.flush()

    def handle(self) -> None:
        self.server.connections += 1
        self.secure, self.words = False, []
        self.say('220 here')
        while line := self.rfile.readline().decode().strip():
            verb = line.split()[0].upper()
            self.words.append(line)
            special = self.server.answers.get(verb)
            if special:
                self.say(special)
                continue
            getattr(self, f'do_{verb.lower()}', self.do_other)(line)
            if verb == 'QUIT':
                return

    def do_ehlo(self, line: str) -> None:
        offers = ['250-here']
        if self.server.tls and not self.secure:
            offers.append('250-STARTTLS')
        self.wfile.write('\r\n'.join([*offers, '250 AUTH PLAIN\r\n']).encode())
        self.wfile.flush()

    def do_starttls(self, line: str) -> None:
        self.say('220 go')
        self.connection = self.server.tls.wrap_socket(
            self.connection, server_side=True
        )
        self.rfile = self.connection.makefile('rb')
        self.wfile = self.connection.makefile('wb')
        self.secure = True

    def do_auth(self, line: str) -> None:
        self.server.logins.append(line)
        self.say('235 welcome')

    def do_data(self, line: str) -> None:
        self.say('354 go')
        lines = []
        while (line := self.rfile.readline()) != b'.\r\n':
            lines.append(line)
        to = [x for x in self.words if x.upper().startswith('RCPT')]
        with self.server.news:
            self.server.mails.append((to, b''.join(lines)))
            self.server.news.notify_all()
        self.say('250 taken')

    def do_quit(self, line: str) -> None:
        self.say('221 bye')

    def do_other(self, line: str) -> None:
        self.say('250 fine')


class Nobody:
    """A port at which nothing listens."""

    def __init__(self) -> None:
        with socket.socket() as found:
            found.bind(('127.0.0.1', 0))
            self.port: int = found.getsockname()[1]
