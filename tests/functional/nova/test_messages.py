# SPDX-License-Identifier: Apache-2.0
import base64
import json
import pathlib
import uuid
from unittest import mock

import fixtures
from nova import rpc
from nova.virt.libvirt import guest as libvirt_guest

from nova_desktop import exception, keys, messages, model
from tests.functional.nova import base, control_plane, fake_agent

_NOTICE = messages.Notice(str(uuid.uuid4()), 'stop', 5.0, 'the owner is back')
_SMALL = model.Cap(cpus=1.0, memory_mib=512, admit=False)


class FakeGuestAgent:
    """Stand in for the agent in a guest, below libvirt."""

    def __init__(self, answers: bool = True) -> None:
        self.asked: list[dict] = []
        self._answers = answers

    def virDomainQemuAgentCommand(self, _domain, text, wait_s, _flags):
        assert wait_s > 0
        self.asked.append(json.loads(text))
        return '{"return": 1000}' if self._answers else None


class NoticeTest(base.DesktopTestBase):
    """A notice from the control plane to the guest, over RPC."""

    def setUp(self) -> None:
        super().setUp()
        self.start_workstation('desk1')
        self.server = self.boot()

    def notify(self, agent: FakeGuestAgent, **fields) -> bool:
        domain = self.driver('desk1')._host.get_connection()
        domain = domain.lookupByUUIDString(self.server['id'])
        domain._o = object()
        notice = messages.Notice(
            **{
                'server_id': self.server['id'],
                'action': 'shelve',
                'deadline_unix_s': 1000.0,
                'reason': 'the owner is back',
                **fields,
            }
        )
        with mock.patch.object(libvirt_guest, 'libvirtmod_qemu', agent):
            return messages.HostClient(rpc.TRANSPORT).notice(
                'desk1', notice, 10.0
            )

    def test_guest_gets_the_notice(self) -> None:
        agent = FakeGuestAgent()
        self.assertTrue(self.notify(agent))
        opened, written, closed = agent.asked
        self.assertEqual(
            '/run/nova-desktop/notice', opened['arguments']['path']
        )
        line = base64.b64decode(written['arguments']['buf-b64'])
        self.assertEqual('shelve', json.loads(line)['action'])
        self.assertEqual(1000, closed['arguments']['handle'])

    def test_leaving_guest_is_given_time_to_react(self) -> None:
        watcher = self.watcher('desk1')
        self.notify(FakeGuestAgent())
        once = [(self.server['id'], 10)]
        self.assertEqual(once, watcher.hears)
        self.notify(FakeGuestAgent(), action='')
        self.flags(notice_share_s=0, group='desktop')
        self.notify(FakeGuestAgent())
        self.assertEqual(once, watcher.hears)

    def test_what_the_guest_agreed_to(self) -> None:
        agent = FakeGuestAgent()
        self.notify(agent)
        with mock.patch.object(libvirt_guest, 'libvirtmod_qemu', agent):
            agreed = messages.HostClient(rpc.TRANSPORT).acknowledged(
                'desk1', self.server['id'], 10.0
            )
        self.assertEqual('', agreed)
        commands = [each['execute'] for each in agent.asked[3:]]
        self.assertEqual(
            ['guest-file-open', 'guest-file-read', 'guest-file-close'],
            commands,
        )

    def test_guest_without_an_agent(self) -> None:
        self.assertFalse(self.notify(FakeGuestAgent(answers=False)))

    def test_server_of_another_host_and_bad_message(self) -> None:
        agent = FakeGuestAgent()
        self.assertFalse(self.notify(agent, server_id=str(uuid.uuid4())))
        self.assertFalse(self.notify(agent, reason=''))
        self.assertEqual([], agent.asked)


class StatusTest(base.DesktopTestBase):
    """What a workstation answers, over RPC."""

    def setUp(self) -> None:
        super().setUp()
        self.start_workstation('desk1')
        self.client = messages.HostClient(rpc.TRANSPORT)

    def test_follows_the_agent(self) -> None:
        told = self.client.status('desk1', 10.0)
        self.assertEqual((True, 'away'), (told.heard, told.now.presence))
        self.watcher('desk1').say(fake_agent.AT_WORK)
        told = self.client.status('desk1', 10.0)
        self.assertEqual('active', told.now.presence)
        self.assertFalse(told.now.admit)
        self.watcher('desk1').say(None)
        self.assertFalse(self.client.status('desk1', 10.0).heard)

    def test_history_is_what_placement_was_told(self) -> None:
        # The first status is heard before nova-compute is up.
        for said in (
            fake_agent.AT_WORK,
            fake_agent.AT_WORK,
            fake_agent.status(),
        ):
            self.watcher('desk1').say(said)
        told = self.client.told('desk1', 9, 10.0)
        self.assertEqual(
            [(True, 6.0), (False, 0.0), (True, 6.0)],
            [(each.admit, each.cpus) for each in told],
        )
        self.assertEqual(told[:1], self.client.told('desk1', 1, 10.0))
        self.assertNotIn('the owner is active', str(told))

    def test_nobody_there(self) -> None:
        with self.assertRaisesRegex(
            exception.HostSilent, 'desk9 did not answer within 0.5 s'
        ):
            self.client.status('desk9', 0.5)


class SignedTest(base.DesktopTestBase):
    """A workstation that has a key, over RPC."""

    def setUp(self) -> None:
        super().setUp()
        self.master = keys.new()
        path = pathlib.Path(self.useFixture(fixtures.TempDir()).path, 'key')
        keys.write(str(path), self.key_of('desk1'), 'x')
        self.flags(host_key_file=str(path), group='desktop')
        self.service = control_plane.start(self)
        self.start_workstation('desk1')

    def key_of(self, host: str) -> bytes:
        return keys.of_host(self.master, host)

    def test_answers_the_control_plane_alone(self) -> None:
        client = messages.HostClient(rpc.TRANSPORT, self.key_of)
        self.assertTrue(client.status('desk1', 10.0).heard)
        self.assertEqual(1, len(client.told('desk1', 1, 10.0)))
        for stranger in (
            messages.HostClient(rpc.TRANSPORT),
            messages.HostClient(rpc.TRANSPORT, lambda host: keys.new()),
        ):
            with self.assertRaises(exception.HostSilent):
                stranger.status('desk1', 10.0)
            self.assertFalse(stranger.notice('desk1', _NOTICE, 10.0))

    def test_what_it_says_is_signed(self) -> None:
        self._wait_for_assert(
            lambda: self.assertTrue(self.service.returned),
            max_retries=50,
            sleep=0.1,
        )
        gate = messages.Gate(self.key_of)
        (fields,) = self.service.fields[:1]
        seal = gate.passed('CapacityReturned', fields)
        self.assertEqual('desk1', seal.name)


class ReclaimTest(base.DesktopTestBase):
    def setUp(self) -> None:
        super().setUp()
        self.service = control_plane.start(self)
        self.start_workstation('desk1')
        self.boot()

    def wait(self, what: list, count: int) -> None:
        self._wait_for_assert(
            lambda: self.assertGreaterEqual(len(what), count),
            max_retries=50,
            sleep=0.1,
        )

    def test_request_is_repeated_until_the_owner_leaves(self) -> None:
        watcher = self.watcher('desk1')
        self.wait(self.service.returned, 1)
        watcher.say(
            fake_agent.status(_SMALL, model.Presence.ACTIVE, reclaim_due=True)
        )
        self.wait(self.service.reclaims, 2)
        first, second = self.service.reclaims[:2]
        self.assertEqual(first, second)
        self.assertEqual(('desk1', 512), (first.host, first.keep_memory_mib))
        watcher.say(fake_agent.status())
        self.wait(self.service.returned, 2)

    def test_guests_are_at_risk_until_the_forecast_rises(self) -> None:
        watcher = self.watcher('desk1')
        watcher.say(fake_agent.status(forecast={5: 0.9, 15: 0.1}))
        self.wait(self.service.risks, 1)
        watcher.say(fake_agent.status(forecast={5: 0.9, 15: 0.8}))
        self.wait(self.service.risks, 2)
        first, last = self.service.risks
        self.assertEqual(
            ('desk1', 0.9, 0.0), (first.host, first.odds, last.odds)
        )

    def test_guests_within_the_cap_are_left_alone(self) -> None:
        large = model.Cap(cpus=1.0, memory_mib=2048, admit=False)
        requester = self.driver('desk1').desktop._requester
        self.watcher('desk1').say(
            fake_agent.status(large, model.Presence.ACTIVE, reclaim_due=True)
        )
        self.assertEqual(1.0, requester.step())
        self.assertEqual([], self.service.reclaims)
