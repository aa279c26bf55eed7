# SPDX-License-Identifier: Apache-2.0
"""Where everything of the sandbox lies, and on which port it listens."""

import dataclasses
import os
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent
ROOT = Path(
    os.environ.get('NOVA_DESKTOP_SANDBOX', '/var/lib/nova-desktop-sandbox')
)
VENV = ROOT / 'venv'
BIN = VENV / 'bin'
ETC = ROOT / 'etc'
LOG = ROOT / 'log'
RUN = ROOT / 'run'
STATE = ROOT / 'state'
SECRETS = ROOT / 'secrets.json'
MASTER_KEY = ETC / 'nova_desktop' / 'master.key'
GUEST = ROOT / 'guest'
# Where a guest gets little CPU its kernel takes a late timer for a broken one,
# and gives up, unless it does not check.
GUEST_CMDLINE = 'console=ttyS0 quiet no_timer_check'
INSTANCES = ROOT / 'instances'
BY_ADDRESS = ROOT / 'by-address'
SUPERVISOR_SOCKET = RUN / 'supervisor.sock'
MYSQL_SOCKET = RUN / 'mysqld.sock'

PORTS = {
    'rabbitmq': 25672,
    'rabbitmq-dist': 25673,
    'epmd': 24369,
    'keystone': 25000,
    'placement': 28778,
    'glance': 29292,
    'neutron': 29696,
    'nova-api': 28774,
    'nova-metadata': 28775,
    'vendordata': 28780,
    'reclaim': 28781,
    'webhook': 28782,
    'smtp': 28783,
    'ssh': 28722,
}

CGROUP_ROOT = Path('/sys/fs/cgroup')
CGROUP_TOP = 'nova-desktop-sandbox'
CONTROLLERS = (
    'cpu',
    'cpuacct',
    'cpuset',
    'memory',
    'devices',
    'freezer',
    'blkio',
    'pids',
    'unified',
)


@dataclasses.dataclass(frozen=True, slots=True)
class Host:
    """One compute host; a desktop has an owner."""

    name: str
    number: int
    desktop: bool

    @property
    def address(self) -> str:
        """Give the loopback address that migrations to this host use."""
        return f'127.0.0.{self.number + 10}'

    @property
    def dir(self) -> Path:
        """Give the folder that holds all of this host's own state."""
        return ROOT / 'hosts' / self.name

    @property
    def namespaces(self) -> Path:
        """Give the folder in which the host's namespaces are kept alive."""
        return self.dir / 'ns'

    def cgroup(self, controller: str) -> Path:
        """Give the host's own subtree of a cgroup v1 controller."""
        return CGROUP_ROOT / controller / CGROUP_TOP / self.name


HOSTS = (
    Host('ws1', 1, True),
    Host('ws2', 2, True),
    Host('dc1', 3, False),
)
WORKSTATIONS = tuple(host for host in HOSTS if host.desktop)


def host(name: str) -> Host:
    """Find a host by its name; raise KeyError if there is none."""
    return {host.name: host for host in HOSTS}[name]


def url(service: str, path: str = '') -> str:
    """Give the address of a service's API."""
    return f'http://127.0.0.1:{PORTS[service]}{path}'
