# SPDX-License-Identifier: Apache-2.0
"""Nova, Placement and two hosts in this process, and the service's parts."""

import pathlib
import sys
import threading
import uuid
import warnings
from concurrent import futures
from unittest import mock

from keystoneauth1 import discover, plugin, session
from nova.api import auth
from nova.tests.functional import integrated_helpers
from sqlalchemy import exc

from nova_desktop import messages
from nova_desktop.conf import reclaim as options
from nova_desktop.reclaim import cloud, nouns, rest
from nova_desktop.reclaim.journal import Journal
from nova_desktop.reclaim.parts import Parts, Pools, World
from tests.functional.nova import waiting

USER = 'admin'
TENANT = 'tenant'


def api_paste():
    """Find the file that nova's wheel puts beside the environment."""
    return str(pathlib.Path(sys.prefix) / 'etc/nova/api-paste.ini')


class Auth(plugin.BaseAuthPlugin):
    """Stands in for keystone: endpoints and the headers of its middleware."""

    def __init__(self, endpoints, token):
        super().__init__()
        self._endpoints = endpoints
        self._token = token

    def get_endpoint(self, session, service_type=None, **kwargs):
        return self._endpoints.get(service_type)

    def get_endpoint_data(self, session, service_type=None, **kwargs):
        return discover.EndpointData(
            service_url=self._endpoints[service_type], api_version=(2, 1)
        )

    def get_headers(self, session, **kwargs):
        return {
            'X-Auth-Token': self._token,
            'X-Auth-User': USER,
            'X-Auth-Project-Id': 'service',
            'X-Roles': 'reader,member,admin',
        }

    def get_user_id(self, session, **kwargs):
        return USER


class Guests:
    """Takes the notices for guest agents."""

    def __init__(self):
        self.notices = []

    def notice(self, host, notice, timeout_s):
        self.notices.append((host, notice))
        return True

    def acknowledged(self, host, server_id, timeout_s):
        return ''


class Clock(nouns.Clock):
    """The time, or a later one."""

    ahead_s = 0.0

    def unix(self):
        return super().unix() + self.ahead_s


class Service(Parts):
    """The service without its message bus."""

    def __init__(self, a_cloud, group, actors, aside):
        self.stop = threading.Event()
        self.clock = Clock()
        self.guests, self.events = Guests(), []
        world = World(
            cloud=a_cloud,
            guests=self.guests,
            emit=lambda event, payload: self.events.append((event, payload)),
            outward=lambda host, notice, server: None,
            pass_risk_on=lambda message: None,
            latest=lambda request: True,
            settings=group,
            clock=self.clock,
            stop=self.stop,
        )
        journal = Journal('w1', self.clock, 100, lambda entry: None)
        super().__init__(
            world, journal, Pools(actors, aside, aside, actors, aside)
        )


def settings(**changes):
    conf = options.new_conf()
    conf([], project='nova-desktop')
    for name, value in {
        'poll_s': 0.1,
        'grace_poll_s': 0.5,
        'grace_min_s': 0,
        **changes,
    }.items():
        conf.set_override(name, value, 'reclaim')
    return conf.reclaim


class NovaTest(integrated_helpers.ProviderUsageBaseTestCase):
    """Two hosts with Nova's fake driver."""

    compute_driver = 'fake.FakeLiveMigrateDriver'

    def setUp(self):
        self.flags(api_paste_config=api_paste(), group='wsgi')
        waiting.await_managers(self)
        super().setUp()
        # Nova's tests make errors of what a newer SQLAlchemy complains about.
        warnings.filterwarnings('ignore', module='sqlalchemy')
        warnings.filterwarnings('ignore', category=exc.SADeprecationWarning)
        self._keep_request_ids()
        self._start_compute('desk1')
        self.cloud = cloud.RestCloud(rest.Rest(self.session()))

    def _keep_request_ids(self):
        """Record actions under the ids that the API tells, as Nova does.

        The context that Nova's fixture makes of a request has another one.
        """
        make = auth.NovaKeystoneContext._create_context

        def with_id(env, **kwargs):
            context = make(env, **kwargs)
            context.request_id = env['openstack.request_id']
            return context

        patch = mock.patch.object(
            auth.NovaKeystoneContext, '_create_context', staticmethod(with_id)
        )
        self.addCleanup(patch.stop)
        patch.start()

    def session(self):
        endpoints = {
            'compute': self.api_fixture.base_url,
            'placement': self.placement.fixture.endpoint,
        }
        token = self.placement.fixture.token
        return session.Session(auth=Auth(endpoints, token))

    def service(self, **changes):
        """Give the service's parts, and end them after the test."""
        actors = futures.ThreadPoolExecutor(8)
        aside = futures.ThreadPoolExecutor(1)
        made = Service(self.cloud, settings(**changes), actors, aside)
        agenda = threading.Thread(target=made.agenda.run)
        agenda.start()

        def end():
            made.stop.set()
            made.hosts.stop()
            made.agenda.stop()
            agenda.join()
            actors.shutdown()
            aside.shutdown()

        self.addCleanup(end)
        return made

    def boot(self, actions, host='desk1', notice=0, **specs):
        flavor = self._create_flavor(
            memory_mb=1024,
            vcpu=1,
            disk=1,
            extra_spec={
                'desktop:preemptible': 'true',
                'desktop:on_reclaim': actions,
                'desktop:notice': str(notice),
                **specs,
            },
        )
        return self._create_server(
            flavor_id=flavor, host=host, networks='none'
        )

    def lend(self, host, memory_mib):
        """Let Placement withhold all but so much of a host's memory."""
        node = self._get_provider_uuid_by_host(host)
        url = f'/resource_providers/{node}/inventories'
        body = self.placement.get(url).body
        memory = body['inventories']['MEMORY_MB']
        memory['reserved'] = memory['total'] - memory_mib
        # Since 1.26 all of it may be reserved.
        answer = self.placement.put(url, body, version='1.26')
        self.assertEqual(200, answer.status)

    @staticmethod
    def request(host='desk1', keep=0, within_s=30.0):
        return messages.ReclaimRequest(
            request_id=str(uuid.uuid4()),
            host=host,
            keep_cpus=0.0,
            keep_memory_mib=keep,
            within_s=within_s,
            reason='the owner is back',
        )

    def eventually(self, check, seconds=30):
        """Wait until a look is true; Nova has no event to wait for here."""
        pause = threading.Event()
        for _ in range(int(seconds / 0.1)):
            if check():
                return
            pause.wait(0.1)
        self.fail(f'not within {seconds} s')

    def gone_from(self, service, host='desk1'):
        self.eventually(lambda: not service.hosts.victims(host))
