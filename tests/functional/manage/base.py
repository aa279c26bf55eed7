# SPDX-License-Identifier: Apache-2.0
"""Nova and Placement in this process, and the command beside them."""

import contextlib
import io
import json

import fixtures
import openstack.connection
from keystoneauth1 import access, fixture, session
from keystoneauth1.identity import base as identity_base
from openstack.service_description import ServiceDescription

from nova_desktop.cmd import manage
from tests.functional.nova import base

# Nova's fixtures put a stub in its place, for what Nova itself connects to.
_whole = ServiceDescription._make_proxy


class Operator(openstack.connection.Connection):
    """A connection of the command's."""


class Admin(identity_base.BaseIdentityPlugin):
    """Stands in for keystone: a catalog, and what its middleware tells."""

    def __init__(self, endpoints, token):
        super().__init__()
        self._endpoints = endpoints
        self._token = token

    def get_auth_ref(self, session, **kwargs):
        token = fixture.V3Token(user_id='admin')
        token.set_project_scope()
        for service, url in self._endpoints.items():
            token.add_service(service).add_standard_endpoints(public=url)
        return access.create(body=token, auth_token=self._token)

    def get_headers(self, session, **kwargs):
        return {
            'X-Auth-Token': self._token,
            'X-Auth-User': 'admin',
            'X-Auth-Project-Id': 'service',
            'X-Roles': 'reader,member,admin',
        }


class ManageTestBase(base.DesktopTestBase):
    """A cloud of workstations, and an operator who runs the command."""

    def setUp(self) -> None:
        super().setUp()
        stub = ServiceDescription._make_proxy
        self.useFixture(
            fixtures.MonkeyPatch(
                'openstack.service_description.ServiceDescription._make_proxy',
                lambda service, there: (
                    _whole if isinstance(there, Operator) else stub
                )(service, there),
            )
        )
        self.endpoints = {
            'compute': self.api_fixture.base_url,
            'placement': self.placement.fixture.endpoint,
        }
        # The base has made one that is for workstations, too.
        self.api.api_delete(f'/flavors/{self.flavor_id}')

    def connect(self, name: str | None) -> Operator:
        auth = Admin(self.endpoints, self.placement.fixture.token)
        return Operator(session=session.Session(auth=auth))

    def run_command(self, *words: str) -> tuple[int, str, str]:
        """Give the exit code, what was printed, and what beside it."""
        out, beside = io.StringIO(), io.StringIO()
        with (
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(beside),
        ):
            code = manage.main(words, self.connect)
        return code, out.getvalue(), beside.getvalue()

    def told(self, *words: str) -> tuple[int, dict[str, tuple[str, str]]]:
        """Give the exit code, and state and text by object."""
        code, out, _ = self.run_command(*words, '--json')
        return code, {
            each['what']: (
                each['state'],
                f'{each["found"]}; {each["remedy"]}',
            )
            for each in json.loads(out)
        }
