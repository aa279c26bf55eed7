# SPDX-License-Identifier: Apache-2.0
"""Random schedules of hosts, tenants, workers and faults, and what must hold.

A state machine over a world: the cloud in memory, or Nova's own code. A world
gives ``clock``, ``cloud``, ``hosts`` and ``service()``, and does what
hosts and tenants do.
"""

import contextlib
import dataclasses
import threading

from hypothesis import stateful
from hypothesis import strategies as st

from nova_desktop import messages, model
from nova_desktop.policy import victims
from nova_desktop.reclaim import grace, nouns, plan
from tests.unit.reclaim import fakes, faults

A = model.ReclaimAction

LISTS = (
    'live-migrate',
    'live-migrate,shelve',
    'cold-migrate,stop',
    'shelve,delete',
    'live-migrate,delete',
    'stop',
    'suspend,shelve',
    'rebuild,stop',
)
SETTINGS = {
    'per_host': 1,
    'grace_min_s': 5,
    'grace_poll_s': 20,
    'retry_after_s': 5,
    'confirm_timeout_s': 10,
    **{f'{name.value.replace("-", "_")}_timeout_s': 20 for name in A},
}
REPEAT_S = 10
SETTLED_S = 300


class Clock(fakes.Clock):
    """While time passes the cloud works, and so do other workers."""

    def __init__(self, now=fakes.START):
        super().__init__()
        self.begun = self.now = now
        self.work = lambda: None

    def steady(self):
        return self.now - self.begun

    def wait(self, event, seconds):
        end = self.now + max(0.0, seconds)
        self.work()
        while not event.is_set() and self.now < end:
            super().wait(event, min(1.0, end - self.now))
            self.work()
        return event.is_set()


@dataclasses.dataclass
class Guest:
    """A server as the model knows it."""

    id: str
    actions: tuple[model.ReclaimAction, ...]
    notice_s: int
    preemptible: bool
    gone: bool = False
    forged: bool = False
    acked: float = 0.0
    noticed: dict[str, float] = dataclasses.field(default_factory=dict)
    tried: set[model.ReclaimAction] = dataclasses.field(default_factory=set)


class Machine(stateful.RuleBasedStateMachine):
    """What happens, in any order."""

    make_world = None

    def __init__(self):
        super().__init__()
        self.world = type(self).make_world()
        self.clock = self.world.clock
        self.guests: list[Guest] = []
        self.needs: dict[str, int] = {}
        self.old: list[messages.ReclaimRequest] = []
        self.workers: list[fakes.Service] = []
        self.busy: set[int] = set()
        self.wrong: list[str] = []
        self.quiet = False
        self.clock.work = self.work
        self.asked = self.clock.now

    # The cloud and the workers, as time passes.

    def work(self):
        self.world.work()
        for worker in list(self.workers):
            self.call(worker, worker.go_on)
        if self.clock.now - self.asked >= REPEAT_S:
            self.asked = self.clock.now
            for number, host in enumerate(self.needs):
                if self.workers:
                    turn = int(self.clock.now / REPEAT_S) + number
                    self.tell(self.workers[turn % len(self.workers)], host)

    def call(self, worker, act):
        """Have a worker do something, unless it is in the middle of it."""
        if id(worker) in self.busy:
            return
        self.busy.add(id(worker))
        try:
            act()
            worker.aside.run()
        except faults.Killed:
            self.gone(worker)
        except nouns.CloudError:
            assert not self.quiet
        finally:
            self.busy.discard(id(worker))

    def gone(self, worker):
        worker.kill()
        if worker in self.workers:
            self.workers.remove(worker)

    def tell(self, worker, host):
        request = fakes.request(self.needs[host], host)
        self.old.append(request)
        # Requests come in threads of their own, whatever else it does.
        with contextlib.suppress(nouns.CloudError):
            try:
                worker.worker.reclaim(request)
            except faults.Killed:
                self.gone(worker)

    def pass_time(self, seconds):
        self.clock.wait(threading.Event(), seconds)

    # What is looked at while they work.

    def begin_worker(self):
        worker = self.world.service(**SETTINGS)
        worker.cloud.heard = lambda name, args: self.hear(worker, name, args)
        notice, withdraw = worker.eviction.notice, worker.herald.withdraw
        worker.eviction.notice = lambda victim: self.noticed(victim, notice)
        worker.herald.withdraw = lambda victim, why: self.withdrawn(
            worker, victim, why, withdraw
        )
        self.workers.append(worker)

    def guest(self, server_id):
        return next((g for g in self.guests if g.id == server_id), None)

    def noticed(self, victim, notice):
        guest = self.guest(victim.id)
        if victim.host not in guest.noticed:
            guest.noticed[victim.host] = self.clock.now
            guest.tried.clear()
        notice(victim)

    def withdrawn(self, worker, victim, why, withdraw):
        others = [
            other
            for other in self.workers
            if other is not worker
            and victim.id in {v.id for v in other.hosts.victims(victim.host)}
        ]
        if not others:
            self.guest(victim.id).noticed.pop(victim.host, None)
        return withdraw(victim, why)

    def hear(self, worker, name, args):
        if name == 'act':
            self.wrong += self.act_problems(worker, *args)

    def act_problems(self, worker, action, server_id):
        """Say what is wrong with an eviction that a worker asks for now."""
        guest, truth = (
            self.guest(server_id),
            self.world.cloud.server(server_id),
        )
        if guest is None or not guest.preemptible:
            yield f'{server_id} may not be touched'
            return
        if action not in guest.actions:
            yield f'{action} is not of {guest.actions}'
        if truth is None or truth.task_state:
            return
        hosts = [
            host
            for host in self.world.hosts
            for victim in worker.hosts.victims(host)
            if victim.id == server_id
        ]
        if truth.host and truth.host not in hosts:
            yield f'evicted twice: it is on {truth.host}, not on {hosts}'
        yield from self.notice_problems(guest, truth)
        if action is A.DELETE:
            allowed = victims.actions_allowed(truth.vm_state, truth.tolerance)
            heard = guest.tried - self.unheard(worker, server_id)
            untried = set(allowed) - heard - {A.DELETE}
            if untried:
                yield f'deleted before {untried}'
        guest.tried.add(action)

    @staticmethod
    def unheard(worker, server_id):
        """Give the actions that the cloud has not even heard of."""

        def acts(calls):
            return {
                args[0]
                for name, args in calls
                if name == 'act' and args[1] == server_id
            }

        # What was unheard is asked for again.
        cloud = worker.cloud
        return acts(cloud.unheard) - acts(cloud.reached)

    def notice_problems(self, guest, truth):
        if not truth.host:
            return
        noticed = guest.noticed.get(truth.host)
        if noticed is None:
            yield f'{guest.id} without notice on {truth.host}'
            return
        waited_s = self.clock.now - noticed
        due_s = guest.notice_s
        if guest.forged:
            due_s = SETTINGS['grace_min_s']
        if waited_s < due_s and guest.acked < noticed:
            yield f'after {waited_s} s of {guest.notice_s}'

    @stateful.invariant()
    def nothing_is_wrong(self):
        assert not self.wrong, self.wrong

    # The rules.

    @stateful.initialize(
        kinds=st.lists(
            st.tuples(
                st.sampled_from(LISTS),
                st.sampled_from((10, 30)),
                st.sampled_from((True, True, True, False)),
            ),
            min_size=1,
            max_size=2,
        )
    )
    def begin(self, kinds):
        for actions, notice_s, preemptible in kinds:
            server_id = self.world.boot(actions, notice_s, preemptible)
            parsed = tuple(A(name) for name in actions.split(','))
            guest = Guest(server_id, parsed, notice_s, preemptible)
            self.guests.append(guest)
        self.begin_worker()
        self.host_asks(0, 0)

    @stateful.rule(keep=st.sampled_from((0, 0, 1024)), host=st.integers(0, 9))
    def host_asks(self, keep, host):
        # Mostly the first one, where they begin.
        name = self.world.asking[max(0, host - 7) % len(self.world.asking)]
        self.needs[name] = keep
        self.world.lend(name, keep)
        for worker in self.workers[:1]:
            self.tell(worker, name)

    @stateful.precondition(lambda self: self.old and self.workers)
    @stateful.rule(number=st.integers(0, 99), worker=st.integers(0, 1))
    def an_old_request_comes_again(self, number, worker):
        request = self.old[number % len(self.old)]
        chosen = self.workers[worker % len(self.workers)]
        # What a late one asks for may be needed no more, never the reverse.
        if request.host in self.needs:
            self.call(chosen, lambda: chosen.worker.reclaim(request))

    @stateful.precondition(lambda self: self.needs)
    @stateful.rule(number=st.integers(0, 1), really=st.integers(0, 2))
    def host_needs_nothing(self, number, really):
        if really:
            return
        host = list(self.needs)[number % len(self.needs)]
        del self.needs[host]
        self.world.lend(host, 8192)
        self.return_capacity(host)

    def return_capacity(self, host):
        news = messages.CapacityReturned(host=host, reason='away')
        for worker in list(self.workers):
            try:
                worker.worker.capacity_returned(news)
            except faults.Killed:
                self.gone(worker)
            except nouns.CloudError:
                assert not self.quiet

    @stateful.rule(seconds=st.sampled_from((5, 20, 45)))
    def time_passes(self, seconds):
        self.pass_time(seconds)

    @stateful.rule(seconds=st.sampled_from((1, 10, 30)))
    def some_time_passes(self, seconds):
        self.pass_time(seconds)

    @stateful.precondition(lambda self: self.workers)
    @stateful.rule(number=st.integers(0, 1))
    def worker_is_killed(self, number):
        self.gone(self.workers[number % len(self.workers)])

    @stateful.precondition(lambda self: len(self.workers) < 2)
    @stateful.rule()
    def worker_starts(self):
        self.begin_worker()

    @stateful.precondition(lambda self: self.workers)
    @stateful.rule(
        number=st.integers(0, 1),
        fault=st.sampled_from(('unheard', 'unheard', 'conflict', 'killed')),
        method=st.sampled_from(('', 'act', 'act', 'server', 'set_metadata')),
        skip=st.integers(0, 3),
        after=st.booleans(),
    )
    def cloud_is_to_fail(self, number, fault, method, skip, after):
        worker = self.workers[number % len(self.workers)]
        worker.cloud.plans.append(faults.Plan(fault, method, skip, after))

    @stateful.precondition(lambda self: self.workers)
    @stateful.rule(
        method=st.sampled_from(('', 'act', 'provider', 'servers_of')),
        skip=st.integers(0, 3),
        number=st.integers(0, 1),
        what=st.sampled_from(('delete', 'stop', 'ack', 'other', 'later')),
    )
    def something_is_to_happen_meanwhile(self, method, skip, number, what):
        def happen():
            if what == 'other':
                for other in list(self.workers):
                    self.call(other, other.go_on)
            elif what == 'later':
                self.pass_time(20)
            else:
                self.do(what, number)

        self.workers[0].cloud.plans.append(
            faults.Plan(method=method, skip=skip, meanwhile=happen)
        )

    @stateful.rule(
        what=st.sampled_from(
            ('delete', 'stop', 'start', 'lock', 'ack', 'forge', 'wipe')
        ),
        number=st.integers(0, 1),
    )
    def tenant_acts(self, what, number):
        self.do(what, number)

    def do(self, what, number):
        guest = self.guests[number % len(self.guests)]
        if guest.gone:
            return
        guest.gone = what == 'delete'
        if what == 'ack':
            guest.acked = self.clock.now
        guest.forged |= what in ('forge', 'wipe')
        self.world.tenant(guest.id, what)

    @stateful.rule()
    def a_migration_is_to_fail(self):
        self.world.fail_a_migration()

    # The end.

    def teardown(self):
        try:
            if self.guests:
                self.settle()
                self.check()
        finally:
            for worker in list(self.workers):
                self.gone(worker)
            self.world.end()

    def settle(self):
        """Let everything come to rest, with nothing failing any more."""
        self.world.mend()
        for worker in self.workers:
            worker.cloud.plans.clear()
        if not self.workers:
            self.begin_worker()
        for host in set(self.world.hosts) - set(self.needs):
            self.return_capacity(host)
        end = self.clock.now + SETTLED_S
        self.pass_time(30)
        while self.unsettled() and self.clock.now < end:
            self.pass_time(30)
        # A confirmation at the first look, the metadata at the second.
        for worker in self.workers * 2:
            worker.leftovers.look()
            self.pass_time(10)

    def unsettled(self):
        under_way = any(w.hosts.under_way() for w in self.workers)
        return under_way or any(self.surplus(host) for host in self.needs)

    def surplus(self, host):
        """Give what should have gone from a host and may."""
        servers = self.world.cloud.servers_of(host)
        stays = plan.staying_mib(servers, host, ())
        if stays <= self.needs[host]:
            return []
        return [
            server.id
            for server in servers
            if server.holds_memory
            and victims.actions_allowed(server.vm_state, server.tolerance)
        ]

    def check(self):
        assert not self.wrong, self.wrong
        for host in self.needs:
            assert not self.surplus(host), self.told()
        for guest in self.guests:
            server = self.world.cloud.server(guest.id)
            if server is None:
                assert guest.gone or A.DELETE in guest.tried, guest
            elif server.host not in ('', *self.needs):
                assert grace.KEY not in server.metadata, server
        for worker in self.workers:
            assert not worker.hosts.under_way(), self.told()
            assert not worker.table._notices
        self.world.check_clean()

    def told(self):
        return [entry for worker in self.workers for entry in worker.told]
