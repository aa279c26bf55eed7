# SPDX-License-Identifier: Apache-2.0

import unittest

from nova_desktop.policy import comeback


class ComebackTest(unittest.TestCase):
    def test_it_grows(self):
        self.assertEqual(
            [0, 0, 60, 120, 240, 480, 960, 960],
            [comeback.wait_s(times, 60) for times in range(8)],
        )
