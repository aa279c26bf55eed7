# SPDX-License-Identifier: Apache-2.0
"""What a domain's XML says of a guest."""

import dataclasses
from xml.etree import ElementTree

# Devices that reach into the guest's memory by themselves.
_PASSED = (
    "devices/hostdev[@type='pci']",
    "devices/hostdev[@type='mdev']",
    "devices/interface[@type='hostdev']",
)
_FIXED = ('memoryBacking/hugepages', 'memoryBacking/locked', 'launchSecurity')
# Those whose packets pass a device of the host's that can be slowed down.
_TAPPED = ('bridge', 'direct', 'ethernet', 'network')


@dataclasses.dataclass(frozen=True, slots=True)
class Description:
    """A guest as libvirt describes it.

    ``passthrough`` says whether it was given a device of the host,
    ``balloon`` whether memory can be had back from it; ``taps`` has the
    host's network devices that are its own.
    """

    partition: str = ''
    passthrough: bool = False
    balloon: bool = False
    taps: tuple[str, ...] = ()


def read(xml: str) -> Description:
    """Read a running domain's XML."""
    # From libvirt's daemon, which wrote it itself.
    domain = ElementTree.fromstring(xml)  # noqa: S314
    passed = any(domain.find(path) is not None for path in _PASSED)
    fixed = any(domain.find(path) is not None for path in _FIXED)
    device = domain.find('devices/memballoon')
    return Description(
        partition=domain.findtext('resource/partition', ''),
        passthrough=passed,
        balloon=not (passed or fixed)
        and device is not None
        and device.get('model') != 'none',
        taps=tuple(
            target.get('dev', '')
            for kind in _TAPPED
            for target in domain.findall(
                f"devices/interface[@type='{kind}']/target[@dev]"
            )
        ),
    )
