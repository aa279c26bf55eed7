# SPDX-License-Identifier: Apache-2.0
"""What udev knows of an input device, and the class that follows."""

import functools
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

import pyudev
from oslo_log import log as logging

from nova_desktop.model import DeviceClass
from nova_desktop.sensing import devices

LOG = logging.getLogger(__name__)

DATABASE = Path('/run/udev/data')
"""Where udev keeps what it knows; libudev takes no other place."""

Properties = Callable[[Path], Mapping[str, str] | None]
"""Reads the properties of a node; ``None`` where udev knows nothing."""

_HANDS = {
    'ID_INPUT_KEY',
    'ID_INPUT_KEYBOARD',
    'ID_INPUT_JOYSTICK',
    'ID_INPUT_TABLET',
    'ID_INPUT_TABLET_PAD',
    'ID_INPUT_TOUCHSCREEN',
}
_POINTERS = {
    'ID_INPUT_MOUSE',
    'ID_INPUT_TOUCHPAD',
    'ID_INPUT_POINTINGSTICK',
    'ID_INPUT_TRACKBALL',
}
_NOBODYS = {'ID_INPUT_ACCELEROMETER', 'ID_INPUT_SWITCH'}
_SPEAKER_PATH = 'platform-pcspkr'


def read(node: Path) -> Mapping[str, str] | None:
    """Read a node's properties from udev's database.

    ``None`` for a node that udev did not look at, or where there is no udev.
    """
    context = _context()
    if context is None:
        return None
    try:
        status = node.stat()
        if not stat.S_ISCHR(status.st_mode):
            return None
        device = pyudev.Devices.from_device_number(
            context, 'char', status.st_rdev
        )
        return dict(device.properties) if device.is_initialized else None
    except (OSError, ValueError, pyudev.DeviceNotFoundError) as problem:
        LOG.debug('udev says nothing of %s: %s', node, problem)
        return None


@functools.cache
def _context() -> pyudev.Context | None:
    """Load libudev, which takes most of the time of a reading."""
    try:
        return pyudev.Context()
    except ImportError as problem:
        LOG.warning('Devices are told apart by links only: %s', problem)
        return None


def class_of(properties: Mapping[str, str]) -> DeviceClass:
    """Turn properties into a class; what they leave open is a key device.

    What can also be keyed is a key device. Touchscreens, tablets and gamepads
    are too: only a hand moves them, no bumped desk. What reports the state of
    the machine alone (lid, jack, dock, tilt, its speaker) is nobody.
    """
    told = {name for name, value in properties.items() if value == '1'}
    if told & _HANDS:
        return DeviceClass.KEY
    if told & _POINTERS:
        return DeviceClass.POINTER
    if told & _NOBODYS or properties.get('ID_PATH') == _SPEAKER_PATH:
        return DeviceClass.IGNORED
    return DeviceClass.KEY


def classifier(
    properties: Properties = read,
    otherwise: devices.Classify = devices.by_links,
) -> devices.Classify:
    """Make a classifier that asks udev first, and ``otherwise`` without it."""

    def classify(node: Path) -> DeviceClass:
        known = properties(node)
        return otherwise(node) if known is None else class_of(known)

    return classify
