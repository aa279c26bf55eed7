# SPDX-License-Identifier: Apache-2.0
"""Who is behind the fence stays paused, whatever the ladder wants."""

from nova_desktop import exception
from nova_desktop.mechanism import durable, fence
from nova_desktop.model import PauseTarget
from tests.unit.mechanism import libvirt_double as double
from tests.unit.mechanism import test_pause

ASLEEP = PauseTarget(everybody=True, fence='the host prepares for sleep')
NOBODY = test_pause.NOBODY


class FenceCase(test_pause.PauseCase):
    def setUp(self) -> None:
        super().setUp()
        self.a, self.b = map(self.connection.add, 'ab')

    def sleep(self) -> None:
        self.pause.apply(ASLEEP)
        self.connection.calls.clear()

    def lift(self, uuid: str) -> None:
        self.pause.fence.lift(uuid, 'it does')

    def on_disk(self) -> fence.Fence:
        return fence.Fence(self.record.with_name('fence.json'))


class OrderTest(FenceCase):
    def test_on_the_disk_before_anybody_is_asked_or_paused(self) -> None:
        seen: list[tuple[str, str, set[str]]] = []

        def note(what: str) -> None:
            found = self.on_disk()
            seen.append((what, found.closed, set(found.members)))

        self.a.before = note
        self.pause.apply(ASLEEP)
        self.assertEqual(('XMLDesc', ASLEEP.fence, set()), seen[0])
        self.assertEqual(('suspend', ASLEEP.fence, {'a', 'b'}), seen[-1])
        self.assertEqual(ASLEEP, self.pause.current())

    def test_without_libvirt_it_is_closed_until_there_is_one(self) -> None:
        self.connection.error = double.BROKEN
        for target in (ASLEEP, NOBODY):
            self.failing(target)
            self.assertEqual(ASLEEP.fence, self.on_disk().closed)
        self.connection.error = None
        self.pause.apply(NOBODY)
        self.assertEqual({'a', 'b'}, self.paused())
        self.assertEqual('', self.on_disk().closed)

    def test_full_disk_pauses_all_the_same(self) -> None:
        full = OSError(28, 'No space left')
        with double.mock.patch.object(durable, 'replace', side_effect=full):
            self.assertIn('fence.json', self.failing(ASLEEP))
        self.assertEqual({'a', 'b'}, self.paused())


class WakeTest(FenceCase):
    def test_only_who_belongs_here(self) -> None:
        self.sleep()
        self.pause.apply(NOBODY)
        self.assertEqual({'a', 'b'}, self.paused())
        self.assertFalse(self.pause.is_released)
        self.assertEqual(NOBODY, self.pause.current())
        self.lift('a')
        self.assertNotEqual(NOBODY, self.pause.current())
        self.pause.apply(NOBODY)
        self.assertEqual({'b'}, self.paused())
        self.assertTrue(self.a.clock_set.wait(test_pause.PATIENCE_S))
        self.lift('b')
        # Nothing is behind it any more, and one is still to go on.
        self.assertFalse(self.pause.is_released)
        self.pause.apply(NOBODY)
        self.assertEqual((set(), []), (self.paused(), self.recorded()))
        self.assertTrue(self.pause.is_released)

    def test_who_belongs_here_waits_for_the_ladder(self) -> None:
        self.sleep()
        self.pause.apply(test_pause.EVERYBODY)
        self.lift('a')
        self.pause.apply(test_pause.EVERYBODY)
        self.assertEqual({'a', 'b'}, self.paused())
        self.pause.apply(NOBODY)
        self.assertEqual({'b'}, self.paused())

    def test_leaving_is_no_way_out(self) -> None:
        self.sleep()
        self.pause.apply(PauseTarget(spared=frozenset('ab')))
        self.assertEqual({'a', 'b'}, self.paused())

    def test_tenants_own_pause_stays(self) -> None:
        self.a.suspend()
        self.sleep()
        self.pause.apply(NOBODY)
        self.lift('a')
        self.lift('b')
        self.pause.apply(NOBODY)
        self.assertEqual({'a'}, self.paused())

    def test_resumed_by_somebody_else_is_paused_again(self) -> None:
        self.sleep()
        self.pause.apply(NOBODY)
        self.a.resume()
        self.assertNotEqual(NOBODY, self.pause.current())
        self.pause.apply(NOBODY)
        self.assertEqual({'a', 'b'}, self.paused())

    def test_one_that_came_at_the_last_moment(self) -> None:
        self.sleep()
        self.connection.add('late')
        self.pause.apply(NOBODY)
        self.assertEqual({'a', 'b', 'late'}, self.paused())
        self.connection.add('new')
        self.pause.apply(NOBODY)
        self.assertEqual({'a', 'b', 'late'}, self.paused())

    def test_killed_agent_takes_the_fence_over(self) -> None:
        self.sleep()
        self.pause = self.construct()
        self.assertFalse(self.pause.is_released)
        self.pause.apply(NOBODY)
        self.assertEqual({'a', 'b'}, self.paused())
        self.lift('a')
        self.pause.apply(NOBODY)
        self.assertEqual({'b'}, self.paused())

    def test_one_that_ended(self) -> None:
        self.sleep()
        self.connection.domains.remove(self.b)
        self.pause.apply(NOBODY)
        self.assertEqual({'a'}, set(self.pause.fence.members))

    def test_release_leaves_nothing(self) -> None:
        self.sleep()
        self.pause.release()
        self.assertEqual(set(), self.paused())
        self.assertFalse(self.record.with_name('fence.json').exists())


class KnownTest(double.LibvirtCase):
    def test_in_doubt_it_could_start(self) -> None:
        self.connection.defined.add('a')
        self.assertTrue(self.hypervisor.knows('a'))
        self.assertFalse(self.hypervisor.knows('b'))
        self.connection.alive = False
        self.connect.side_effect = exception.MechanismFailed('no daemon')
        self.assertTrue(self.hypervisor.knows('b'))
