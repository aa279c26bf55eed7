# SPDX-License-Identifier: Apache-2.0
"""Guests in which the script that is shipped runs a hook."""

from sandbox import cloud
from tests.sandbox import base


class HookedCase(base.SandboxTest):
    """A guest whose hook prints what it is told, with its own notice."""

    FLAVOR = 'desk.told'
    IMAGE = 'tiny-hook'
    NOTICE_S = 20

    @classmethod
    def setUpClass(cls) -> None:
        """Make the flavor."""
        super().setUpClass()
        specs = cloud.desk_specs(notice=str(cls.NOTICE_S))
        cloud.make_flavor(cls.compute, cls.FLAVOR, specs)

    def hooked(self, event: str, host: str, patience_s: float) -> str:
        """Wait for the hook on a host's console; give its latest line."""
        word = f'HOOK event={event} '.encode()
        found = self.console.wait_for(host, word, patience_s)
        self.assertIsNotNone(found, f'no hook of {event}')
        return self.console.line_with(host, word)
