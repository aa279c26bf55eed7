# SPDX-License-Identifier: Apache-2.0
"""A RabbitMQ of the benchmark's own, on loopback ports that were free."""

import secrets
import socket

from benchmarks import daemons

_SERVER = '/usr/lib/rabbitmq/bin/rabbitmq-server'
_CONF = """
listeners.tcp.1 = 127.0.0.1:{port}
default_user = bench
default_pass = {password}
loopback_users = none
vm_memory_high_watermark.absolute = 1GB
disk_free_limit.absolute = 100MB
log.file = {folder}/rabbit.log
"""


def free_port() -> int:
    """Give a port that nobody listens on."""
    with socket.create_server(('127.0.0.1', 0)) as taken:
        port: int = taken.getsockname()[1]
    return port


def listens(port: int) -> bool:
    """Say whether something listens on a loopback port."""
    try:
        socket.create_connection(('127.0.0.1', port), 1).close()
    except OSError:
        return False
    return True


def start(started: daemons.Daemons) -> str:
    """Start it, and its port mapper; give the URL of the bus."""
    daemons.require('epmd', _SERVER)
    folder = started.folder
    epmd, port, password = free_port(), free_port(), secrets.token_hex(8)
    mapper = ['/usr/bin/epmd', '-address', '127.0.0.1', '-port', str(epmd)]
    started.start('epmd', mapper, lambda: listens(epmd))
    text = _CONF.format(port=port, password=password, folder=folder)
    (folder / 'rabbitmq.conf').write_text(text)
    (folder / 'plugins').write_text('[].\n')
    environment = {
        'HOME': folder,
        'RABBITMQ_NODENAME': f'bench{port}@localhost',
        'RABBITMQ_CONFIG_FILE': folder / 'rabbitmq.conf',
        'RABBITMQ_MNESIA_BASE': folder / 'mnesia',
        'RABBITMQ_LOG_BASE': folder,
        'RABBITMQ_ENABLED_PLUGINS_FILE': folder / 'plugins',
        'RABBITMQ_CONF_ENV_FILE': '/dev/null',
        'RABBITMQ_DIST_PORT': free_port(),
        'ERL_EPMD_ADDRESS': '127.0.0.1',
        'ERL_EPMD_PORT': epmd,
        'RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS': '-kernel '
        'inet_dist_use_interface {127,0,0,1}',
    }
    started.start(
        'rabbitmq',
        [_SERVER],
        lambda: listens(port),
        {name: str(value) for name, value in environment.items()},
    )
    return f'rabbit://bench:{password}@127.0.0.1:{port}/'
