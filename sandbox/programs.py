# SPDX-License-Identifier: Apache-2.0
"""Every process of the sandbox, as supervisord is to keep it."""

import dataclasses
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

from sandbox import layout

PYTHON = layout.BIN / 'python'
PATH = f'{layout.BIN}:/usr/sbin:/usr/bin:/sbin:/bin'


@dataclasses.dataclass(frozen=True, slots=True)
class Program:
    """One process: its name, command line, and what supervisord must know."""

    name: str
    command: tuple[str | Path, ...]
    environment: Mapping[str, object] = dataclasses.field(default_factory=dict)
    user: str = 'root'
    stop_wait_s: int = 10
    ours: bool = False

    def section(self) -> str:
        """Give the program's section of supervisord.conf."""
        command = shlex.join(str(part) for part in self.command)
        pairs = {'PATH': PATH, 'PYTHONWARNINGS': 'ignore', **self.environment}
        if self.ours:
            # supervisord starts a program anew when its section has changed:
            # so it does once another build of ours is installed.
            pairs['SANDBOX_BUILD'] = (layout.VENV / '.package').read_text()
        environment = ','.join(f'{k}="{v}"' for k, v in pairs.items())
        lines = (
            f'[program:{self.name}]',
            'command = ' + command.replace('%', '%%'),
            f'environment = {environment}'.replace('%', '%%'),
            f'user = {self.user}',
            f'directory = {layout.ROOT}',
            f'stdout_logfile = {layout.LOG}/{self.name}.out',
            'redirect_stderr = true',
            'autostart = false',
            'autorestart = true',
            'startsecs = 1',
            'startretries = 20',
            f'stopwaitsecs = {self.stop_wait_s}',
            'stopasgroup = true',
            'killasgroup = true',
        )
        return '\n'.join(lines) + '\n'


def wsgi_command(
    module: str, port: int, processes: int = 1
) -> tuple[str | Path, ...]:
    """Give the command that serves an API on a loopback port."""
    return (
        layout.BIN / 'uwsgi',
        *('--http-socket', f'127.0.0.1:{port}'),
        *('--module', module, '--master', '--processes', str(processes)),
        *('--threads', '6', '--enable-threads', '--lazy-apps'),
        *('--die-on-term', '--need-app', '--thunder-lock'),
        *('--buffer-size', '65535', '--disable-logging'),
        *('--http-auto-chunked', '--http-chunked-input'),
        # uwsgi resets connections that a client uses again.
        *('--add-header', 'Connection: close'),
    )


def _wsgi(name: str, module: str, **environment: object) -> Program:
    command = wsgi_command(module, layout.PORTS[name])
    ours = name.startswith('nova-')
    return Program(name, command, environment, ours=ours)


def _nova(name: str, *command: str | Path) -> Program:
    files = (
        layout.ETC / 'nova' / 'nova-common.conf',
        layout.ETC / 'nova' / 'nova.conf',
    )
    options = [part for file in files for part in ('--config-file', file)]
    return Program(name, (*command, *options), ours=True)


def mariadb_command(folder: Path, socket: Path) -> tuple[str | Path, ...]:
    """Give the command for a MariaDB that is reached by its socket alone."""
    return (
        '/usr/sbin/mariadbd',
        '--no-defaults',
        f'--datadir={folder}',
        f'--socket={socket}',
        '--skip-networking',
        '--max-connections=1000',
        '--innodb-buffer-pool-size=128M',
        '--character-set-server=utf8mb4',
        '--collation-server=utf8mb4_general_ci',
    )


def _mariadb() -> Program:
    return Program(
        'mariadb',
        (
            *mariadb_command(layout.STATE / 'mysql', layout.MYSQL_SOCKET),
            # A power cut may cost the sandbox a second of its history.
            '--innodb-flush-log-at-trx-commit=0',
        ),
        user='mysql',
    )


def rabbit_environment() -> dict[str, object]:
    """Give what RabbitMQ's server and its tools need to find each other."""
    return {
        'HOME': layout.STATE / 'rabbitmq',
        'RABBITMQ_NODENAME': 'sandbox@localhost',
        'RABBITMQ_CONFIG_FILE': layout.ETC / 'rabbitmq.conf',
        'RABBITMQ_MNESIA_BASE': layout.STATE / 'rabbitmq' / 'mnesia',
        'RABBITMQ_LOG_BASE': layout.STATE / 'rabbitmq' / 'log',
        'RABBITMQ_ENABLED_PLUGINS_FILE': layout.STATE / 'rabbitmq' / 'plugins',
        'RABBITMQ_CONF_ENV_FILE': '/dev/null',
        'RABBITMQ_DIST_PORT': layout.PORTS['rabbitmq-dist'],
        'ERL_EPMD_ADDRESS': '127.0.0.1',
        'ERL_EPMD_PORT': layout.PORTS['epmd'],
        'RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS': '-kernel '
        'inet_dist_use_interface {127,0,0,1}',
    }


def control() -> Iterator[Program]:
    """Give the control plane's programs in the order they are started."""
    etc = layout.ETC
    yield Program(
        'epmd',
        (
            '/usr/bin/epmd',
            '-address',
            '127.0.0.1',
            '-port',
            str(layout.PORTS['epmd']),
        ),
        user='rabbitmq',
    )
    yield Program(
        'rabbitmq',
        ('/usr/lib/rabbitmq/bin/rabbitmq-server',),
        rabbit_environment(),
        user='rabbitmq',
    )
    yield _mariadb()
    yield _wsgi(
        'keystone',
        'keystone.wsgi.api:application',
        OS_KEYSTONE_CONFIG_DIR=etc / 'keystone',
    )
    yield _wsgi(
        'placement',
        'placement.wsgi.api:application',
        OS_PLACEMENT_CONFIG_DIR=etc / 'placement',
    )
    yield _wsgi(
        'glance',
        'glance.wsgi.api:application',
        OS_GLANCE_CONFIG_DIR=etc / 'glance',
    )
    yield _wsgi(
        'neutron',
        'neutron.wsgi.api:application',
        OS_NEUTRON_CONFIG_DIR=etc / 'neutron',
        OS_NEUTRON_CONFIG_FILES='neutron.conf;ml2_conf.ini',
    )
    nova = {
        'OS_NOVA_CONFIG_DIR': etc / 'nova',
        'OS_NOVA_CONFIG_FILES': 'api-paste.ini;nova-common.conf;nova.conf',
    }
    yield _wsgi('nova-api', 'nova.wsgi.osapi_compute:application', **nova)
    yield _wsgi('nova-metadata', 'nova.wsgi.metadata:application', **nova)
    yield _nova('nova-conductor', layout.BIN / 'nova-conductor')
    yield _nova('nova-scheduler', layout.BIN / 'nova-scheduler')
    yield Program(
        'reclaim',
        (
            layout.BIN / 'nova-desktop-reclaim',
            '--config-file',
            etc / 'nova_desktop/reclaim.conf',
        ),
        ours=True,
    )
