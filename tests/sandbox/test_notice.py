# SPDX-License-Identifier: Apache-2.0
"""Notices as a guest sees them, with the script that is shipped for it."""

import math
import re

from sandbox import observe
from tests.sandbox import base, hooked, outside

_PATIENCE_S = 60


class HookTest(hooked.HookedCase):
    """A guest that is told, in time: its notice is long enough for that."""

    def test_told_how_long_before(self) -> None:
        """Its hook runs with most of the notice left.

        The guests are held to a fiftieth of a CPU by then, but for what one
        gets that is told.
        """
        source = self.host.name
        tenant = outside.Outside(self, self.server)
        self.owner_returns()
        line = self.hooked('notice', source, _PATIENCE_S)
        left = re.search(r'action=live-migrate left=(\d+) ', line)
        assert left, line
        self.assertGreater(int(left[1]), self.NOTICE_S * 3 / 4)
        deadline = re.search(r'deadline=(\d+) ', line)
        assert deadline, line
        self.check_told(tenant, int(deadline[1]))
        server = base.wait_until(
            lambda: self.moved_from(source), f'the guest left {source}', 120
        )
        self.hooked('withdrawn', server.compute_host, _PATIENCE_S)

    def check_told(self, tenant: outside.Outside, deadline: int) -> None:
        """Its tenant and the operator were told the same."""
        posted = tenant.posted('notice')
        self.assertEqual(
            ('live-migrate', deadline), (posted['action'], posted['deadline'])
        )
        mail = tenant.mail('has to leave')
        self.assertIn('live-migrate', mail)
        heard = tenant.notification('desktop.notice')
        self.assertEqual(
            (self.host.name, deadline),
            (heard['host'], math.ceil(heard['deadline_unix_s'])),
        )


class AcknowledgedTest(base.SandboxTest):
    """A guest that agrees from inside."""

    IMAGE = 'tiny-ack'

    def test_it_goes_long_before_its_time(self) -> None:
        """Of a notice of ten minutes it takes a few seconds."""
        source = self.host.name
        self.owner_returns()
        agreed = self.console.wait_for(source, b'HOOK-ACK', _PATIENCE_S)
        self.assertIsNotNone(agreed, 'no acknowledgement')
        base.wait_until(
            lambda: source not in self.placement.allocated_on(self.server.id),
            f'the guest left {source}',
            90,
        )
        self.assertLess(observe.now() - (agreed or 0.0), 90)
