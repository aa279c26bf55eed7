# SPDX-License-Identifier: Apache-2.0
"""A guest's stand-in: burns a CPU and counts in shared memory.

Started as a file: ``python -S standin.py DESCRIPTOR SLOT``.
"""

import ctypes
import mmap
import os
import signal
import sys

SLOTS = 64
"""How many stand-ins one shared memory holds."""
STRIDE = 8
"""Counters lie that many 8-byte words apart: on cache lines of their own."""
BYTES = SLOTS * STRIDE * 8
_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Count for ever; end with the process that started this one."""
    parent = os.getppid()
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        return  # it ended before it could be asked for
    descriptor, slot = map(int, sys.argv[1:])
    counters = memoryview(mmap.mmap(descriptor, BYTES)).cast('Q')
    place, count = slot * STRIDE, 0
    while True:
        count += 1
        counters[place] = count


if __name__ == '__main__':
    main()
