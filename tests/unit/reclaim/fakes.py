# SPDX-License-Identifier: Apache-2.0
"""A cloud in memory, a clock cranked by hand, and the parts joined."""

import dataclasses
import threading
import uuid

from nova_desktop import messages, model
from nova_desktop.conf import reclaim as options
from nova_desktop.reclaim import nouns
from nova_desktop.reclaim.eviction import Eviction
from nova_desktop.reclaim.foreseen import Foreseen
from nova_desktop.reclaim.guest_ack import GuestAcks
from nova_desktop.reclaim.hosts import Hosts, Victim
from nova_desktop.reclaim.journal import Journal
from nova_desktop.reclaim.leaving import Leaving
from nova_desktop.reclaim.notice import Herald, Table
from nova_desktop.reclaim.returning import Returning
from nova_desktop.reclaim.risks import Risks
from nova_desktop.reclaim.worker import Worker

START = 1_800_000_000.0
US = 'us'
PROJECT = 'project1'
A = model.ReclaimAction


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
        self.projects = {s.id: PROJECT for s in servers}
        self.emails = {}
        self.computes = {'desk1', 'desk2'}

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

    def waiting(self):
        self._up()
        states = ('shelved_offloaded', 'stopped')
        return [s for s in self.servers.values() if s.vm_state in states]

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
        return host in self.computes

    def act(self, action, server_id):
        self._up()
        self.acts.append((action.value, server_id))
        outcome = self.outcomes.get(action, 'works')
        if outcome == 'conflict' or self.servers[server_id].task_state:
            raise nouns.CloudConflict('409')
        if outcome == 'refused':
            raise nouns.CloudRefused('403')
        if outcome == 'unheard':
            raise nouns.CloudUnreachable('no answer')
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
            del self.servers[server_id]
            return
        self.change(
            server_id,
            **{
                A.LIVE_MIGRATE: {'host': 'desk2', 'node': 'desk2'},
                A.COLD_MIGRATE: {'host': 'desk2', 'vm_state': 'resized'},
                A.SHELVE: {'host': '', 'vm_state': 'shelved_offloaded'},
                A.STOP: {'vm_state': 'stopped'},
            }[action],
        )

    def nudge(self, name, server_id):
        self._up()
        self.acts.append((name, server_id))
        if name == 'confirmResize':
            self.change(server_id, vm_state='active')
        if name == 'shelveOffload':
            self.change(server_id, host='', vm_state='shelved_offloaded')
        if name in ('unshelve', 'os-start') and self.unshelve_works:
            self.change(server_id, host='desk1', vm_state='active')

    def abort_live_migration(self, server_id):
        self._up()
        self.acts.append(('abort', server_id))
        self.change(server_id, task_state=None)

    def set_metadata(self, server_id, key, value):
        self._up()
        if self.metadata_refused:
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
        return 'No valid host was found' if request_id else ''

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


class Guests:
    def __init__(self):
        self.notices = []
        self.error = None
        self.agreed = {}

    def acknowledged(self, host, server_id, timeout_s):
        if self.error:
            raise self.error
        return self.agreed.get(server_id, '')

    def notice(self, host, notice, timeout_s):
        self.notices.append((host, notice))
        if self.error:
            raise self.error
        return True


def settings(**changes):
    conf = options.new_conf()
    conf([], project='nova-desktop')
    for name, value in {'grace_min_s': 0, **changes}.items():
        conf.set_override(name, value, 'reclaim')
    return conf.reclaim


class Service:
    """All parts over a cloud in memory; a new one is a restart."""

    def __init__(self, cloud, **changes):
        self.cloud, self.clock = cloud, cloud.clock
        self.settings = settings(**changes)
        self.stop = threading.Event()
        self.pool, self.aside = Later(), Later()
        self.guests, self.events, self.table = Guests(), [], Table()
        self.hosts = Hosts(self.settings)
        self.foreseen, self.outward = Foreseen(self.clock), []
        self.herald = Herald(
            cloud,
            self.guests,
            lambda event, payload: self.events.append((event, payload)),
            self.table,
            self.settings,
            self.aside,
            self.foreseen,
            lambda *told: self.outward.append(told),
        )
        self.asking = Later()
        self.acks = GuestAcks(self.guests, self.settings, self.asking)
        self.told = []
        self.journal = Journal('w1', self.clock, 100, self.told.append)
        rest = (self.journal, self.settings, self.clock, self.stop)
        self.leaving = Leaving(cloud, *rest)
        self.eviction = Eviction(
            cloud, self.hosts, self.herald, self.leaving, *rest, self.acks
        )
        self.worker = Worker(
            cloud,
            self.hosts,
            self.herald,
            self.journal,
            self.eviction,
            self.settings,
            self.clock,
            self.pool,
        )
        self.passed_on = []
        self.risks = Risks(
            cloud,
            self.hosts,
            self.herald,
            self.foreseen,
            self.journal,
            self.settings,
            self.clock,
            self.passed_on.append,
        )
        self.returning = Returning(cloud, self.hosts, self.herald, *rest)

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

    def kill(self):
        self.stop.set()
        self.hosts.stop()

    def run(self):
        self.pool.run()
        self.aside.run()


def request(keep=0, host='desk1', within_s=30.0):
    return messages.ReclaimRequest(
        request_id=str(uuid.uuid4()),
        host=host,
        keep_cpus=0.0,
        keep_memory_mib=keep,
        within_s=within_s,
        reason='the owner is back',
    )


def victim(a_server):
    return Victim(a_server, a_server.host, 'the owner is back')
