# SPDX-License-Identifier: Apache-2.0
import types
import unittest

from nova.compute import task_states

from nova_desktop.virt import belonging

HERE, ELSEWHERE, UNCLEAR = (
    belonging.Place.HERE,
    belonging.Place.ELSEWHERE,
    belonging.Place.UNCLEAR,
)


def judge(host: str | None = 'desk1', evacuations=(), **changes):
    fields = {'host': host, 'deleted': False, 'task_state': None, **changes}
    return belonging.judge(
        types.SimpleNamespace(**fields), 'desk1', evacuations
    )[0]


class JudgeTest(unittest.TestCase):
    def test_plain(self) -> None:
        self.assertEqual(HERE, judge())
        self.assertEqual(ELSEWHERE, judge('desk2'))
        self.assertEqual(ELSEWHERE, judge(None), 'shelved meanwhile')
        self.assertEqual(ELSEWHERE, judge(deleted=True))

    def test_what_nova_never_knew_is_not_destroyed(self) -> None:
        self.assertEqual(UNCLEAR, belonging.judge(None, 'desk1', ())[0])

    def test_evacuation_on_its_way(self) -> None:
        for status in ('accepted', 'pre-migrating'):
            self.assertEqual(UNCLEAR, judge(evacuations=[status]))
        for task in (
            task_states.REBUILDING,
            task_states.REBUILD_BLOCK_DEVICE_MAPPING,
            task_states.REBUILD_SPAWNING,
        ):
            self.assertEqual(UNCLEAR, judge(task_state=task))

    def test_evacuations_of_the_past(self) -> None:
        for status in ('failed', 'error', 'done', 'completed'):
            self.assertEqual(HERE, judge(evacuations=[status]))

    def test_tasks_that_do_not_move_it(self) -> None:
        self.assertEqual(HERE, judge(task_state=task_states.POWERING_OFF))

    def test_migration_on_its_way(self) -> None:
        # In between the copy here may be the only whole one.
        task = task_states.MIGRATING
        self.assertEqual(UNCLEAR, judge(task_state=task))
        self.assertEqual(UNCLEAR, judge('desk2', task_state=task))
