# SPDX-License-Identifier: Apache-2.0

from unittest import mock

from nova import context
from nova import objects as nova_objects
from nova.compute import rpcapi, vm_states
from nova.conductor import api as conductor_api

from nova_desktop import model
from nova_desktop.policy import victims
from nova_desktop.reclaim import nouns
from tests.functional.reclaim import base

A = model.ReclaimAction
STATES = (
    vm_states.ACTIVE,
    vm_states.PAUSED,
    vm_states.STOPPED,
    vm_states.SUSPENDED,
    vm_states.ERROR,
    vm_states.BUILDING,
    vm_states.RESCUED,
    vm_states.SHELVED,
    vm_states.SHELVED_OFFLOADED,
)


class StatesTest(base.NovaTest):
    """The policy's table is Nova's: every state x every action."""

    def setUp(self):
        super().setUp()
        # What Nova would do then is of no interest here.
        for owner, method in (
            (rpcapi.ComputeAPI, 'suspend_instance'),
            (rpcapi.ComputeAPI, 'shelve_instance'),
            (rpcapi.ComputeAPI, 'stop_instance'),
            (conductor_api.ComputeTaskAPI, 'live_migrate_instance'),
            (conductor_api.ComputeTaskAPI, 'resize_instance'),
        ):
            patch = mock.patch.object(owner, method)
            self.addCleanup(patch.stop)
            patch.start()

    def put(self, server, vm_state):
        """Let Nova's database have a server in a state."""
        cell = self.cell_mappings['cell1']
        with context.target_cell(context.get_admin_context(), cell) as there:
            found = nova_objects.Instance.get_by_uuid(there, server['id'])
            found.vm_state, found.task_state = vm_state, None
            found.save()

    def takes(self, server, action):
        try:
            self.cloud.act(action, server['id'])
        except nouns.CloudConflict:
            return False
        return True

    def test_table(self):
        server = self.boot('stop')
        for state in STATES:
            for action in A:
                if action is A.DELETE:
                    continue
                self.put(server, state)
                one = model.Tolerance(preemptible=True, actions=(action,))
                self.assertEqual(
                    bool(victims.actions_allowed(state, one)),
                    self.takes(server, action),
                    f'{action} in {state}',
                )
        self.put(server, vm_states.ACTIVE)

    def test_a_resized_one_takes_nothing_before_it_is_confirmed(self):
        server = self.boot('stop')
        for action in A:
            if action is not A.DELETE:
                self.put(server, vm_states.RESIZED)
                self.assertFalse(self.takes(server, action), action)
        self.put(server, vm_states.ACTIVE)

    def test_a_lock_does_not_stop_the_service(self):
        server = self.boot('stop')
        self.api_fixture.api.post_server_action(server['id'], {'lock': {}})
        for action in A:
            if action is not A.DELETE:
                self.put(server, vm_states.ACTIVE)
                self.assertTrue(self.takes(server, action), action)
        self.put(server, vm_states.ACTIVE)
