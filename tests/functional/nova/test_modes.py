# SPDX-License-Identifier: Apache-2.0
"""The threads beside Nova's own, in Nova's mode of native threads.

Under eventlet the sandbox plays the same story.
"""

import threading

from tests.functional.nova import base, control_plane, fake_agent


def _ours() -> set[threading.Thread]:
    return {
        thread
        for thread in threading.enumerate()
        if thread.name.startswith('desktop-')
    }


class ThreadsTest(base.DesktopTestBase):
    def setUp(self) -> None:
        super().setUp()
        control_plane.start(self)
        self.others = _ours()
        self.start_workstation('desk1')

    def new(self) -> set[threading.Thread]:
        return _ours() - self.others

    def assert_ended(self, threads: set[threading.Thread]) -> None:
        for thread in threads:
            thread.join(30.0)
            self.assertFalse(thread.is_alive(), thread.name)

    def test_nova_compute_takes_its_threads_along(self) -> None:
        first = self.new()
        self.assertEqual(
            [
                'desktop-agent-log',
                'desktop-deadman',
                'desktop-fence',
                'desktop-push',
                'desktop-reclaim',
                'desktop-risk',
            ],
            sorted(thread.name for thread in first),
        )
        fake_agent.FakeWatcher.first = fake_agent.AWAY
        self.restart_compute_service('desk1')
        self.assert_ended(first)
        second = self.new()
        self.assertEqual(len(first), len(second))
        self.computes['desk1'].stop()
        self.assert_ended(second)
