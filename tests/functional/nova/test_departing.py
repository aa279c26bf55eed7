# SPDX-License-Identifier: Apache-2.0
"""A workstation sleeps, wakes, is cut off or shut down."""

from nova import utils

from nova_desktop import model
from tests.functional.nova import control_plane, departing, fake_agent
from tests.functional.nova.departing import RUNS, STANDS


class SleepTest(departing.DepartingBase):
    def setUp(self) -> None:
        super().setUp()
        self.start_workstation('desk1')
        self.server = self.boot()
        self.server_id = self.server['id']

    def test_guests_go_on_once_nova_has_them_here(self) -> None:
        fenced = self.fall_asleep('desk1')
        self.assertEqual((self.server_id,), fenced)
        self.wake('desk1', fenced)
        watcher = self.watcher('desk1')
        # Until Nova has heard of it again, nobody runs.
        self.assertEqual([], watcher.unfenced)
        self.assertEqual({self.server_id: STANDS}, self.domains('desk1'))
        self.wait_beating(
            'desk1', lambda: self.assertIn(self.server_id, watcher.unfenced)
        )
        self.wait_traits('desk1')
        self.assertEqual({self.server_id: RUNS}, self.domains('desk1'))

    def test_the_promise_holds_over_novas_own_update(self) -> None:
        fenced = self.fall_asleep('desk1')
        self.update('desk1')
        self.wait_traits('desk1', model.ASLEEP)
        self.say('desk1', fake_agent.status(fenced=()))
        self.wait_traits('desk1')
        self.update('desk1')
        self.assertEqual(set(), self.traits('desk1'))
        self.assertTrue(fenced)

    def test_evacuated_meanwhile(self) -> None:
        other = self.boot()
        fenced = self.fall_asleep('desk1')
        self.start_workstation('desk2')
        self.silence('desk1')
        # As the reclaim service asks: later ones leave it stopped there.
        with utils.temporary_mutation(self.api, microversion='2.90'):
            self.api.post_server_action(self.server_id, {'evacuate': {}})
        self._wait_for_server_parameter(
            self.server,
            {'OS-EXT-SRV-ATTR:host': 'desk2', 'status': 'ACTIVE'},
        )
        self.assertEqual({self.server_id: RUNS}, self.domains('desk2'))
        self.assertEqual(
            {self.server_id: STANDS, other['id']: STANDS},
            self.domains('desk1'),
        )
        self.wake('desk1', fenced)
        self.wait_beating(
            'desk1',
            lambda: self.assertEqual(
                [other['id']], list(self.domains('desk1'))
            ),
        )
        watcher = self.watcher('desk1')
        self._wait_for_assert(
            lambda: self.assertIn(other['id'], watcher.unfenced)
        )
        self.assertNotIn(self.server_id, watcher.unfenced)
        # Nova takes the end of the copy for none of the server's.
        server = self.api.get_server(self.server_id)
        self.assertEqual('ACTIVE', server['status'])
        self.assertEqual({self.server_id: RUNS}, self.domains('desk2'))
        # Its next start takes the rest of it away.
        self.assertEqual({self.server_id, other['id']}, self.defined('desk1'))
        fake_agent.FakeWatcher.first = fake_agent.AWAY
        self.restart_compute_service('desk1')
        self.assertEqual({other['id']}, self.defined('desk1'))

    def test_forced_down_stays_fenced(self) -> None:
        fenced = self.fall_asleep('desk1')
        self.down('desk1')
        self.wake('desk1', fenced)
        for _ in range(3):
            self.beat('desk1')
            self.driver('desk1').desktop._fence.step()
        self.assertEqual([], self.watcher('desk1').unfenced)
        self.down('desk1', False)
        self.wait_beating(
            'desk1',
            lambda: self.assertIn(
                self.server_id, self.watcher('desk1').unfenced
            ),
        )

    def test_deleted_meanwhile(self) -> None:
        fenced = self.fall_asleep('desk1')
        self.computes['desk1'].stop()
        self.down('desk1')
        self.api.delete_server(self.server_id)
        self._wait_until_deleted(self.server)
        self.assertEqual({self.server_id: STANDS}, self.domains('desk1'))
        self.down('desk1', False)
        fake_agent.FakeWatcher.first = fake_agent.status(fenced=fenced)
        self.restart_compute_service('desk1')
        self.driver('desk1').desktop._fence._settle_s = 0.2
        self.wait_beating(
            'desk1', lambda: self.assertEqual({}, self.domains('desk1'))
        )


class CutOffTest(departing.DepartingBase):
    def setUp(self) -> None:
        super().setUp()
        self.flags(fence_after_s=3, group='desktop')

    def test_put_off_while_nova_hears_of_the_host(self) -> None:
        self.start_workstation('desk1')
        watcher = self.watcher('desk1')
        self.wait_beating(
            'desk1', lambda: self.assertIn(model.FENCE, self.traits('desk1'))
        )
        self.assertTrue(set(watcher.fences_in) <= {1, 2, 3})
        self.update('desk1')
        self.assertEqual({model.FENCE}, self.traits('desk1'))
        # No sign of life any more: it is put off no further.
        self._wait_for_assert(
            lambda: self.assertFalse(
                self.driver('desk1').desktop._dead_man.holds()
            )
        )
        number = len(watcher.fences_in)
        self.driver('desk1').desktop._dead_man.step()
        self.assertEqual(number, len(watcher.fences_in))

    def test_an_agent_that_falls_silent(self) -> None:
        self.start_workstation('desk1')
        self.wait_beating(
            'desk1', lambda: self.assertIn(model.FENCE, self.traits('desk1'))
        )
        self.say('desk1', None)
        self.wait_traits('desk1')

    def test_stopped_on_purpose(self) -> None:
        self.start_workstation('desk1')
        self.wait_beating(
            'desk1', lambda: self.assertIn(model.FENCE, self.traits('desk1'))
        )
        watcher = self.watcher('desk1')
        self.driver('desk1').cleanup_host('desk1')
        self.assertEqual(0, watcher.fences_in[-1])
        self.wait_traits('desk1')


class ShutdownTest(departing.DepartingBase):
    def test_guests_are_to_be_saved(self) -> None:
        service = control_plane.start(self)
        self.start_workstation('desk1')
        self.boot()
        self._wait_for_assert(lambda: self.assertTrue(service.returned))
        self.say(
            'desk1',
            fake_agent.status(
                model.NOTHING, model.Presence.ACTIVE, departing='shutdown'
            ),
        )
        self._wait_for_assert(lambda: self.assertTrue(service.reclaims))
        asked = service.reclaims[0]
        self.assertTrue(asked.departs)
        self.assertEqual(0, asked.keep_memory_mib)
        self.assertGreater(asked.within_s, 80)
        service.returned.clear()
        # Cancelled, and the owner is still here.
        self.say('desk1', fake_agent.AT_WORK)
        self._wait_for_assert(lambda: self.assertTrue(service.returned))
