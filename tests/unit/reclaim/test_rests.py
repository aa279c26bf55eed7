# SPDX-License-Identifier: Apache-2.0

import unittest

from nova_desktop.reclaim.rests import Rests


class RestsTest(unittest.TestCase):
    def setUp(self):
        self.rests = Rests(60)

    def fail(self, server_id='a', now=0, host='desk1', no_room=False):
        return self.rests.failed(server_id, now, host, no_room)

    def test_doubled_up_to_a_bound(self):
        self.assertEqual(
            [60, 120, 240, 480, 960, 960], [self.fail() for _ in range(6)]
        )

    def test_it_ends(self):
        self.fail()
        self.assertEqual({'a'}, self.rests.resting(59, 'desk1'))
        self.assertEqual(set(), self.rests.resting(61, 'desk1'))
        self.assertEqual(120, self.fail(now=61))

    def test_nothing_is_held_against_another_host(self):
        self.fail()
        self.assertEqual(set(), self.rests.resting(0, 'desk2'))
        self.assertEqual(set(), self.rests.resting(0, ''))
        self.assertEqual(60, self.fail(host='desk2'))

    def test_forgotten_on_every_host(self):
        self.fail()
        self.fail(host='')
        self.fail('b')
        self.rests.forget('a')
        self.assertEqual({'b'}, self.rests.resting(0, 'desk1'))
        self.assertEqual(set(), self.rests.resting(0, ''))

    def test_room_again_ends_only_what_was_for_want_of_it(self):
        self.fail('a', host='', no_room=True)
        self.fail('b', host='')
        self.rests.room_again()
        self.assertEqual({'b'}, self.rests.resting(0, ''))

    def test_long_ago_is_forgotten(self):
        self.fail()
        self.rests.resting(90000, 'desk1')
        self.assertEqual(60, self.fail(now=90000))
