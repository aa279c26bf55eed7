# SPDX-License-Identifier: Apache-2.0
"""What a guest is told while its owner is only expected back."""

import json
import pathlib
import re
import time

from sandbox import supervise
from tests.sandbox import base, hooked, outside

# The agent waits for its owner to be away, nova-compute looks each minute.
_PATIENCE_S = 120
# So long was the owner away each time; he is expected until then.
_ABSENCE_S = 90.0
_ABSENCES = 20


class AtRiskCase(hooked.HookedCase):
    """A desk whose owner has so far come back after a minute and a half."""

    def setUp(self) -> None:
        """Give the agent a past to forecast from."""
        super().setUp()
        self.tenant = outside.Outside(self, self.server)
        self.restart_agent(self.absences())
        self.addCleanup(self.restart_agent, '')

    def absences(self) -> str:
        """Give so many absences, an hour apart, as the agent keeps them."""
        now = time.time()
        begins = (now - 3600 * n for n in range(_ABSENCES, 0, -1))
        return ''.join(
            json.dumps([begin, begin + _ABSENCE_S]) + '\n' for begin in begins
        )

    def restart_agent(self, history: str) -> None:
        """Start the host's agent anew with other absences."""
        agent = f'{self.host.name}-agent'
        supervise.stop(agent)
        folder = pathlib.Path(self.host.dir, 'agent')
        (folder / 'absences').write_text(history)
        supervise.start(agent)

    def told(self, event: str) -> str:
        """Wait for the guest's hook; give what it printed."""
        return self.hooked(event, self.host.name, _PATIENCE_S)


class ForecastTest(AtRiskCase):
    """A flavor whose notice the host can wait for."""

    def test_told_while_it_holds_and_that_it_is_over(self) -> None:
        """The owner does not come: longer away than ever he is not due."""
        line = self.told('at-risk')
        left = re.search(r'left=(\d+) ', line)
        assert left, line
        # The guest's clock began with a whole second, up to one too early.
        self.assertTrue(60 <= int(left[1]) <= 302, line)
        heard = self.tenant.notification('desktop.at_risk')
        self.assertEqual(self.host.name, heard['host'])
        self.assertGreater(heard['odds'], 0.7)
        self.assertEqual('', self.tenant.posted('at-risk')['action'])
        self.told('withdrawn')
        self.assertEqual(0, self.tenant.posted('withdrawn')['odds'])
        server = self.compute.get_server(self.server.id)
        self.assertEqual(self.host.name, server.compute_host)
        self.assertNotIn('desktop_notice', server.metadata)


class EarlyTest(AtRiskCase):
    """A flavor that was promised more than the host can wait."""

    FLAVOR = 'desk.early'
    NOTICE_S = 400

    def test_told_before_anybody_needs_it(self) -> None:
        """The owner comes as foreseen: the early notice has run since."""
        deadline = self.tenant.posted('notice')['deadline']
        self.assertGreater(deadline, time.time() + 300)
        self.assertIn('early notice', self.tenant.mail('has to leave'))
        self.assertIn('live-migrate', self.told('notice'))
        self.assertGreater(
            self.tenant.notification('desktop.notice')['odds'], 0.7
        )
        server = self.compute.get_server(self.server.id)
        self.assertNotIn('desktop_notice', server.metadata)
        self.owner(self.host.name, 'back')
        told = base.wait_until(self.notice, 'the notice', _PATIENCE_S)
        self.assertEqual(deadline, told['deadline'])
        self.assertLess(deadline, time.time() + self.NOTICE_S)
