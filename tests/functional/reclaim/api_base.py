# SPDX-License-Identifier: Apache-2.0
"""Nova, Placement and the desktop API over HTTP, and a real keystone.

Nova and Placement are those of the test process; their APIs are served with
keystonemiddleware before them, and so is the whole reclaim service.
"""

import os
import pathlib
import subprocess
import sys
import threading
import uuid
from unittest import mock

import fixtures
import oslo_messaging
from keystoneauth1 import loading
from keystonemiddleware import auth_token
from nova import context
from nova.api import auth as nova_auth
from oslo_config import cfg
from oslo_messaging._metrics import client as metrics
from oslo_messaging._tracing import client as tracing

from nova_desktop import messages, model
from nova_desktop.conf import reclaim as options
from nova_desktop.reclaim import server as http_server
from nova_desktop.reclaim import service
from nova_desktop.virt import endpoint, told, trust
from tests.functional.reclaim import base, identity
from tests.unit.virt import statuses

SERVICE_USER = 'nova-desktop'
TENANT = 'tenant'
OTHER = 'other'
LIMIT_S = 30
_GROUP = 'keystone_authtoken'
CONF = """
[DEFAULT]
transport_url = {bus}
[reclaim]
host = w1
vendordata = false
poll_s = 0.1
grace_poll_s = 0.5
grace_min_s = 0
api = true
api_port = {port}
api_host_timeout_s = 1
health_period_s = 1
[service_auth]
auth_type = password
region_name = RegionOne
{credentials}
[keystone_authtoken]
auth_type = password
http_request_max_retries = 0
www_authenticate_uri = {keystone}
{credentials}
"""


class Desk:
    """What a workstation's nova-compute has of ours, on a bus."""

    def __init__(self, transport, host='desk1') -> None:
        self.said: model.Status | None = None
        self.book = told.Book(lambda: self.said)
        self.endpoint = endpoint.NoticeEndpoint(
            None, None, None, self.book, trust.Trust(host, None)
        )
        self._server = oslo_messaging.get_rpc_server(
            transport,
            messages.host_target(host),
            [self.endpoint],
            executor='threading',
        )
        self._server.start()

    def hear(self, **said) -> None:
        """Have the agent say something."""
        self.said = statuses.status(**said)
        self.book.heard()

    def silent(self) -> None:
        """Have the agent die."""
        self.said = None
        self.book.heard()

    def stop(self) -> None:
        """End nova-compute."""
        self._server.stop()
        self._server.wait()


def serve(test, application) -> str:
    """Serve an application over HTTP; give where."""
    http = http_server.serve('test', '127.0.0.1', 0, application)
    threading.Thread(target=http.serve_forever, daemon=True).start()
    test.addCleanup(http.server_close)
    test.addCleanup(http.shutdown)
    return f'http://127.0.0.1:{http.server_port}'


class ApiTest(base.NovaTest):
    """Two workstations, whose agents a test speaks for."""

    keystone: identity.Keystone

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.keystone = identity.Keystone()
        cls.addClassCleanup(cls.keystone.stop)
        cls.keystone.start()
        cls.service_user, _ = cls.keystone.user(
            SERVICE_USER, 'service', 'admin'
        )
        cls.tenant, cls.project = cls.keystone.user(TENANT, TENANT, 'member')
        cls.keystone.user(OTHER, OTHER, 'member')

    def setUp(self):
        super().setUp()
        self._keep_contexts_real()
        nova = serve(self, self._checked(self.api_fixture.app()))
        placement = serve(self, self._checked(self._placement()))
        self.keystone.endpoint('compute', f'{nova}/v2.1')
        self.keystone.endpoint('placement', placement)
        self.reclaim = self.start_reclaim()
        self.desk = Desk(self.reclaim.transport)
        self.addCleanup(self.desk.stop)
        self.mark('desk1')

    def run_client(self, module, *words, user, **environment):
        """Run a client as a user; give its exit code, output and errors."""
        words_of = self.keystone.credentials(user, user)
        done = subprocess.run(
            [sys.executable, '-m', module, *words],
            env={
                'PATH': os.environ['PATH'],
                'PYTHONPATH': str(identity.ROOT),
                'PYTHONWARNINGS': 'ignore',
                'OS_IDENTITY_API_VERSION': '3',
                'OS_REGION_NAME': identity.REGION,
                **{f'OS_{k.upper()}': v for k, v in words_of.items()},
                **environment,
            },
            capture_output=True,
            text=True,
            timeout=120,
        )
        return done.returncode, done.stdout, done.stderr

    def _keep_contexts_real(self):
        # Nova's fixture takes a user's word for what keystone says of others.
        fake = nova_auth.NovaKeystoneContext._create_context

        def create(env, **kwargs):
            if 'HTTP_X_IDENTITY_STATUS' in env:
                return context.RequestContext.from_environ(env, **kwargs)
            return fake(env, **kwargs)

        self.useFixture(
            fixtures.MonkeyPatch(
                'nova.api.auth.NovaKeystoneContext._create_context', create
            )
        )

    def _checked(self, application):
        """Put keystonemiddleware before an application."""
        conf = cfg.ConfigOpts()
        loading.register_auth_conf_options(conf, _GROUP)
        path = pathlib.Path(self.useFixture(fixtures.TempDir()).path, 'conf')
        path.write_text(self.options(port=1))
        conf(['--config-file', str(path)], project='test')
        return auth_token.AuthProtocol(
            application,
            {'oslo_config_config': conf, 'delay_auth_decision': True},
        )

    def _placement(self):
        """Give Placement's API: who is admin here is admin there."""
        from placement import deploy

        inside = deploy.loadapp(self.placement.fixture.conf_fixture.conf)

        def application(environ, start_response):
            roles = environ.get('HTTP_X_ROLES', '').split(',')
            known = 'admin' if 'admin' in roles else 'nobody:nowhere'
            environ['HTTP_X_AUTH_TOKEN'] = known
            return inside(environ, start_response)

        return application

    def options(self, port):
        words = self.keystone.credentials(SERVICE_USER, 'service')
        return CONF.format(
            bus=f'fake://{uuid.uuid4().hex}/',
            port=port,
            keystone=self.keystone.url,
            credentials='\n'.join(f'{k} = {v}' for k, v in words.items()),
        )

    def start_reclaim(self, port=None):
        """Start the reclaim service; its API is in the catalog."""
        port = port or identity.free_port()
        path = pathlib.Path(
            self.useFixture(fixtures.TempDir()).path, 'reclaim.conf'
        )
        path.write_text(self.options(port))
        conf = options.new_conf()
        # oslo.messaging does so for the process's options alone, which are
        # Nova's here.
        for group, opts in (
            ('oslo_messaging_metrics', metrics.oslo_messaging_metrics),
            ('oslo_messaging_tracing', tracing.oslo_messaging_tracing),
        ):
            conf.register_opts(opts, group=group)
        options.parse(conf, ['--config-file', str(path)])
        made = service.Service(conf)
        made.start()
        self.addCleanup(made.stop)
        self.assertTrue(made.listening.wait(LIMIT_S))
        self.api_url = f'http://127.0.0.1:{port}'
        self.keystone.endpoint('desktop', self.api_url)
        return made

    def mark(self, host):
        """Let a host's provider have the trait of workstations."""
        self.placement.put('/traits/CUSTOM_DESKTOP', {}, version='1.36')
        url = f'/resource_providers/{self._get_provider_uuid_by_host(host)}'
        body = self.placement.get(f'{url}/traits', version='1.36').body
        answer = self.placement.put(
            f'{url}/traits',
            {
                'resource_provider_generation': body[
                    'resource_provider_generation'
                ],
                'traits': [*body['traits'], 'CUSTOM_DESKTOP'],
            },
            version='1.36',
        )
        self.assertEqual(200, answer.status)

    def boot_for_tenant(self, actions='shelve', **more):
        """Boot a server of the tenant's; the flavor is the operator's."""
        with mock.patch.object(self.api, 'project_id', self.project):
            return self.boot(actions, **more)
