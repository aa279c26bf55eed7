# SPDX-License-Identifier: Apache-2.0
"""A hostile owner with the bus's credentials and a workstation's own key."""

import uuid

import oslo_messaging
from oslo_config import cfg

from nova_desktop import keys, messages
from sandbox import config, layout
from tests.sandbox import base

_LOG = layout.LOG / 'reclaim.log'


class ForgedTest(base.SandboxTest):
    """What is said of another's guests on the real bus."""

    FLAVOR = 'desk.small'

    def setUp(self) -> None:
        """Take what the owner of the other workstation can read there."""
        super().setUp()
        self.other = next(h for h in layout.WORKSTATIONS if h != self.host)
        url = str(config.shared_values()['transport_url'])
        # oslo.messaging registers some of its options nowhere else.
        cfg.CONF([], default_config_files=[])
        self.addCleanup(cfg.CONF.reset)
        self.bus = oslo_messaging.get_rpc_transport(cfg.CONF, url)
        self.addCleanup(self.bus.cleanup)
        self.said_before = len(_LOG.read_bytes())

    def signer(self, name: str, host: layout.Host) -> messages.Signer:
        """Sign in any name with the key of a host."""
        key = keys.read(str(config.host_key(host)), 'host key')
        return messages.Signer(name, key)

    def said(self) -> str:
        """Give what the service has logged since the test began."""
        return _LOG.read_bytes()[self.said_before :].decode()

    def test_no_word_about_the_guests_of_another(self) -> None:
        """It is refused and logged, and the guest works on."""
        request = messages.ReclaimRequest(
            request_id=str(uuid.uuid4()),
            host=self.host.name,
            keep_cpus=0,
            keep_memory_mib=0,
            within_s=1,
            reason='forged',
        )
        for signer in (
            messages.Signer('', None),
            self.signer(self.other.name, self.other),
            self.signer(self.host.name, self.other),
        ):
            client = messages.ReclaimClient(self.bus, signer=signer)
            with self.assertLogs('nova_desktop.messages') as answer:
                self.assertFalse(client.reclaim(request))
            self.assertIn('was refused', answer.output[-1])
        refused = f'must be {self.other.name}, whose key has signed it'
        base.wait_until(lambda: refused in self.said(), 'the refusal logged')
        self.wait_for_work()
        server = self.compute.get_server(self.server.id)
        self.assertEqual(self.host.name, server.compute_host)
        self.assertNotIn('desktop_notice', server.metadata)

    def test_nothing_is_said_twice(self) -> None:
        """What was read on the bus and is sent once more is refused."""
        news = messages.CapacityReturned(self.host.name, 'away')
        signer = self.signer(self.host.name, self.host)
        fields = signer.sealed(messages.kind_of(news), news.to_wire())
        client = oslo_messaging.get_rpc_client(
            self.bus, messages.reclaim_target(), timeout=10
        )
        client.call({}, 'capacity_returned', fields=fields)
        with self.assertRaises(oslo_messaging.RemoteError) as refused:
            client.call({}, 'capacity_returned', fields=fields)
        self.assertIn('was sent before', str(refused.exception))
