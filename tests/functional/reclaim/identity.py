# SPDX-License-Identifier: Apache-2.0
"""A real keystone in a process of its own, over SQLite and HTTP."""

import base64
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading

import openstack

ROOT = pathlib.Path(__file__).parents[3]
PASSWORD = 'secret'
REGION = 'RegionOne'
_CONF = """
[database]
connection = sqlite:///{folder}/keystone.db
[token]
provider = fernet
[fernet_tokens]
key_repository = {folder}/keys
[fernet_receipts]
key_repository = {folder}/keys
[credential]
key_repository = {folder}/keys
[identity]
password_hash_rounds = 4
"""
_SERVE = """
import os
from keystone.wsgi.api import application
from nova_desktop.reclaim import server
http = server.serve('test', '127.0.0.1', int(os.environ['PORT']), application)
http.serve_forever()
"""


def free_port() -> int:
    """Give a port that nobody listens on."""
    with socket.socket() as found:
        found.bind(('127.0.0.1', 0))
        port: int = found.getsockname()[1]
        return port


class Keystone:
    """Users, projects and a catalog."""

    def __init__(self) -> None:
        self._holder = tempfile.TemporaryDirectory()
        self._folder = pathlib.Path(self._holder.name)
        self._port = free_port()
        self.url = f'http://127.0.0.1:{self._port}/v3'
        self._process = None

    def start(self) -> None:
        """Make the database, and serve it."""
        (self._folder / 'keys').mkdir(mode=0o700)
        for name in ('0', '1'):
            key = base64.urlsafe_b64encode(os.urandom(32))
            (self._folder / 'keys' / name).write_bytes(key)
        text = _CONF.format(folder=self._folder)
        (self._folder / 'keystone.conf').write_text(text)
        self._manage('db_sync')
        self._manage(
            'bootstrap',
            *('--bootstrap-password', PASSWORD),
            *('--bootstrap-public-url', self.url),
            *('--bootstrap-internal-url', self.url),
            *('--bootstrap-region-id', REGION),
        )
        self.serve()

    def serve(self) -> None:
        """Serve it, over HTTP."""
        environment = {
            **os.environ,
            'OS_KEYSTONE_CONFIG_DIR': str(self._folder),
            'PORT': str(self._port),
            'PYTHONPATH': str(ROOT),
        }
        with (self._folder / 'log').open('a') as log:
            self._process = subprocess.Popen(
                [sys.executable, '-c', _SERVE],
                env=environment,
                stdout=log,
                stderr=log,
            )
        self._wait()

    def end(self) -> None:
        """Serve it no longer."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()

    def stop(self) -> None:
        """End it and forget all."""
        self.end()
        self._holder.cleanup()

    def _manage(self, *words: str) -> None:
        config = ('--config-file', str(self._folder / 'keystone.conf'))
        command = (sys.executable, '-c')
        code = 'import sys; from keystone.cmd.manage import main; main()'
        done = subprocess.run(
            [*command, code, *config, *words], capture_output=True, text=True
        )
        if done.returncode:
            raise AssertionError(f'{words}: {done.stderr}')

    def _wait(self) -> None:
        pause = threading.Event()
        for _ in range(600):
            with socket.socket() as client:
                if client.connect_ex(('127.0.0.1', self._port)) == 0:
                    return
            if self._process.poll() is not None:
                break
            pause.wait(0.1)
        raise AssertionError((self._folder / 'log').read_text())

    def credentials(self, user: str, project: str) -> dict[str, str]:
        """Give what a user logs in with."""
        return {
            'auth_url': self.url,
            'username': user,
            'password': PASSWORD,
            'project_name': project,
            'user_domain_id': 'default',
            'project_domain_id': 'default',
        }

    def connect(self, user: str = 'admin', project: str = 'admin'):
        """Connect as a user."""
        return openstack.connection.Connection(
            auth=self.credentials(user, project), region_name=REGION
        )

    def user(self, name: str, project: str, role: str) -> tuple[str, str]:
        """Make a user with a role in a project; give both ids."""
        identity = self.connect().identity
        where = identity.find_project(project) or identity.create_project(
            name=project, domain_id='default'
        )
        who = identity.find_user(name) or identity.create_user(
            name=name, password=PASSWORD, domain_id='default'
        )
        identity.assign_project_role_to_user(
            where, who, identity.find_role(role)
        )
        return who.id, where.id

    def endpoint(self, kind: str, url: str | None) -> None:
        """Have a service at that place only, or nowhere."""
        identity = self.connect().identity
        for service in identity.services(type=kind):
            identity.delete_service(service)
        if url is None:
            return
        service = identity.create_service(name=kind, type=kind)
        for interface in ('public', 'internal'):
            identity.create_endpoint(
                service_id=service.id,
                interface=interface,
                url=url,
                region_id=REGION,
            )
