# SPDX-License-Identifier: Apache-2.0
"""Classes of input devices, by the links that udev makes."""

import os
import shutil
import tempfile
import unittest
from pathlib import Path
from unittest import mock

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

    def test_directory_is_listed_again_only_when_it_changed(self) -> None:
        self.node('event0')
        clock = mock.Mock()
        listing = devices.Listing(self.dir, clock)
        with mock.patch.object(
            devices, 'listing', side_effect=devices.listing
        ) as listed:
            # Two changes within a step of the kernel's stamps look like one.
            for now_s, times in ((0.0, 1), (0.9, 2), (1.1, 3), (999.0, 3)):
                clock.return_value = now_s
                self.assertEqual({'event0'}, listing.read())
                self.assertEqual(times, listed.call_count)
        self.node('event1')
        self.assertEqual({'event0', 'event1'}, listing.read())
        (self.dir / 'event0').unlink()
        self.assertEqual({'event1'}, listing.read())
        shutil.rmtree(self.dir)
        with self.assertRaises(OSError):
            listing.read()
        self.dir.mkdir()

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
