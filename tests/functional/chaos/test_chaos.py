# SPDX-License-Identifier: Apache-2.0
"""Two seeds of disorder, each with an agent and guests of its own."""

import pathlib
import sys
import tempfile
import unittest

from tests.chaos import story
from tests.functional.hypervisor import host

SECONDS = 12.0


@unittest.skipUnless(host.usable(), 'needs root, cgroup v1, libvirtd and QEMU')
class ChaosTest(unittest.TestCase):
    def play(self, seed: int) -> None:
        folder = pathlib.Path(tempfile.gettempdir()) / 'nova-desktop-chaos'
        outcome = story.play(seed, SECONDS, folder)
        print(outcome.line(), file=sys.stderr)
        self.assertEqual((), outcome.problems, outcome.line())

    def test_one(self) -> None:
        self.play(1)

    def test_two(self) -> None:
        self.play(2)
