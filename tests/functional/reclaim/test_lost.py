# SPDX-License-Identifier: Apache-2.0
"""Workstations that Nova takes for down, and what becomes of their servers."""

import datetime
import threading

from nova import context
from nova.db.main import api as db

from nova_desktop import messages, model
from nova_desktop.messages import What
from nova_desktop.reclaim import awake, nouns
from nova_desktop.reclaim.hosts import Hosts
from nova_desktop.reclaim.journal import Journal
from nova_desktop.reclaim.lost import Lost
from tests.functional.reclaim import base

LONG_S = 3600.0


class Later(nouns.Clock):
    """The time in an hour from now."""

    def unix(self):
        return super().unix() + LONG_S


class LostBase(base.NovaTest):
    def setUp(self):
        super().setUp()
        self._start_compute('desk2')
        self.told = []

    def promise(self, host, *traits):
        """Let a host's provider carry these traits."""
        for trait in traits:
            self.placement.put(f'/traits/{trait}', {}, version='1.6')
        uuid = self._get_provider_uuid_by_host(host)
        url = f'/resource_providers/{uuid}/traits'
        found = self.placement.get(url, version='1.6').body
        found['traits'] = sorted({*found['traits'], *traits})
        answer = self.placement.put(url, found, version='1.6')
        self.assertEqual(200, answer.status)

    def lose(self, host):
        """End a host's nova-compute, a while ago."""
        self.computes[host].stop()
        ago = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
        ago -= datetime.timedelta(seconds=LONG_S)
        db.service_update(
            context.get_admin_context(),
            self.computes[host].service_ref.id,
            {'last_seen_up': ago},
        )

    def lost(self, **changes):
        settings = base.settings(**changes)
        return Lost(
            self.cloud,
            Hosts(settings),
            Journal('w1', Later(), 100, self.told.append),
            settings,
            Later(),
            threading.Event(),
        )

    def boot_stateless(self, on_lost='evacuate'):
        server = self.boot('delete', **{'desktop:on_lost': on_lost})
        return server['id']

    def notes(self):
        return [(entry.what, entry.server_id) for entry in self.told]


class CloudTest(LostBase):
    def test_what_nova_and_placement_say(self):
        self.promise('desk1', model.TRAIT, model.FENCE)
        before = {c.host: c for c in self.cloud.computes()}
        self.assertEqual({'desk1', 'desk2'}, set(before))
        self.assertTrue(before['desk1'].up)
        self.assertEqual(1, self.cloud.workstations())
        self.assertLess(
            {model.TRAIT, model.FENCE}, self.cloud.traits_of('desk1')
        )
        self.assertEqual(frozenset(), self.cloud.traits_of('nowhere'))
        self.lose('desk1')
        after = {c.host: c for c in self.cloud.computes()}['desk1']
        self.assertEqual((False, False), (after.up, after.forced_down))
        self.assertGreater(after.heard_unix_s, 1e9)

    def test_a_host_that_is_up(self):
        server = self.boot_stateless()
        with self.assertRaisesRegex(nouns.CloudRefused, 'still in use'):
            self.cloud.evacuate(server)


class LostTest(LostBase):
    def setUp(self):
        super().setUp()
        self.server = self.boot_stateless()

    def settled(self):
        """Give the server once Nova has done with it."""
        self.eventually(
            lambda: self.cloud.server(self.server).task_state is None
        )
        return self.cloud.server(self.server)

    def test_evacuated_and_running(self):
        self.promise('desk1', model.TRAIT, model.ASLEEP)
        self.lose('desk1')
        one, other = self.lost(), self.lost()
        self.assertEqual([self.server], one.scan() + other.scan())
        now = self.settled()
        self.assertEqual(('desk2', 'active'), (now.host, now.vm_state))
        self.assertEqual([], one.scan() + other.scan())
        self.assertEqual(
            [(What.EVACUATED, self.server), (What.RETURNED, self.server)],
            self.notes(),
        )
        done = [r.action for r in self.cloud.actions(self.server)]
        self.assertEqual(['evacuate', 'create'], done)

    def test_never_without_a_fence(self):
        self.promise('desk1', model.TRAIT)
        self.lose('desk1')
        self.assertEqual([], self.lost().scan())
        self.assertEqual([(What.LOST, self.server)], self.notes())
        self.assertEqual('desk1', self.cloud.server(self.server).host)

    def test_who_waits(self):
        waits = self.boot_stateless('wait')
        self.promise('desk1', model.TRAIT, model.FENCE)
        self.lose('desk1')
        self.assertEqual([self.server], self.lost().scan())
        self.settled()
        self.assertEqual('desk1', self.cloud.server(waits).host)

    def test_no_host_takes_it_and_later_one_does(self):
        self.promise('desk1', model.TRAIT, model.FENCE)
        self.lose('desk1')
        self.lend('desk2', 0)
        lost = self.lost()
        self.assertEqual([self.server], lost.scan())
        self.assertEqual('error', self.settled().vm_state)
        lost.scan()
        self.assertEqual((What.NOT_RETURNED, self.server), self.notes()[-1])
        self.lend('desk2', 4096)
        # A service that was started again has no rest to keep.
        self.assertEqual([self.server], self.lost().scan())
        self.assertEqual('desk2', self.settled().host)

    def test_forced_down_is_the_operators(self):
        self.promise('desk1', model.TRAIT, model.FENCE)
        self.lose('desk1')
        service = self.computes['desk1'].service_ref
        self.admin_api.put_service_force_down(service.uuid, True)
        self.assertEqual([], self.lost().scan())


class AwakeTest(LostBase):
    """Its guests died with the power of the host."""

    def setUp(self):
        super().setUp()
        self.server = self.boot_stateless('wait')
        # The host was started after everything that has happened so far.
        threading.Event().wait(1.1)
        self.booted = nouns.Clock().unix()
        threading.Event().wait(1.1)
        settings = base.settings()
        self.awake = awake.Awake(
            self.cloud,
            self,
            Hosts(settings),
            Journal('w1', nouns.Clock(), 100, self.told.append),
            settings,
            nouns.Clock(),
            threading.Event(),
        )

    def status(self, host, timeout_s):
        """Answer as the host's nova-compute does."""
        now = messages.Told(0.0, model.Presence.AWAY, True, 1.0, 1, 'away')
        return messages.HostStatus(True, now, False, False, {}, self.booted)

    def die(self):
        """Let Nova find that the guest does not run."""
        manager = self.computes['desk1'].manager
        manager.driver.power_off(self.instance())
        manager._sync_power_states(context.get_admin_context())
        self.eventually(
            lambda: self.cloud.server(self.server).vm_state == 'stopped'
        )

    def instance(self):
        return db.instance_get_by_uuid(
            context.get_admin_context(), self.server
        )

    def test_started_again(self):
        self.die()
        self.assertEqual('', self.cloud.actions(self.server)[0].user_id)
        self.assertEqual([self.server], self.awake.scan())
        self.eventually(
            lambda: self.cloud.server(self.server).vm_state == 'active'
        )
        # Shut down from inside after that: it is meant.
        threading.Event().wait(1.1)
        self.die()
        self.assertEqual([], self.awake.scan())

    def test_shut_down_before_the_host_was(self):
        self.die()
        self.booted = nouns.Clock().unix() + 5
        self.assertEqual([], self.awake.scan())

    def test_stopped_by_its_tenant(self):
        self.api_fixture.api.project_id = self.admin_api.project_id
        self.api_fixture.api.post_server_action(self.server, {'os-stop': None})
        self.eventually(
            lambda: self.cloud.server(self.server).vm_state == 'stopped'
        )
        self.assertEqual([], self.awake.scan())
