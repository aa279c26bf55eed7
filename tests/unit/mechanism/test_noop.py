# SPDX-License-Identifier: Apache-2.0
"""The twin that does nothing."""

import unittest

from nova_desktop.mechanism import noop
from nova_desktop.model import CoreTarget


class NoopTest(unittest.TestCase):
    def test_any_target(self) -> None:
        twin = noop.Noop(CoreTarget())
        self.assertEqual(CoreTarget(), twin.current())
        twin.apply(CoreTarget((1,)))
        self.assertEqual(CoreTarget((1,)), twin.current())
        twin.release()
        self.assertEqual([CoreTarget((1,))], twin.applied)
