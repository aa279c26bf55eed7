# SPDX-License-Identifier: Apache-2.0
"""Write every configuration file of the sandbox from its templates."""

import json
import secrets
import shutil
import string
import subprocess
import uuid
from pathlib import Path

from nova_desktop import keys
from sandbox import layout

TEMPLATES = Path(__file__).parent / 'templates'
PASSWORDS = ('service', 'admin', 'tenant', 'rabbitmq', 'metadata')
_NAMESPACE = uuid.UUID('6f1dd3a4-6f0e-4f0b-9d3f-3c3c2f5a7d10')

CONTROL = {
    'keystone.conf': 'keystone/keystone.conf',
    'placement.conf': 'placement/placement.conf',
    'glance-api.conf': 'glance/glance-api.conf',
    'neutron.conf': 'neutron/neutron.conf',
    'ml2_conf.ini': 'neutron/ml2_conf.ini',
    'nova-common.conf': 'nova/nova-common.conf',
    'nova.conf': 'nova/nova.conf',
    'reclaim.conf': 'nova_desktop/reclaim.conf',
    'rabbitmq.conf': 'rabbitmq.conf',
}
PASTE = {
    'glance/glance-api-paste.ini': 'glance/glance-api-paste.ini',
    'neutron/api-paste.ini': 'neutron/api-paste.ini',
    'nova/api-paste.ini': 'nova/api-paste.ini',
}


def passwords() -> dict[str, str]:
    """Give this sandbox's passwords, made once at random."""
    if not layout.SECRETS.exists():
        made = {name: secrets.token_hex(16) for name in PASSWORDS}
        layout.SECRETS.touch(0o600)
        layout.SECRETS.write_text(json.dumps(made))
    loaded: dict[str, str] = json.loads(layout.SECRETS.read_text())
    return loaded


def credentials(password: str) -> str:
    """Give the keystoneauth options that all service users share."""
    return '\n'.join(
        (
            f'auth_url = {layout.url("keystone", "/v3")}',
            'auth_type = password',
            'project_domain_id = default',
            'user_domain_id = default',
            'project_name = service',
            f'password = {password}',
            'region_name = RegionOne',
        )
    )


def shared_values() -> dict[str, object]:
    """Give the values that any template may use."""
    words = passwords()
    port = layout.PORTS['rabbitmq']
    return {
        'source': layout.SOURCE,
        'log': layout.LOG,
        'etc': layout.ETC,
        'state': layout.STATE,
        'venv': layout.VENV,
        'instances': layout.INSTANCES,
        'by_address': layout.BY_ADDRESS,
        'mysql': 'mysql+pymysql://root@localhost',
        'mysql_socket': layout.MYSQL_SOCKET,
        'transport_url': f'rabbit://openstack:{words["rabbitmq"]}'
        f'@127.0.0.1:{port}/',
        'rabbitmq_port': port,
        'rabbitmq_password': words['rabbitmq'],
        'metadata_secret': words['metadata'],
        'credentials': credentials(words['service']),
        'keystone': layout.url('keystone', '/v3'),
        'glance': layout.url('glance'),
        'vendordata': layout.url('vendordata'),
        'vendordata_port': layout.PORTS['vendordata'],
        'api_port': layout.PORTS['reclaim'],
        'webhook': layout.url('webhook', '/'),
        'smtp_port': layout.PORTS['smtp'],
        'master_key': layout.MASTER_KEY,
        'ssh_port': layout.PORTS['ssh'],
    }


def host_values(host: layout.Host) -> dict[str, object]:
    """Give the values that the templates of one host may use as well."""
    return {
        'host': host.name,
        'address': host.address,
        'dir': host.dir,
        'host_uuid': uuid.uuid5(_NAMESPACE, host.name),
        'host_key': host_key(host),
        'migration_port_min': 49152 + 100 * host.number,
        'migration_port_max': 49251 + 100 * host.number,
        'compute_driver': 'desktop.DesktopDriver'
        if host.desktop
        else 'libvirt.LibvirtDriver',
    }


def host_files(host: layout.Host) -> dict[str, Path]:
    """Give the templates of one host and where each is written."""
    files = {
        'compute.conf': layout.ETC / 'nova' / f'compute-{host.name}.conf',
        'libvirtd.conf': host.dir / 'etc-libvirt' / 'libvirtd.conf',
        'qemu.conf': host.dir / 'etc-libvirt' / 'qemu.conf',
        'ssh_config': host.dir / 'ssh' / 'config',
    }
    if host.desktop:
        folder = layout.ETC / 'nova_desktop'
        files['agent.conf'] = folder / f'agent-{host.name}.conf'
        files['dbus.conf'] = host.dir / 'dbus.conf'
    return files


def write(template: str, path: Path, values: dict[str, object]) -> None:
    """Fill in a template; an unknown name in it is a KeyError."""
    text = string.Template((TEMPLATES / template).read_text())
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(0o600)
    path.write_text(text.substitute(values))


def make_ssh_keys() -> None:
    """Make a host key and a user key, once."""
    folder = layout.ETC / 'ssh'
    folder.mkdir(mode=0o700, exist_ok=True)
    for name in ('host', 'user'):
        if not (folder / name).exists():
            subprocess.run(
                ['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f',
                 folder / name],
                check=True,
            )  # fmt: skip


def host_key(host: layout.Host) -> Path:
    """Give where a host's own key lies, or will."""
    return layout.ETC / 'nova' / f'{host.name}.key'


def make_keys() -> None:
    """Make the master key and each host's, once."""
    if not layout.MASTER_KEY.exists():
        keys.write(str(layout.MASTER_KEY), keys.new(), 'master key')
    master = keys.read(str(layout.MASTER_KEY), 'master key')
    for host in layout.WORKSTATIONS:
        path = host_key(host)
        path.unlink(missing_ok=True)
        keys.write(str(path), keys.of_host(master, host.name), 'host key')


def write_all() -> None:
    """Write the files of the control plane and of every host."""
    values = shared_values()
    for template, name in CONTROL.items():
        write(template, layout.ETC / name, values)
    make_ssh_keys()
    make_keys()
    rabbit = layout.ETC / 'rabbitmq.conf'
    shutil.chown(rabbit, 'rabbitmq', 'rabbitmq')
    for source, name in PASTE.items():
        shutil.copy(layout.VENV / 'etc' / source, layout.ETC / name)
    for host in layout.HOSTS:
        for template, path in host_files(host).items():
            write(template, path, {**values, **host_values(host)})
