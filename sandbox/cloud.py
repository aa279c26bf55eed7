# SPDX-License-Identifier: Apache-2.0
"""Connections to the sandbox's cloud, and what an operator sets up in it."""

import hashlib
from pathlib import Path
from typing import Any

import openstack

from nova_desktop.doctor.result import State
from nova_desktop.manage import aggregate, workstations
from nova_desktop.model import TRAIT
from sandbox import config, layout

COMPUTE_VERSION = '2.96'
PLACEMENT_VERSION = '1.39'
TENANT = 'tenant'
ENDPOINTS = {
    'nova': ('compute', layout.url('nova-api', '/v2.1')),
    'glance': ('image', layout.url('glance')),
    'placement': ('placement', layout.url('placement')),
    'neutron': ('network', layout.url('neutron')),
    'nova-desktop': ('desktop', layout.url('reclaim')),
}
SERVICE_USERS = {
    'nova': ('admin', 'service'),
    'glance': ('admin', 'service'),
    'placement': ('admin', 'service'),
    'neutron': ('admin', 'service'),
    # No admin: the first is for what it does, the second to judge tokens.
    'nova-desktop': ('desktop_reclaim', 'service'),
}
IMAGES = {
    'tiny': 'idle',
    'tiny-burn': 'burn',
    'tiny-ack': 'burn nd.notice=ack',
    'tiny-hook': 'burn nd.notice=hook',
}
_DESK = {
    f'trait:{TRAIT}': 'required',
    'desktop:preemptible': 'true',
    'desktop:notice': '6',
}
FLAVORS: dict[str, dict[str, str]] = {
    'desk.small': {**_DESK, 'desktop:on_reclaim': 'live-migrate,shelve'},
    'dc.small': {},
}


def environment(user: str = 'admin') -> dict[str, str]:
    """Give the variables with which a client is that user."""
    words = config.passwords()
    return {
        'OS_AUTH_URL': layout.url('keystone', '/v3'),
        'OS_USERNAME': user,
        'OS_PASSWORD': words['admin' if user == 'admin' else 'tenant'],
        'OS_PROJECT_NAME': user,
        'OS_USER_DOMAIN_ID': 'default',
        'OS_PROJECT_DOMAIN_ID': 'default',
        'OS_IDENTITY_API_VERSION': '3',
        'OS_REGION_NAME': 'RegionOne',
    }


def connect(user: str = 'admin') -> Any:
    """Connect with openstacksdk."""
    words = environment(user)
    return openstack.connection.Connection(
        auth={
            'auth_url': words['OS_AUTH_URL'],
            'username': words['OS_USERNAME'],
            'password': words['OS_PASSWORD'],
            'project_name': words['OS_PROJECT_NAME'],
            'user_domain_id': 'default',
            'project_domain_id': 'default',
        },
        region_name='RegionOne',
        compute_default_microversion=COMPUTE_VERSION,
        placement_default_microversion=PLACEMENT_VERSION,
    )


def seed_identity() -> None:
    """Make services, endpoints and users; what exists is left."""
    identity = connect().identity
    service = identity.find_project(
        'service', domain_id='default'
    ) or identity.create_project(name='service', domain_id='default')
    tenant = identity.find_project(
        TENANT, domain_id='default'
    ) or identity.create_project(name=TENANT, domain_id='default')
    roles = {role.name: role for role in identity.roles()}
    for name in ('service', 'desktop_reclaim'):
        if name not in roles:
            roles[name] = identity.create_role(name=name)
    password = config.passwords()
    for name, names in SERVICE_USERS.items():
        user = _user(identity, name, password['service'], service)
        for role in names:
            identity.assign_project_role_to_user(service, user, roles[role])
    user = _user(identity, TENANT, password['tenant'], tenant)
    identity.assign_project_role_to_user(tenant, user, roles['member'])
    for name, (kind, url) in ENDPOINTS.items():
        _endpoints(identity, name, kind, url)


def _user(identity: Any, name: str, password: str, project: Any) -> Any:
    return identity.find_user(
        name, domain_id='default'
    ) or identity.create_user(
        name=name,
        domain_id='default',
        password=password,
        default_project_id=project.id,
    )


def _endpoints(identity: Any, name: str, kind: str, url: str) -> None:
    found = [item for item in identity.services() if item.type == kind]
    service = (
        found[0] if found else identity.create_service(name=name, type=kind)
    )
    have = {
        item.interface for item in identity.endpoints(service_id=service.id)
    }
    for interface in {'public', 'internal'} - have:
        identity.create_endpoint(
            service_id=service.id,
            interface=interface,
            url=url,
            region_id='RegionOne',
        )


def seed_images() -> None:
    """Load the test guest as images that are idle or burn CPU."""
    image = connect().image
    parts = {
        'kernel_id': _image(
            image, 'tiny-kernel', 'aki', layout.GUEST / 'vmlinuz'
        ),
        'ramdisk_id': _image(
            image, 'tiny-initrd', 'ari', layout.GUEST / 'initrd.gz'
        ),
    }
    ids = {key: found.id for key, found in parts.items()}
    for name, mode in IMAGES.items():
        _image(
            image,
            name,
            'raw',
            layout.GUEST / 'rootfs.raw',
            os_command_line=f'{layout.GUEST_CMDLINE} nd.mode={mode}',
            hw_qemu_guest_agent='yes',
            **ids,
        )


def _image(
    image: Any, name: str, kind: str, path: Path, **properties: str
) -> Any:
    # A cloud that is kept was perhaps seeded from another checkout.
    seed = hashlib.sha256(path.read_bytes() + repr(properties).encode())
    properties['nd_seed'] = seed.hexdigest()
    found = image.find_image(name)
    if found:
        if found.properties.get('nd_seed') == properties['nd_seed']:
            return found
        image.delete_image(found)
    with path.open('rb') as data:
        image.create_image(
            name,
            disk_format=kind,
            container_format='bare' if kind == 'raw' else kind,
            data=data,
            visibility='public',
            validate_checksum=False,
            **properties,
        )
    return image.find_image(name)


def seed_flavors() -> None:
    """Make one flavor for workstations and one for the data centre."""
    compute = connect().compute
    for name, specs in FLAVORS.items():
        make_flavor(compute, name, specs)


def make_flavor(compute: Any, name: str, specs: dict[str, str]) -> str:
    """Make a flavor of the size of the test guest; what exists is left.

    Gives its id.
    """
    flavor = compute.find_flavor(name)
    if flavor is None:
        flavor = compute.create_flavor(name=name, vcpus=1, ram=128, disk=1)
        compute.create_flavor_extra_specs(flavor, specs)
    return str(flavor.id)


def desk_specs(**desktop: str) -> dict[str, str]:
    """Give the extra specs of desk.small, with others in ``desktop:``."""
    own = {f'desktop:{name}': value for name, value in desktop.items()}
    return {**FLAVORS['desk.small'], **own}


def seed_aggregate() -> None:
    """Put the workstations where only flavors that ask for them may go."""
    connection = connect()
    there = aggregate.Aggregate(connection, update=True, writes=True)
    names = [host.name for host in layout.WORKSTATIONS]
    for made in there.hosts(workstations.hosts(connection), names):
        if made.state is State.PROBLEM:
            raise RuntimeError(made.line())
