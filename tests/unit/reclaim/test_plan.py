# SPDX-License-Identifier: Apache-2.0

import dataclasses
import unittest

from nova_desktop.reclaim import checkpoint, grace, plan
from tests.unit.reclaim import fakes

STOP = fakes.specs('stop')


def make(*servers, keep=1024, leaving=(), resting=(), **changes):
    return plan.make(
        servers,
        fakes.request(keep),
        leaving,
        resting,
        fakes.START,
        fakes.settings(**changes),
    )


def ids(made):
    return [guest.server_id for guest in made.victims]


class PlanTest(unittest.TestCase):
    def setUp(self):
        self.old = fakes.server(
            'old', extra_specs=STOP, since_unix_s=fakes.START - 900
        )
        self.young = fakes.server(
            'young', extra_specs=STOP, since_unix_s=fakes.START - 90
        )

    def test_a_checkpoint_makes_a_server_cheaper(self):
        self.assertEqual([self.young.id], ids(make(self.old, self.young)))
        saved = dataclasses.replace(
            self.old, metadata={checkpoint.KEY: str(fakes.START - 60)}
        )
        self.assertEqual([saved.id], ids(make(saved, self.young)))

    def test_rates_are_the_options(self):
        moved = fakes.server('moved', extra_specs=fakes.specs('live-migrate'))
        servers = (self.young, moved)
        self.assertEqual([moved.id], ids(make(*servers)))
        self.assertEqual(
            [self.young.id], ids(make(*servers, link_mib_per_s=10))
        )

    def test_disks_that_must_be_saved_count(self):
        shelved = fakes.server(
            'shelved',
            extra_specs=fakes.specs('shelve'),
            since_unix_s=fakes.START,
            disk_gib=10,
        )
        servers = (self.young, shelved)
        self.assertEqual([self.young.id], ids(make(*servers)))
        self.assertEqual(
            [shelved.id],
            ids(make(*servers, link_mib_per_s=500, disk_mib_per_s=500)),
        )

    def test_a_lock_is_passed_and_told(self):
        locked = dataclasses.replace(self.young, locked=True)
        made = make(self.old, locked)
        self.assertEqual([locked.id], ids(made))
        self.assertIn(
            f'locked, which does not spare: {locked.id}', made.reason
        )
        self.assertNotIn('locked', make(self.old, self.young).reason)

    def test_a_lock_of_others_is_not_told(self):
        locked = dataclasses.replace(self.old, locked=True)
        self.assertNotIn('locked', make(locked, self.young).reason)

    def told(self, server):
        value = grace.render(
            'stop', fakes.START + 30, 'why', grace.place(server)
        )
        return dataclasses.replace(server, metadata={grace.KEY: value})

    def test_one_that_was_told_goes_first(self):
        told = self.told(self.old)
        self.assertEqual([told.id], ids(make(told, self.young)))

    def test_nobody_new_when_one_has_left(self):
        third = fakes.server(
            'third', extra_specs=STOP, since_unix_s=fakes.START - 95
        )
        first = make(self.old, self.young, third)
        self.assertEqual({self.young.id, third.id}, set(ids(first)))
        again = make(self.old, self.told(third))
        self.assertEqual([third.id], ids(again))

    def test_those_leaving_are_gone_and_those_resting_are_spared(self):
        servers = (self.old, self.young)
        self.assertEqual([], ids(make(*servers, leaving={self.young.id})))
        self.assertEqual(
            [self.old.id], ids(make(*servers, resting={self.young.id}))
        )
