# SPDX-License-Identifier: Apache-2.0
"""A Placement of the benchmark's own, with its workers and its database."""

import contextlib
import getpass
import socket
import urllib.request

from benchmarks import daemons, workstation
from sandbox import layout, programs, progress, schema

_CONF = """
[DEFAULT]
log_file = {folder}/placement.log
[placement_database]
connection = {database}
[api]
auth_strategy = noauth2
"""


class Service:
    """Placement under uwsgi over MariaDB; both are gone on leaving."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._stack = contextlib.ExitStack()
        self.pids: dict[str, list[int]] = {}

    def __enter__(self) -> 'Service':
        with contextlib.ExitStack() as made:
            try:
                self._make(made)
            except progress.StepFailed as problem:
                said = '\n'.join(progress.tail(problem.log or layout.LOG))
                raise workstation.Unready(f'{problem}\n{said}') from None
            self._stack = made.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _make(self, stack: contextlib.ExitStack) -> None:
        daemons.require('mariadbd', 'mariadb', 'mariadb-install-db')
        started = daemons.Daemons(stack)
        self.database = self._start_database(started)
        self.url = self._start_api(started)

    def _start_database(self, started: daemons.Daemons) -> str:
        """Start MariaDB, which keeps each commit on the disk; give its URL."""
        data, name = started.folder / 'mysql', started.folder / 'socket'
        user, log = getpass.getuser(), started.log('mysql')
        # Nobody else gets into the folder, so that root needs no password.
        schema.install_mysql(data, user, 'normal', log)
        command = [*programs.mariadb_command(data, name), f'--user={user}']
        pid = started.start(
            'mariadb', command, lambda: schema.mysql_answers(name)
        )
        self.pids['database'] = [pid]
        create = 'CREATE DATABASE placement CHARACTER SET utf8mb3'
        progress.run(['mariadb', f'--socket={name}', '-e', create], log)
        return f'mysql+pymysql://root@localhost/placement?unix_socket={name}'

    def _start_api(self, started: daemons.Daemons) -> str:
        """Start the workers; give their URL."""
        folder = started.folder
        conf = folder / 'placement.conf'
        conf.write_text(_CONF.format(folder=folder, database=self.database))
        manage = (layout.BIN / 'placement-manage', '--config-file', conf)
        log = started.log('sync')
        progress.run([*manage, 'db', 'sync'], log, started.env)
        port = _free_port()
        url = f'http://127.0.0.1:{port}'
        module = 'placement.wsgi.api:application'
        command = programs.wsgi_command(module, port, self._workers)
        pid = started.start(
            'uwsgi',
            [*command, '--no-orphans'],
            lambda: _answers(url),
            {'OS_PLACEMENT_CONFIG_DIR': str(folder)},
        )
        self.pids['placement'] = [pid, *daemons.children(pid)]
        return url


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=5).close()  # noqa: S310
    except OSError:
        return False
    return True


def _free_port() -> int:
    with socket.create_server(('127.0.0.1', 0)) as taken:
        port: int = taken.getsockname()[1]
    return port
