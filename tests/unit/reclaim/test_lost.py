# SPDX-License-Identifier: Apache-2.0
import threading
import unittest

from nova_desktop import model
from nova_desktop.messages import What
from nova_desktop.policy import lost as policy
from nova_desktop.reclaim import nouns
from nova_desktop.reclaim.hosts import Hosts
from nova_desktop.reclaim.journal import Journal
from nova_desktop.reclaim.lost import Lost
from tests.unit.reclaim import fakes

LOG = 'nova_desktop.reclaim.lost'


class Bench(unittest.TestCase):
    def setUp(self) -> None:
        self.clock = fakes.Clock()
        self.cloud = fakes.Cloud(self.clock)
        self.stop = threading.Event()
        self.told: list = []
        self.lost = self.service()

    def service(self, **changes) -> Lost:
        """Give a service; one more is another worker, or a restart."""
        settings = fakes.settings(**changes)
        return Lost(
            self.cloud,
            Hosts(settings),
            Journal('w1', self.clock, 100, self.told.append),
            settings,
            self.clock,
            self.stop,
        )

    def server(self, name='a', on_lost='evacuate', **changes) -> str:
        specs = fakes.specs(**{'desktop:on_lost': on_lost})
        made = fakes.server(name, **{'extra_specs': specs, **changes})
        self.cloud.servers[made.id] = made
        return made.id

    def notes(self) -> list:
        return [(entry.what, entry.server_id) for entry in self.told]

    def pass_s(self, seconds: float) -> None:
        self.clock.wait(threading.Event(), seconds)


class LostTest(Bench):
    def test_asleep_behind_its_fence(self) -> None:
        a = self.server()
        self.cloud.lose('desk1', 1000.0, model.ASLEEP)
        self.assertEqual([a], self.lost.scan())
        self.assertEqual([(What.EVACUATED, a)], self.notes())
        self.pass_s(10)
        self.assertEqual([], self.lost.scan())
        self.assertEqual('desk2', self.cloud.servers[a].host)
        self.assertEqual((What.RETURNED, a), self.notes()[-1])

    def test_fences_itself(self) -> None:
        a = self.server()
        self.cloud.lose('desk1', 599.0, model.FENCE)
        self.assertEqual([], self.lost.scan())
        self.pass_s(2)
        self.assertEqual([a], self.lost.scan())

    def test_without_a_fence_never_and_said_once(self) -> None:
        a = self.server()
        self.cloud.lose('desk1', 10**6)
        with self.assertLogs(LOG, 'WARNING') as logged:
            for _ in range(3):
                self.assertEqual([], self.lost.scan())
        self.assertEqual(1, len(logged.output))
        self.assertEqual([(What.LOST, a)], self.notes())
        self.assertEqual(policy.NO_FENCE, self.told[0].text)

    def test_said_anew_of_the_next_loss(self) -> None:
        self.server()
        self.cloud.lose('desk1')
        self.lost.scan()
        self.cloud.nova_computes.clear()
        self.lost.scan()
        self.cloud.lose('desk1')
        self.lost.scan()
        self.assertEqual(2, len(self.notes()))

    def test_who_waits(self) -> None:
        self.server(on_lost='wait')
        self.server('b', extra_specs=fakes.specs())
        self.server('c', extra_specs={'desktop:on_lost': 'evacuate'})
        self.cloud.lose('desk1', 1000.0, model.ASLEEP)
        self.assertEqual([], self.lost.scan())
        self.assertEqual([], self.notes())

    def test_states(self) -> None:
        for number, state in enumerate(('stopped', 'paused', 'suspended')):
            self.server(str(number), vm_state=state)
        self.server('busy', task_state='powering-off')
        a = self.server()
        self.cloud.lose('desk1', 1000.0, model.ASLEEP)
        self.assertEqual([a], self.lost.scan())

    def test_up_forced_down_and_no_workstation(self) -> None:
        for name in ('desk1', 'desk2', 'desk3'):
            self.server(name, host=name, node=name)
            self.cloud.lose(name, 1000.0, model.ASLEEP, forced=name == 'desk2')
        up = nouns.Compute('desk1', True, False, self.clock.now)
        self.cloud.nova_computes['desk1'] = up
        self.cloud.traits['desk3'] = frozenset({model.ASLEEP})
        self.assertEqual([], self.lost.scan())

    def test_the_promise_ends_between_two_looks(self) -> None:
        self.server()
        self.cloud.lose('desk1', 1000.0, model.ASLEEP)
        asked = []

        def traits_of(node):
            asked.append(node)
            more = {model.ASLEEP} if len(asked) == 1 else set()
            return frozenset({model.TRAIT, *more})

        self.cloud.traits_of = traits_of
        self.assertEqual([], self.lost.scan())
        self.assertEqual(2, len(asked))

    def test_oldest_first_and_a_few_at_a_time(self) -> None:
        self.lost = self.service(evacuate_batch=2)
        ids = [
            self.server(str(n), since_unix_s=fakes.START - n)
            for n in range(1, 6)
        ]
        self.cloud.lose('desk1', 1000.0, model.ASLEEP)
        self.assertEqual([ids[4], ids[3]], self.lost.scan())
        self.assertEqual([], self.lost.scan(), 'two are under way')
        self.pass_s(10)
        self.assertEqual([ids[2], ids[1]], self.lost.scan())

    def test_the_host_lost_first_goes_first(self) -> None:
        self.lost = self.service(evacuate_batch=1)
        self.server('b', host='desk3', node='desk3')
        a = self.server()
        self.cloud.lose('desk3', 1000.0, model.ASLEEP)
        self.cloud.lose('desk1', 2000.0, model.ASLEEP)
        self.assertEqual([a], self.lost.scan())

    def test_two_workers_do_not_do_it_twice(self) -> None:
        a = self.server()
        self.cloud.lose('desk1', 1000.0, model.ASLEEP)
        other = self.service()
        self.assertEqual([a], self.lost.scan())
        self.assertEqual([], other.scan())
        self.pass_s(10)
        self.assertEqual([], other.scan())
        self.assertEqual([a], self.cloud.evacuations)

    def test_a_conflict_is_the_other_workers(self) -> None:
        a = self.server()
        self.cloud.lose('desk1', 1000.0, model.ASLEEP)
        self.cloud.evacuation_refused = nouns.CloudConflict('409')
        self.assertEqual([], self.lost.scan())
        self.assertEqual([], self.notes())
        self.cloud.evacuation_refused = None
        self.assertEqual([a], self.lost.scan())

    def test_refused_rests(self) -> None:
        a = self.server()
        self.cloud.lose('desk1', 1000.0, model.ASLEEP)
        self.cloud.evacuation_refused = nouns.CloudRefused('400: it is up')
        for _ in range(2):
            self.assertEqual([], self.lost.scan())
        self.assertEqual([(What.NOT_RETURNED, a)], self.notes())

    def test_no_host_takes_it(self) -> None:
        a = self.server()
        self.cloud.evacuated_to = ''
        self.cloud.lose('desk1', 1000.0, model.ASLEEP)
        self.lost.scan()
        self.pass_s(10)
        self.assertEqual([], self.lost.scan())
        self.assertEqual((What.NOT_RETURNED, a), self.notes()[-1])
        # After a rest it is tried again, also by one that was restarted.
        self.cloud.evacuated_to = 'desk2'
        self.pass_s(61)
        self.assertEqual([a], self.service().scan())

    def test_an_error_of_its_own_is_left_alone(self) -> None:
        self.server(vm_state='error')
        self.cloud.lose('desk1', 1000.0, model.ASLEEP)
        self.assertEqual([], self.lost.scan())

    def test_switched_off(self) -> None:
        self.server()
        self.cloud.lose('desk1', 1000.0, model.ASLEEP)
        self.assertEqual([], self.service(evacuate_batch=0).scan())

    def test_an_idle_host_is_looked_at_once(self) -> None:
        self.cloud.lose('desk1', 1000.0, model.ASLEEP)
        self.lost.scan()
        asked = []
        self.cloud.servers_of = asked.append
        self.lost.scan()
        self.assertEqual([], asked)
        self.cloud.servers_of = lambda host: asked.append(host) or []
        self.cloud.lose('desk1', 10.0, model.ASLEEP)
        self.lost.scan()
        self.assertEqual(['desk1'], asked)


class OutageTest(Bench):
    def lose(self, number: int, *promises) -> None:
        for name in (f'd{n}' for n in range(number)):
            self.server(name, host=name, node=name)
            self.cloud.lose(name, 1000.0, *(promises or (model.FENCE,)))

    def test_many_at_once(self) -> None:
        self.lose(3)
        with self.assertLogs(LOG, 'ERROR') as logged:
            for _ in range(2):
                self.assertEqual([], self.lost.scan())
        self.assertEqual(1, len(logged.output))
        self.assertEqual(3, len(self.notes()))

    def test_few(self) -> None:
        self.lose(2)
        self.assertEqual(2, len(self.lost.scan()))

    def test_those_that_sleep_do_not_count(self) -> None:
        self.lose(9, model.ASLEEP)
        self.assertEqual(5, len(self.lost.scan()))

    def test_one_may_be_the_only_one(self) -> None:
        self.cloud.desks = 1
        self.lose(1)
        self.assertEqual(1, len(self.lost.scan()))

    def test_switched_off_without_guests(self) -> None:
        self.lose(2)
        for n in range(8):
            self.cloud.lose(f'off{n}')
        self.assertEqual(2, len(self.lost.scan()))

    def test_over_and_again(self) -> None:
        self.lose(3)
        self.lost.scan()
        del self.cloud.nova_computes['d0']
        self.assertEqual(2, len(self.lost.scan()))
