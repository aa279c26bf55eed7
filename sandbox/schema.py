# SPDX-License-Identifier: Apache-2.0
"""Make the databases: MariaDB where services write at the same time.

Keystone lies in SQLite. The others do not: two deletes or six creates at
once give "database is locked" in Nova, and Neutron cannot migrate SQLite.
"""

import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sandbox import config, layout, progress

DATABASES = (
    'glance',
    'placement',
    'nova_api',
    'nova',
    'nova_cell0',
    'neutron',
)
STAMP = layout.STATE / 'schema-made'


def make_mysql_folder() -> None:
    """Make MariaDB's data folder once."""
    folder = layout.STATE / 'mysql'
    if (folder / 'mysql').exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    shutil.chown(folder, 'mysql', 'mysql')
    log = layout.LOG / 'mariadb-install.log'
    install_mysql(folder, 'mysql', 'socket', log)


def install_mysql(
    folder: Path, user: str, authentication: str, log: Path
) -> None:
    """Fill a data folder for a MariaDB that runs as a user."""
    progress.run(
        [
            'mariadb-install-db',
            f'--user={user}',
            f'--datadir={folder}',
            f'--auth-root-authentication-method={authentication}',
            '--skip-test-db',
        ],
        log,
    )


def mysql_answers(socket: Path = layout.MYSQL_SOCKET) -> bool:
    """Say whether MariaDB takes connections."""
    done = subprocess.run(
        ['mariadb-admin', f'--socket={socket}', 'ping'],
        capture_output=True,
        check=False,
    )
    return done.returncode == 0


def _run(log: str, *command: str | Path) -> None:
    env = {**os.environ, 'PYTHONPATH': '', 'PYTHONWARNINGS': 'ignore'}
    progress.run(command, layout.LOG / f'schema-{log}.log', env)


def _keystone() -> None:
    manage = (
        layout.BIN / 'keystone-manage',
        '--config-file',
        layout.ETC / 'keystone' / 'keystone.conf',
    )
    _run('keystone', *manage, 'db_sync')
    for name in ('fernet', 'credential'):
        keys = layout.ETC / 'keystone' / f'{name}-keys'
        keys.mkdir(mode=0o700, parents=True, exist_ok=True)
        _run(
            'keystone',
            *manage,
            f'{name}_setup',
            '--keystone-user',
            'root',
            '--keystone-group',
            'root',
        )
    url = layout.url('keystone', '/v3/')
    _run(
        'keystone',
        *manage,
        'bootstrap',
        '--bootstrap-password',
        config.passwords()['admin'],
        '--bootstrap-admin-url',
        url,
        '--bootstrap-internal-url',
        url,
        '--bootstrap-public-url',
        url,
        '--bootstrap-region-id',
        'RegionOne',
    )


def _placement_and_glance() -> None:
    etc = layout.ETC
    _run(
        'placement',
        layout.BIN / 'placement-manage',
        '--config-file',
        etc / 'placement/placement.conf',
        'db',
        'sync',
    )
    _run(
        'glance',
        layout.BIN / 'glance-manage',
        '--config-file',
        etc / 'glance/glance-api.conf',
        'db_sync',
    )


def _neutron() -> None:
    etc = layout.ETC / 'neutron'
    _run(
        'neutron',
        layout.BIN / 'neutron-db-manage',
        '--config-file',
        etc / 'neutron.conf',
        '--config-file',
        etc / 'ml2_conf.ini',
        'upgrade',
        'heads',
    )


def nova_manage(*words: str) -> None:
    """Run nova-manage with the control plane's configuration."""
    etc = layout.ETC / 'nova'
    _run(
        'nova',
        layout.BIN / 'nova-manage',
        '--config-file',
        etc / 'nova-common.conf',
        '--config-file',
        etc / 'nova.conf',
        *words,
    )


def _nova() -> None:
    url = (
        f'mysql+pymysql://root@localhost/nova_cell0'
        f'?unix_socket={layout.MYSQL_SOCKET}'
    )
    nova_manage('api_db', 'sync')
    nova_manage('cell_v2', 'map_cell0', '--database_connection', url)
    nova_manage('db', 'sync')
    nova_manage('cell_v2', 'create_cell', '--name', 'cell1')


def make() -> None:
    """Make every schema; what an earlier try left half made is made anew."""
    if STAMP.exists():
        return
    statements = ''.join(
        f'DROP DATABASE IF EXISTS {name};'
        f'CREATE DATABASE {name} CHARACTER SET utf8mb3;'
        for name in DATABASES
    )
    _run(
        'mariadb',
        'mariadb',
        f'--socket={layout.MYSQL_SOCKET}',
        '-e',
        statements,
    )
    (layout.STATE / 'keystone.db').unlink(missing_ok=True)
    with ThreadPoolExecutor() as pool:
        jobs = [
            pool.submit(job)
            for job in (_keystone, _placement_and_glance, _neutron, _nova)
        ]
        for job in jobs:
            job.result()
    STAMP.touch()
