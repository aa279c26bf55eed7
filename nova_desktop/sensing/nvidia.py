# SPDX-License-Identifier: Apache-2.0
"""Who keeps NVIDIA's GPUs busy, where its own driver and NVML are there.

That driver tells nothing in fdinfo. The library is optional: without it these
GPUs have no say.
"""

import importlib
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

_DRIVER = 'driver/nvidia'
_ENGINES = ('smUtil', 'encUtil', 'decUtil')

Shares = tuple[float, float]
"""The part (0 to 1) of the busiest engine: the owner's and the guests'."""


class Unreadable(Exception):
    """NVML is there, and a GPU, and it does not answer."""


class Nvidia:
    """Asks NVML for what each process used since the last time."""

    def __init__(self, proc: Path, pci: Path) -> None:
        """Take ``/proc``, and where the driver's devices are in /sys."""
        self.missing = ''
        """What is missing for these GPUs to have a say."""
        self._proc = proc
        self._pci = pci
        self._nvml: Any = None
        self._seen_us: dict[int, int] = {}

    def has_gpu(self) -> bool:
        """Say whether NVIDIA's own driver runs a GPU."""
        return (self._proc / _DRIVER).exists()

    def read(self, is_guest: Callable[[int], bool]) -> Shares | None:
        """Give who used how much; None where nobody can tell.

        Raises Unreadable.
        """
        if self._asleep():
            # Asking would wake it up, and nobody uses it.
            self.close()
            return 0.0, 0.0
        if self._nvml is None and not self._open():
            return None
        try:
            return self._read(is_guest)
        except self._nvml.NVMLError as problem:
            self.close()
            raise Unreadable(f'NVML: {problem}') from problem

    def close(self) -> None:
        """Let go of the GPUs."""
        nvml, self._nvml = self._nvml, None
        if nvml is None:
            return
        try:
            nvml.nvmlShutdown()
        except nvml.NVMLError as problem:
            self.missing = f'NVML: {problem}'

    def _open(self) -> bool:
        try:
            nvml = importlib.import_module('pynvml')
        except ImportError:
            self.missing = (
                'what uses the NVIDIA GPU is not seen: install '
                'nova-desktop[nvidia]'
            )
            return False
        try:
            nvml.nvmlInit()
        except nvml.NVMLError as problem:
            raise Unreadable(f'NVML does not start: {problem}') from problem
        self._nvml, self.missing = nvml, ''
        return True

    def _asleep(self) -> bool:
        """Say whether every GPU of the driver is powered down."""
        states = [
            path.read_text().strip()
            for path in self._pci.glob('*:*/power/runtime_status')
        ]
        return bool(states) and set(states) == {'suspended'}

    def _read(self, is_guest: Callable[[int], bool]) -> Shares | None:
        nvml, told = self._nvml, []
        for index in range(nvml.nvmlDeviceGetCount()):
            try:
                told.append(self._device(index, is_guest))
            except nvml.NVMLError as problem:
                if problem.value == nvml.NVML_ERROR_NOT_SUPPORTED:
                    continue
                raise
        if not told:
            return None
        owners, guests = zip(*told, strict=True)
        return max(owners), max(guests)

    def _device(self, index: int, is_guest: Callable[[int], bool]) -> Shares:
        nvml = self._nvml
        handle = nvml.nvmlDeviceGetHandleByIndex(index)
        since_us = self._seen_us.get(index, 0)
        try:
            samples = nvml.nvmlDeviceGetProcessUtilization(handle, since_us)
        except nvml.NVMLError as problem:
            if problem.value != nvml.NVML_ERROR_NOT_FOUND:
                raise
            # Nobody used it since.
            return 0.0, 0.0
        self._seen_us[index] = max(
            (each.timeStamp for each in samples), default=since_us
        )
        by_pid: dict[int, list[Any]] = defaultdict(list)
        for each in samples:
            by_pid[each.pid].append(each)
        used = {pid: _mean(several) for pid, several in by_pid.items()}
        guests = {pid for pid in used if is_guest(pid)}
        return (
            _busiest(
                [each for pid, each in used.items() if pid not in guests]
            ),
            _busiest([used[pid] for pid in guests]),
        )


def _mean(samples: list[Any]) -> Mapping[str, float]:
    """Give a process's part of each engine over its samples.

    Idle time has none, so that it is rather too much than too little.
    """
    return {
        engine: sum(getattr(each, engine) for each in samples)
        / len(samples)
        / 100
        for engine in _ENGINES
    }


def _busiest(used: list[Mapping[str, float]]) -> float:
    parts = (sum(each[engine] for each in used) for engine in _ENGINES)
    return min(1.0, max(parts))
