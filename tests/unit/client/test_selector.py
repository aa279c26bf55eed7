# SPDX-License-Identifier: Apache-2.0
import os
import select
import selectors
import unittest

from nova_desktop import client


class EpollSelectorTest(unittest.TestCase):
    def setUp(self) -> None:
        self.selector = client.EpollSelector(select)
        self.addCleanup(self.selector.close)
        self.reader, self.writer = os.pipe()
        self.addCleanup(os.close, self.reader)

    def test_readable_and_writable(self) -> None:
        self.addCleanup(os.close, self.writer)
        self.selector.register(self.reader, selectors.EVENT_READ, 'r')
        self.assertEqual([], self.selector.select(0))
        os.write(self.writer, b'x')
        ((key, events),) = self.selector.select(1)
        self.assertEqual(('r', selectors.EVENT_READ), (key.data, events))
        self.selector.register(self.writer, selectors.EVENT_WRITE, 'w')
        self.assertEqual(2, len(self.selector.select(1)))
        self.selector.unregister(self.reader)
        ((key, events),) = self.selector.select(1)
        self.assertEqual(('w', selectors.EVENT_WRITE), (key.data, events))

    def test_hang_up_wakes_the_reader(self) -> None:
        self.selector.register(self.reader, selectors.EVENT_READ)
        os.close(self.writer)
        self.assertEqual(1, len(self.selector.select(1)))

    def test_keys(self) -> None:
        os.close(self.writer)
        with self.assertRaises(KeyError):
            self.selector.get_key(self.reader)
        self.selector.register(self.reader, selectors.EVENT_READ)
        with self.assertRaises(KeyError):
            self.selector.register(self.reader, selectors.EVENT_READ)
        self.assertEqual([self.reader], list(self.selector.get_map()))
        self.selector.modify(self.reader, selectors.EVENT_READ, 'new')
        self.assertEqual('new', self.selector.get_key(self.reader).data)
