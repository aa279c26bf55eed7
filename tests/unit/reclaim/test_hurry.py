# SPDX-License-Identifier: Apache-2.0
import json
import unittest

from nova_desktop.reclaim import grace
from tests.unit.reclaim import fakes

NOTICE_S = 600


class HurryTest(unittest.TestCase):
    """A host that is switched off leaves no time for a long notice."""

    def setUp(self):
        self.clock = fakes.Clock()
        self.a = fakes.server('a', extra_specs=fakes.specs(notice=NOTICE_S))
        self.cloud = fakes.Cloud(self.clock, self.a)
        self.service = fakes.Service(self.cloud)

    def ask(self, within_s=90.0, departs=True):
        return self.service.ask(within_s=within_s, departs=departs)

    def left_after_s(self):
        """Let all go their way; give when the first action began."""
        begun = []
        real = self.cloud.act

        def act(action, server_id):
            begun.append(self.clock.steady())
            return real(action, server_id)

        self.cloud.act = act
        self.service.run()
        return begun[0]

    def told(self):
        text = self.cloud.servers[self.a.id].metadata[grace.KEY]
        return json.loads(text)['deadline'] - fakes.START

    def test_a_third_of_the_time(self):
        self.ask()
        told = []
        self.clock.at(1, lambda: told.append(self.told()))
        self.assertAlmostEqual(30.0, self.left_after_s(), delta=1)
        self.assertEqual([30], told)

    def test_a_short_notice_stays(self):
        specs = fakes.specs(notice=5)
        self.cloud.change(self.a.id, extra_specs=specs)
        self.ask()
        self.assertAlmostEqual(5.0, self.left_after_s(), delta=1)

    def test_a_host_that_stays(self):
        self.ask(departs=False)
        self.service.keep_asking(60)
        self.assertGreaterEqual(self.left_after_s(), NOTICE_S)

    def test_in_its_grace_already(self):
        self.ask(departs=False)
        self.clock.at(9, self.service.aside.run)
        self.clock.at(10, self.ask)
        self.clock.at(11, self.service.aside.run)
        self.assertAlmostEqual(40.0, self.left_after_s(), delta=6)
        # The guest was told again, its tenant has the old word.
        deadlines = [n.deadline_unix_s for _, n in self.service.guests.notices]
        self.assertEqual(
            [fakes.START + NOTICE_S, fakes.START + 40], deadlines[:2]
        )

    def test_the_rest_of_the_time_shortens_no_more(self):
        self.ask()
        for at_s, left_s in ((10, 80.0), (20, 70.0)):
            self.clock.at(at_s, lambda s=left_s: self.ask(s))
        self.assertGreater(self.left_after_s(), 25)
