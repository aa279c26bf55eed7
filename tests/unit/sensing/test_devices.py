# SPDX-License-Identifier: Apache-2.0
"""Classes of input devices, by the links that udev makes."""

import os
import shutil
import tempfile
import unittest
from pathlib import Path

from nova_desktop.model import DeviceClass
from nova_desktop.sensing import devices


class DevicesTest(unittest.TestCase):
    def setUp(self) -> None:
        self.dir = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.dir)
        for folder in devices.LINK_FOLDERS:
            (self.dir / folder).mkdir()

    def node(self, name: str, *links: str) -> Path:
        node = self.dir / name
        os.mkfifo(node)
        for link in links:
            (self.dir / link).symlink_to(f'../{name}')
        return node

    def test_classes(self) -> None:
        for number, (links, expected) in enumerate(
            (
                (['by-path/pci-0-usb-0:1-event-mouse'], DeviceClass.POINTER),
                (['by-id/usb-Maker_Mouse-event-mouse'], DeviceClass.POINTER),
                (['by-path/pci-0-usb-0:2-event-kbd'], DeviceClass.KEY),
                (['by-path/pci-0-usb-0:3-event-joystick'], DeviceClass.KEY),
                (['by-path/pci-0-usb-0:4-event'], DeviceClass.KEY),
                (['by-path/platform-pcspkr-event-spkr'], DeviceClass.IGNORED),
                ([], DeviceClass.KEY),
                (
                    [
                        'by-path/pci-0-usb-0:5-event-mouse',
                        'by-id/usb-Combo-event-kbd',
                    ],
                    DeviceClass.KEY,
                ),
            )
        ):
            node = self.node(f'event{number}', *links)
            self.assertEqual(expected, devices.by_links(node), links)

    def test_listing_leaves_out_what_is_no_event_device(self) -> None:
        self.node('event0')
        self.node('mouse0')
        self.assertEqual({'event0'}, devices.listing(self.dir))

    def test_discard_empties_a_pipe(self) -> None:
        fd = devices.open_node(self.node('event0'))
        self.addCleanup(os.close, fd)
        self.assertFalse(devices.discard(fd))
        os.write(fd, b'x' * 10000)
        self.assertTrue(devices.discard(fd))
        self.assertFalse(devices.discard(fd))

    def test_opening_a_pipe_drops_what_waited_in_it(self) -> None:
        node = self.node('event0')
        writer = os.open(node, os.O_RDWR | os.O_NONBLOCK)
        self.addCleanup(os.close, writer)
        os.write(writer, b'old')
        fd = devices.open_node(node)
        self.addCleanup(os.close, fd)
        self.assertFalse(devices.discard(fd))
