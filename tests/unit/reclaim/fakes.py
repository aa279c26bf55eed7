# SPDX-License-Identifier: Apache-2.0
"""A cloud in memory, a clock cranked by hand, and the parts joined."""

import contextlib
import dataclasses
import datetime
import threading
import uuid
from concurrent import futures

from nova_desktop import messages, model
from nova_desktop.conf import reclaim as options
from nova_desktop.reclaim import nouns
from nova_desktop.reclaim.host import Victim
from nova_desktop.reclaim.journal import Journal
from nova_desktop.reclaim.parts import Parts, Pools, World
from nova_desktop.reclaim.trust import Trust

START = 1_800_000_000.0
US = 'us'
PROJECT = 'project1'
A = model.ReclaimAction
_OFFLOADED = {'host': '', 'vm_state': 'shelved_offloaded'}
_RECORDED = {A.LIVE_MIGRATE: 'live-migration', A.REBUILD: 'shelve'}
_NUDGED_TO = {
    'confirmResize': 'active',
    'os-start': 'active',
    'resume': 'active',
    'os-stop': 'stopped',
    'pause': 'paused',
    'suspend': 'suspended',
}


class Clock(nouns.Clock):
    """Time passes only by waiting; ``at`` says what happens meanwhile."""

    def __init__(self):
        self.now = START
        self.plans = []

    def at(self, seconds, act):
        """Do something when so many seconds have passed from now."""
        self.plans.append((self.now + seconds, len(self.plans), act))

    def unix(self):
        return self.now

    def steady(self):
        return self.now - START

    def wait(self, event, seconds):
        end = self.now + max(0.0, seconds)
        while not event.is_set():
            due = sorted(plan for plan in self.plans if plan[0] <= end)
            if not due:
                self.now = end
                break
            self.plans.remove(due[0])
            self.now = max(self.now, due[0][0])
            due[0][2]()
        return event.is_set()


def server(name='a', **changes):
    fields = {
        'id': str(uuid.uuid5(uuid.NAMESPACE_DNS, name)),
        'host': 'desk1',
        'node': 'desk1',
        'vm_state': 'active',
        'task_state': None,
        'memory_mib': 1024,
        'vcpus': 1,
        'since_unix_s': START - 100,
        'created_unix_s': START - 100,
        'extra_specs': specs(),
        **changes,
    }
    return nouns.Server(**fields)


def specs(actions='live-migrate,shelve', notice=60, priority=0, **more):
    return {
        'desktop:preemptible': 'true',
        'desktop:on_reclaim': actions,
        'desktop:notice': str(notice),
        'desktop:priority': str(priority),
        **more,
    }


class Cloud:
    """Nova and Placement: actions end ``takes_s`` after they began.

    ``outcomes`` maps an action to ``works``, ``fails`` (202, then nothing),
    ``hangs``, ``conflict``, ``refused``, ``lost`` (done, no answer) or
    ``unheard`` (not done, no answer).
    """

    def __init__(self, clock, *servers):
        self.clock = clock
        self.servers = {s.id: s for s in servers}
        self.outcomes = {}
        self.acts = []
        self.records = {}
        self.down = False
        self.takes_s = 3.0
        self.total_mib = 8192
        self.reserved_mib = 8192
        self.metadata_refused = False
        self.held = {}
        self.unshelve_works = True
        self.unshelved_to = 'desk1'
        self.nudges_refused = {}
        self.why = 'conductor_live_migrate_instance: No valid host was found'
        self.projects = {s.id: PROJECT for s in servers}
        self.emails = {}
        self.computes_known = {'desk1', 'desk2'}
        self.nova_computes = {}
        self.traits = {}
        self.desks = 10
        self.evacuations = []
        self.evacuated_to = 'desk2'
        self.evacuation_refused = None

    def _up(self):
        if self.down:
            raise nouns.CloudUnreachable('down')

    def change(self, server_id, **changes):
        if server_id in self.servers:
            self.servers[server_id] = dataclasses.replace(
                self.servers[server_id], **changes
            )

    def user_id(self):
        self._up()
        return US

    def servers_of(self, host):
        self._up()
        return [s for s in self.servers.values() if s.host == host]

    def all_servers(self):
        self._up()
        return list(self.servers.values())

    def waiting(self):
        self._up()
        states = ('shelved_offloaded', 'suspended', 'stopped')
        return [s for s in self.servers.values() if s.vm_state in states]

    def changed_since(self, unix_s):
        self._up()
        return list(self.servers.values())

    def server(self, server_id):
        self._up()
        return self.servers.get(server_id)

    def email_of(self, user_id):
        self._up()
        return self.emails.get(user_id, '')

    def project_of(self, server_id):
        self._up()
        return self.projects.get(server_id)

    def is_compute(self, host):
        self._up()
        return host in self.computes_known

    def compute(self, host):
        self._up()
        up = nouns.Compute(host, True, False, self.clock.now)
        known = host in self.computes_known
        return self.nova_computes.get(host, up if known else None)

    def disable(self, host, reason):
        """Disable a nova-compute that is up; None enables it."""
        self.nova_computes[host] = nouns.Compute(
            host, True, False, self.clock.now, reason
        )

    def act(self, action, server_id):
        self._up()
        self.acts.append((action.value, server_id))
        if server_id not in self.servers:
            raise nouns.CloudRefused('404')
        outcome = self.outcomes.get(action, 'works')
        if outcome == 'conflict' or self.servers[server_id].task_state:
            raise nouns.CloudConflict('409')
        if outcome == 'refused':
            raise nouns.CloudRefused('403')
        if outcome == 'unheard':
            raise nouns.CloudUnreachable('no answer')
        self._note(_RECORDED.get(action, action.value), server_id)
        self.change(server_id, task_state='busy')
        if outcome != 'hangs':
            self.clock.at(
                self.takes_s, lambda: self._end(action, server_id, outcome)
            )
        if outcome == 'lost':
            raise nouns.CloudUnreachable('no answer')
        return 'req-1'

    def _end(self, action, server_id, outcome):
        self.change(server_id, task_state=None)
        if outcome == 'fails':
            return
        if action is A.DELETE:
            self.servers.pop(server_id, None)
            return
        self.change(
            server_id,
            **{
                A.LIVE_MIGRATE: {'host': 'desk2', 'node': 'desk2'},
                A.COLD_MIGRATE: {'host': 'desk2', 'vm_state': 'resized'},
                A.SUSPEND: {'vm_state': 'suspended'},
                A.SHELVE: _OFFLOADED,
                A.STOP: {'vm_state': 'stopped'},
                A.REBUILD: _OFFLOADED,
            }[action],
        )

    def nudge(self, name, server_id):
        self._up()
        self.acts.append((name, server_id))
        if name in self.nudges_refused:
            raise self.nudges_refused[name]
        if name == 'shelveOffload':
            self.change(server_id, **_OFFLOADED)
        if name == 'unshelve' and self.unshelve_works:
            self._note('unshelve', server_id)
            self.change(server_id, host=self.unshelved_to, vm_state='active')
        if name in _NUDGED_TO:
            self.change(server_id, vm_state=_NUDGED_TO[name])

    def _note(self, action, server_id):
        when = datetime.datetime.fromtimestamp(self.clock.unix(), datetime.UTC)
        record = nouns.ActionRecord(
            action, US, 'req', when.isoformat(), failed=False
        )
        known = self.records.get(server_id, [])
        self.records[server_id] = [record, *known]

    def abort_live_migration(self, server_id):
        self._up()
        self.acts.append(('abort', server_id))
        self.change(server_id, task_state=None)

    def set_metadata(self, server_id, key, value):
        self._up()
        server = self.servers.get(server_id)
        if self.metadata_refused or server is None or not server.host:
            raise nouns.CloudConflict('409')
        old = self.servers[server_id].metadata
        self.change(server_id, metadata={**old, key: value})

    def delete_metadata(self, server_id, key):
        self._up()
        found = self.servers.get(server_id)
        if found and not found.host:
            raise nouns.CloudConflict('409')
        if found:
            rest = {k: v for k, v in found.metadata.items() if k != key}
            self.change(server_id, metadata=rest)

    def actions(self, server_id):
        self._up()
        return self.records.get(server_id, [])

    def failure(self, server_id, request_id):
        self._up()
        return self.why if request_id else ''

    def held_on(self, server_id):
        self._up()
        if server_id in self.held:
            return self.held[server_id]
        found = self.servers.get(server_id)
        return frozenset({f'rp-{found.host}'} if found else ())

    def provider(self, node):
        self._up()
        used = sum(
            s.memory_mib for s in self.servers.values() if s.host == node
        )
        return nouns.Provider(
            f'rp-{node}', self.total_mib, self.reserved_mib, used
        )

    def lose(self, host, silent_s=1000.0, *traits, forced=False):
        """Let a workstation be silent for so long by now."""
        heard = self.clock.now - silent_s
        self.nova_computes[host] = nouns.Compute(host, False, forced, heard)
        self.traits[host] = frozenset({model.TRAIT, *traits})

    def computes(self):
        self._up()
        return list(self.nova_computes.values())

    def workstations(self):
        self._up()
        return self.desks

    def traits_of(self, node):
        self._up()
        return self.traits.get(node, frozenset())

    def evacuate(self, server_id):
        self._up()
        if self.evacuation_refused:
            raise self.evacuation_refused
        self.evacuations.append(server_id)
        self.change(server_id, task_state='rebuilding')
        self.clock.at(self.takes_s, lambda: self._evacuated(server_id))

    def _evacuated(self, server_id):
        self.change(server_id, task_state=None)
        if self.evacuated_to:
            there = self.evacuated_to
            self.change(server_id, host=there, node=there, vm_state='active')
        else:
            self.change(server_id, vm_state='error')
            record = nouns.ActionRecord('evacuate', US, 'req', '', True)
            self.records[server_id] = [record]


class Later:
    """An executor that runs what it was given when told to."""

    def __init__(self):
        self.jobs = []

    def submit(self, job, *args):
        self.jobs.append((job, args))

    def run(self):
        while self.jobs:
            job, args = self.jobs.pop(0)
            job(*args)


class Now:
    """An executor that runs what it was given at once."""

    def submit(self, job, *args):
        done = futures.Future()
        try:
            done.set_result(job(*args))
        except Exception as error:  # noqa: BLE001
            done.set_exception(error)
        return done


class Guests:
    def __init__(self):
        self.notices = []
        self.error = None
        self.takes = True
        self.agreed = {}

    def acknowledged(self, host, server_id, timeout_s):
        if self.error:
            raise self.error
        return self.agreed.get(server_id, '')

    def notice(self, host, notice, timeout_s):
        self.notices.append((host, notice))
        if self.error:
            raise self.error
        return self.takes


def settings(**changes):
    conf = options.new_conf()
    conf([], project='nova-desktop')
    for name, value in {'grace_min_s': 0, **changes}.items():
        conf.set_override(name, value, 'reclaim')
    return conf.reclaim


def trust(master=None, **changes):
    return Trust(master, settings(**changes))


class Service:
    """All parts over a cloud in memory; a new one is a restart."""

    def __init__(self, cloud, worker='w1', **changes):
        self.cloud, self.clock = cloud, cloud.clock
        self.settings = settings(**changes)
        self.stop = threading.Event()
        self.actors, self.aside, self.asking = Later(), Later(), Later()
        self.guests, self.events, self.outward = Guests(), [], []
        self.told, self.passed_on = [], []
        world = World(
            cloud=cloud,
            guests=self.guests,
            emit=lambda event, payload: self.events.append((event, payload)),
            outward=lambda *told: self.outward.append(told),
            pass_risk_on=self.passed_on.append,
            latest=lambda request: True,
            settings=self.settings,
            clock=self.clock,
            stop=self.stop,
        )
        self.parts = Parts(
            world,
            Journal(worker, self.clock, 100, self.told.append),
            Pools(self.actors, self.aside, self.asking, Now(), self.aside),
        )
        self.steps = {}
        self._evict, self.eviction.run = self.eviction.run, self._kept

    def __getattr__(self, name):
        return getattr(self.parts, name)

    def _kept(self, victim):
        self.steps[victim.id] = yield from self._evict(victim)

    def ask(self, keep=0, **changes):
        """Take a request; give the ids of the victims."""
        plan = self.worker.reclaim(request(keep, **changes))
        return [victim.server_id for victim in plan.victims]

    def keep_asking(self, times=100, keep=0):
        """Let the host repeat its request each 10 s, as it does."""
        for turn in range(1, times):
            self.clock.at(10 * turn, lambda: self.ask(keep))

    def returned(self):
        self.worker.capacity_returned(
            messages.CapacityReturned(host='desk1', reason='away')
        )

    def hosts_returned(self):
        """Withdraw what desk1 asked for, though the cloud may be down."""
        with contextlib.suppress(nouns.CloudError):
            self.returned()

    def kill(self):
        self.stop.set()
        self.hosts.stop()

    def go_on(self):
        """Do what is due, and no more; say whether that was anything."""
        any_due = False
        while not self.stop.is_set() and self.agenda.resume_one():
            self.actors.run()
            any_due = True
        return any_due

    def run(self):
        """Let time pass until nobody is on its way out any more."""
        while not self.stop.is_set() and self.hosts.under_way():
            if not self.go_on():
                # News may come in between.
                wait_s = self.agenda.until_next_s() or 1.0
                self.clock.wait(threading.Event(), min(wait_s, 1.0))
        self.aside.run()


def request(keep=0, host='desk1', within_s=30.0, departs=False):
    return messages.ReclaimRequest(
        request_id=str(uuid.uuid4()),
        host=host,
        keep_cpus=0.0,
        keep_memory_mib=keep,
        within_s=within_s,
        reason='the owner is back',
        departs=departs,
    )


def victim(a_server):
    return Victim(a_server, a_server.host, 'the owner is back')
