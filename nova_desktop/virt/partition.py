# SPDX-License-Identifier: Apache-2.0
"""Put guests under the partition that the agent governs."""

import pathlib
from typing import Any

from nova.virt.libvirt import config as vconfig
from nova.virt.libvirt import guest as libvirt_guest
from oslo_log import log as logging

LOG = logging.getLogger(__name__)

etree = vconfig.etree

PARTITION = '/novadesktop'

_CGROUP_ROOT = pathlib.Path('/sys/fs/cgroup')
_BANDWIDTH = (
    'period',
    'quota',
    'global_period',
    'global_quota',
    'emulator_period',
    'emulator_quota',
    'iothread_period',
    'iothread_quota',
)


def unified(root: pathlib.Path = _CGROUP_ROOT) -> bool:
    """Say whether the host has cgroup v2 only."""
    return (root / 'cgroup.controllers').exists()


def warn_if_missing(root: pathlib.Path = _CGROUP_ROOT) -> bool:
    """Say in the log when the partition is not prepared; give whether it is.

    libvirt creates no partition but its own, so guests would not start.
    """
    name = PARTITION.lstrip('/')
    places = (f'{name}.slice', f'{name}.partition')
    trees = (root, root / 'cpu', root / 'cpu,cpuacct')
    if any((tree / place).is_dir() for tree in trees for place in places):
        return True
    LOG.error(
        'The cgroup of the partition %(partition)s is missing under %(root)s '
        'and guests will not start: run nova-desktop-agent --prepare',
        {'partition': PARTITION, 'root': root},
    )
    return False


def place(domain: Any, keep_bandwidth: bool) -> None:
    """Put a domain's element under the partition.

    Without ``keep_bandwidth`` limits of its own are dropped: cgroup v1
    refuses a parent quota below a child's, so one guest's limit would
    disable the throttle of all.
    """
    remove(domain)
    resource = etree.SubElement(domain, 'resource')
    etree.SubElement(resource, 'partition').text = PARTITION
    cputune = domain.find('cputune')
    if keep_bandwidth or cputune is None:
        return
    for name in _BANDWIDTH:
        for element in cputune.findall(name):
            cputune.remove(element)
    if len(cputune) == 0:
        domain.remove(cputune)


def remove(domain: Any) -> None:
    """Take a domain's element out of any partition."""
    for resource in domain.findall('resource'):
        domain.remove(resource)


def placed(xml: Any, keep_bandwidth: bool) -> Any:
    """Give a domain's XML under the partition.

    Anything that is not a domain's XML comes back as it is: libvirt is to
    refuse it, not this.
    """
    domain = _parse(xml)
    if domain is None or is_inside(xml):
        return xml
    place(domain, keep_bandwidth)
    return etree.tostring(domain, encoding='unicode')


def unplaced(xml: Any) -> Any:
    """Give a domain's XML under no partition."""
    domain = _parse(xml)
    if domain is None or domain.find('resource') is None:
        return xml
    remove(domain)
    return etree.tostring(domain, encoding='unicode')


def _parse(xml: Any) -> Any:
    if not isinstance(xml, str | bytes):
        return None
    try:
        domain = etree.fromstring(xml)
    except (etree.XMLSyntaxError, ValueError):
        return None
    return domain if domain.tag == 'domain' else None


class DesktopGuestConfig(vconfig.LibvirtConfigGuest):  # type: ignore[misc]
    """Nova's description of a guest, under the partition."""

    keep_bandwidth = True

    def format_dom(self) -> Any:
        """Give the domain's element."""
        domain = super().format_dom()
        place(domain, self.keep_bandwidth)
        return domain

    @classmethod
    def of(cls, config: Any, keep_bandwidth: bool) -> Any:
        """Turn Nova's description into one under the partition."""
        if not isinstance(config, vconfig.LibvirtConfigGuest):
            return config
        placed_config = cls()
        placed_config.__dict__.update(config.__dict__)
        placed_config.keep_bandwidth = keep_bandwidth
        return placed_config


class UnplacedGuest(libvirt_guest.Guest):  # type: ignore[misc]
    """A guest whose XML names no partition: for hosts that have none."""

    def get_xml_desc(self, *args: Any, **kwargs: Any) -> Any:
        """Give the domain's XML without its partition."""
        return unplaced(super().get_xml_desc(*args, **kwargs))


class PlacedGuest(libvirt_guest.Guest):  # type: ignore[misc]
    """A guest whose XML names the partition, wherever it was started."""

    keep_bandwidth = True

    def get_xml_desc(self, *args: Any, **kwargs: Any) -> Any:
        """Give the domain's XML under the partition."""
        xml = super().get_xml_desc(*args, **kwargs)
        return placed(xml, self.keep_bandwidth)


def leaving_guest(
    guest: Any, to_stock: bool | None, keep_bandwidth: bool
) -> Any:
    """Give a guest as it is to arrive at the host that it moves to.

    Where nothing is known of that host the guest stays as it is: most are
    under the partition, and at worst the migration fails, but no such guest
    runs outside an owner's limits.
    """
    if to_stock is None:
        return guest
    if to_stock:
        return UnplacedGuest(guest._domain)
    moved = PlacedGuest(guest._domain)
    moved.keep_bandwidth = keep_bandwidth
    return moved


def is_inside(xml: str) -> bool:
    """Say whether a domain with this XML is under the partition."""
    domain = _parse(xml)
    found = None if domain is None else domain.findtext('resource/partition')
    return bool(found == PARTITION)
