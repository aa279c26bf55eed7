# SPDX-License-Identifier: Apache-2.0
"""Classes of input devices, by what udev knows of them."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

from nova_desktop.model import DeviceClass
from nova_desktop.sensing import udev

ROOT = pathlib.Path(__file__).parents[3]


def _unshares() -> bool:
    command = ['unshare', '--mount', 'true']
    return (
        shutil.which('unshare') is not None
        and subprocess.run(command, capture_output=True).returncode == 0
    )


class ClassTest(unittest.TestCase):
    def assert_class(self, expected: DeviceClass, *names: str) -> None:
        known = {'ID_INPUT': '1'} | {f'ID_INPUT_{n}': '1' for n in names}
        self.assertEqual(expected, udev.class_of(known), names)

    def test_keyboard_and_remapper_are_keys(self) -> None:
        self.assert_class(DeviceClass.KEY, 'KEY', 'KEYBOARD')
        self.assert_class(DeviceClass.KEY, 'KEY')  # a power button

    def test_gamepad_tablet_and_touchscreen_are_keys(self) -> None:
        for name in ('JOYSTICK', 'TABLET', 'TABLET_PAD', 'TOUCHSCREEN'):
            self.assert_class(DeviceClass.KEY, name)

    def test_what_only_points_is_a_pointer(self) -> None:
        for name in ('MOUSE', 'TOUCHPAD', 'POINTINGSTICK', 'TRACKBALL'):
            self.assert_class(DeviceClass.POINTER, name)
        self.assert_class(DeviceClass.POINTER, 'MOUSE', 'TRACKBALL')
        self.assert_class(DeviceClass.POINTER, 'MOUSE', 'SWITCH')

    def test_what_also_has_keys_is_a_key_device(self) -> None:
        self.assert_class(DeviceClass.KEY, 'MOUSE', 'KEY')
        self.assert_class(DeviceClass.KEY, 'SWITCH', 'KEYBOARD')

    def test_lid_jack_and_tilt_are_nobody(self) -> None:
        self.assert_class(DeviceClass.IGNORED, 'SWITCH')
        self.assert_class(DeviceClass.IGNORED, 'ACCELEROMETER')
        self.assert_class(DeviceClass.IGNORED, 'ACCELEROMETER', 'WIDTH_MM')

    def test_speaker_is_nobody(self) -> None:
        known = {'ID_INPUT': '1', 'ID_PATH': 'platform-pcspkr'}
        self.assertEqual(DeviceClass.IGNORED, udev.class_of(known))

    def test_what_udev_has_no_name_for_is_the_owners(self) -> None:
        self.assert_class(DeviceClass.KEY)
        self.assert_class(DeviceClass.KEY, 'OF_THE_FUTURE')
        self.assertEqual(DeviceClass.KEY, udev.class_of({}))
        off = {'ID_INPUT_SWITCH': '0', 'ID_INPUT_MOUSE': ''}
        self.assertEqual(DeviceClass.KEY, udev.class_of(off))


class ClassifierTest(unittest.TestCase):
    def setUp(self) -> None:
        self.dir = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.dir)
        self.node = self.dir / 'event0'
        os.mkfifo(self.node)
        (self.dir / 'by-path').mkdir()
        link = self.dir / 'by-path/usb-event-mouse'
        link.symlink_to(self.node)

    def test_udev_goes_before_the_links(self) -> None:
        known = {'ID_INPUT_TOUCHSCREEN': '1'}
        classify = udev.classifier(lambda node: known)
        self.assertEqual(DeviceClass.KEY, classify(self.node))

    def test_links_tell_where_udev_knows_nothing(self) -> None:
        classify = udev.classifier(lambda node: None)
        self.assertEqual(DeviceClass.POINTER, classify(self.node))

    def test_real_reader_knows_nothing_of_a_pipe(self) -> None:
        self.assertIsNone(udev.read(self.node))
        self.assertEqual(DeviceClass.POINTER, udev.classifier()(self.node))

    def test_real_reader_knows_nothing_of_what_is_gone(self) -> None:
        self.assertIsNone(udev.read(self.dir / 'event9'))

    def test_without_libudev_the_links_tell(self) -> None:
        missing = ImportError('no library named udev')
        udev._context.cache_clear()
        self.addCleanup(udev._context.cache_clear)
        with (
            mock.patch.object(udev.pyudev, 'Context', side_effect=missing),
            self.assertLogs('nova_desktop.sensing.udev', 'WARNING') as log,
        ):
            for _ in range(2):
                known = udev.classifier()(self.node)
                self.assertEqual(DeviceClass.POINTER, known)
        self.assertEqual(1, len(log.output))


SCRIPT = """
mount -t tmpfs none /run
mkdir -p /run/udev/data
printf '%s\\n' I:1 E:ID_INPUT=1 E:ID_INPUT_SWITCH=1 > /run/udev/data/c1:3
exec "$@"
"""
PRIVATE = ('unshare', '--mount', 'sh', '-ec', SCRIPT, 'sh')
ASK = """
import pathlib
from nova_desktop.sensing import udev
for name in ('null', 'zero'):
    print(udev.read(pathlib.Path('/dev', name)) is None)
print(udev.classifier()(pathlib.Path('/dev/null')).value)
"""


@unittest.skipUnless(_unshares(), 'needs a mount namespace of its own')
class RealTest(unittest.TestCase):
    """The real libudev, on a database of our own in a private /run."""

    def test_database_is_read(self) -> None:
        done = subprocess.run(
            [*PRIVATE, sys.executable, '-c', ASK],
            env=os.environ | {'PYTHONPATH': str(ROOT)},
            capture_output=True,
            text=True,
        )
        self.assertEqual('', done.stderr)
        self.assertEqual(['False', 'True', 'ignored'], done.stdout.split())
