# SPDX-License-Identifier: Apache-2.0
"""NVML by way of a double of its module: no machine here has such a GPU."""

import pathlib
import shutil
import sys
import tempfile
import types
import unittest
from typing import Any
from unittest import mock

from nova_desktop.sensing import nvidia

OWNER, GUEST = 10, 20


class NVMLError(Exception):
    """As pynvml has it: the number of the error is ``value``."""

    def __init__(self, value: int) -> None:
        super().__init__(f'error {value}')
        self.value = value


class Nvml(types.ModuleType):
    """A double of pynvml with some devices."""

    NVMLError = NVMLError
    NVML_ERROR_NOT_SUPPORTED = 3
    NVML_ERROR_NOT_FOUND = 6

    def __init__(self, *devices: Any) -> None:
        super().__init__('pynvml')
        self.devices = list(devices)
        self.begun = 0
        self.since_us: list[int] = []
        self.failure: NVMLError | None = None

    def nvmlInit(self) -> None:
        if self.failure:
            raise self.failure
        self.begun += 1

    def nvmlShutdown(self) -> None:
        self.begun -= 1

    def nvmlDeviceGetCount(self) -> int:
        return len(self.devices)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:
        return index

    def nvmlDeviceGetProcessUtilization(
        self, handle: int, since_us: int
    ) -> list[Any]:
        self.since_us.append(since_us)
        told = self.devices[handle]
        if isinstance(told, int):
            raise NVMLError(told)
        return [types.SimpleNamespace(**each) for each in told]


def sample(pid: int, at_us: int = 1, sm: int = 0, enc: int = 0) -> Any:
    """Give one sample in percent."""
    return {
        'pid': pid,
        'timeStamp': at_us,
        'smUtil': sm,
        'memUtil': 99,
        'encUtil': enc,
        'decUtil': 0,
    }


class NvidiaTest(unittest.TestCase):
    def setUp(self) -> None:
        self.root = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.root)
        (self.root / 'proc/driver/nvidia').mkdir(parents=True)
        self.pci = self.root / 'nvidia'
        self.gpus = nvidia.Nvidia(self.root / 'proc', self.pci)

    def read(self, nvml: Nvml | None) -> nvidia.Shares | None:
        with mock.patch.dict(sys.modules, {'pynvml': nvml}):
            return self.gpus.read(lambda pid: pid == GUEST)

    def power(self, state: str) -> None:
        directory = self.pci / '0000:01:00.0/power'
        directory.mkdir(parents=True, exist_ok=True)
        (directory / 'runtime_status').write_text(f'{state}\n')

    def test_has_gpu(self) -> None:
        self.assertTrue(self.gpus.has_gpu())
        shutil.rmtree(self.root / 'proc/driver')
        self.assertFalse(self.gpus.has_gpu())

    def test_both_sides_on_the_busiest_engine_of_any_device(self) -> None:
        first = [
            sample(OWNER, 5, sm=20),
            sample(OWNER, 9, sm=40, enc=20),
            sample(11, 7, enc=50),
            sample(GUEST, 8, sm=10),
        ]
        nvml = Nvml(first, [sample(GUEST, 3, sm=70)], 6, 3)
        self.assertEqual((0.6, 0.7), self.read(nvml))
        self.read(nvml)
        self.assertEqual([0, 0, 0, 0, 9, 3, 0, 0], nvml.since_us)
        self.assertEqual(1, nvml.begun)
        self.gpus.close()
        self.assertEqual(0, nvml.begun)

    def test_nobody_used_it(self) -> None:
        self.assertEqual((0.0, 0.0), self.read(Nvml(6)))

    def test_device_that_cannot_tell_has_no_say(self) -> None:
        self.assertIsNone(self.read(Nvml(3)))

    def test_library_that_is_missing_has_no_say_and_is_named(self) -> None:
        self.assertIsNone(self.read(None))
        self.assertIn('nova-desktop[nvidia]', self.gpus.missing)
        self.read(Nvml(6))
        self.assertEqual('', self.gpus.missing)

    def test_failure_is_one_and_the_next_time_begins_anew(self) -> None:
        lost = Nvml(15)
        with self.assertRaisesRegex(nvidia.Unreadable, 'error 15'):
            self.read(lost)
        self.assertEqual(0, lost.begun)
        broken = Nvml()
        broken.failure = NVMLError(18)
        with self.assertRaisesRegex(nvidia.Unreadable, 'error 18'):
            self.read(broken)
        self.assertEqual((0.0, 0.0), self.read(Nvml(6)))

    def test_sleeping_device_is_not_woken_up(self) -> None:
        nvml = Nvml([sample(OWNER, sm=90)])
        self.power('suspended')
        self.assertEqual((0.0, 0.0), self.read(nvml))
        self.assertEqual([], nvml.since_us)
        self.power('active')
        self.assertEqual((0.9, 0.0), self.read(nvml))
        self.power('suspended')
        self.read(nvml)
        self.assertEqual(0, nvml.begun)
