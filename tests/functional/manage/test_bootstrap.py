# SPDX-License-Identifier: Apache-2.0
import pathlib

import fixtures

from nova_desktop.manage import ready_set
from tests.functional.manage import base

FLAVORS = {flavor.name: flavor for flavor in ready_set.FLAVORS}
CREATE_SPECS = 'os_compute_api:os-flavor-extra-specs:create'
NOBODY = '!'
TRUSTED = """\
meta:
  schema_version: '1.0'
providers:
  - identification:
      uuid: $COMPUTE_NODE
    traits:
      additional:
        - CUSTOM_DESKTOP_TRUSTED
"""


class BootstrapTest(base.ManageTestBase):
    def setUp(self) -> None:
        super().setUp()
        self.start_workstation('desk1')
        self.start_workstation('desk2')
        self.start_stock('rack1')

    def flavors(self) -> dict[str, dict]:
        answer = self.api.api_get('/flavors/detail?is_public=None').body
        return {each['name']: each for each in answer['flavors']}

    def aggregate(self) -> dict | None:
        there = self.api.api_get('/os-aggregates').body['aggregates']
        return next((a for a in there if a['name'] == 'desktops'), None)

    def traits(self) -> set[str]:
        return set(self.placement.get('/traits', version='1.6').body['traits'])

    def everything(self) -> tuple:
        return self.flavors(), self.aggregate(), self.traits()

    def states(self, *words: str) -> tuple[int, dict[str, str]]:
        code, told = self.told('bootstrap', *words)
        return code, {what: state for what, (state, _) in told.items()}

    def refuse(self, rule: str) -> None:
        self.policy.set_rules({rule: NOBODY}, overwrite=False)

    def test_dry_run_tells_the_same_and_writes_nothing(self) -> None:
        before = self.everything()
        code, dry, beside = self.run_command('bootstrap', '--dry-run')
        self.assertEqual(0, code)
        self.assertEqual(before, self.everything())
        self.assertIn('nothing was written', beside)
        self.assertEqual(dry, self.run_command('bootstrap')[1])
        self.assertNotEqual(before, self.everything())

    def test_makes_everything_once(self) -> None:
        code, states = self.states()
        self.assertEqual(0, code)
        self.assertEqual('created', states['trait CUSTOM_DESKTOP_TRUSTED'])
        # The workstations have reported theirs already.
        self.assertEqual('kept', states['trait CUSTOM_DESKTOP'])
        self.assertLessEqual(set(ready_set.TRAITS), self.traits())
        aggregate = self.aggregate()
        self.assertEqual(['desk1', 'desk2'], sorted(aggregate['hosts']))
        self.assertEqual(
            {'trait:CUSTOM_DESKTOP': 'required'}, aggregate['metadata']
        )
        for name, wanted in FLAVORS.items():
            self.assertEqual('created', states[f'flavor {name}'])
            found = self.flavors()[name]
            self.assertEqual(wanted.extra_specs, found['extra_specs'])
            self.assertLessEqual(wanted.size.items(), found.items())
            self.assertTrue(found['os-flavor-access:is_public'])

        before = self.everything()
        code, states = self.states()
        self.assertEqual((0, {'kept'}), (code, set(states.values())))
        self.assertEqual(before, self.everything())

    def test_what_it_made_boots_where_it_should(self) -> None:
        self.flags(enable_isolated_aggregate_filtering=True, group='scheduler')
        self.assertEqual(0, self.states()[0])
        small = self.flavors()['desktop.small']['id']
        plain = self._create_flavor(memory_mb=512, vcpu=1, disk=1)
        server = self.boot(flavor_id=small)
        self.assertIn(self.host_of(server), ('desk1', 'desk2'))
        self.assertEqual('rack1', self.host_of(self.boot(flavor_id=plain)))

    def test_named_hosts(self) -> None:
        code, told = self.told('bootstrap', '--hosts', 'desk1', 'rack1', 'no')
        self.assertEqual(1, code)
        self.assertEqual('problem', told['host no'][0])
        self.assertIn('desk1, desk2, rack1', told['host no'][1])
        self.assertIn('without the trait', told['host rack1'][1])
        self.assertNotIn('without the trait', told['host desk1'][1])
        self.assertEqual(['desk1', 'rack1'], sorted(self.aggregate()['hosts']))

    def test_flavor_that_differs_is_changed_only_on_demand(self) -> None:
        self.states()
        ours = self.flavors()['desktop.tiny']
        specs = f'/flavors/{ours["id"]}/os-extra_specs'
        self.api.api_put(
            f'{specs}/desktop:on_reclaim', {'desktop:on_reclaim': 'stop'}
        )
        self.api.api_put(
            f'{specs}/quota:cpu_shares', {'quota:cpu_shares': '2'}
        )
        before = self.everything()

        code, told = self.told('bootstrap')
        self.assertEqual(1, code)
        state, text = told['flavor desktop.tiny']
        self.assertEqual('differs', state)
        self.assertIn('desktop:on_reclaim is stop, wanted live-', text)
        self.assertEqual('kept', told['flavor desktop.small'][0])
        self.assertEqual(before, self.everything())

        code, states = self.states('--update')
        self.assertEqual(0, code)
        self.assertEqual('updated', states['flavor desktop.tiny'])
        now = self.flavors()['desktop.tiny']
        self.assertEqual(
            {**FLAVORS['desktop.tiny'].extra_specs, 'quota:cpu_shares': '2'},
            now['extra_specs'],
        )
        self.assertEqual(ours['id'], now['id'])

    def test_flavor_of_another_size_is_left_alone(self) -> None:
        self._create_flavor(name='desktop.tiny', memory_mb=64, vcpu=1, disk=5)
        for words in ((), ('--update',)):
            code, told = self.told('bootstrap', *words)
            self.assertEqual(1, code)
            state, text = told['flavor desktop.tiny']
            self.assertEqual('differs', state)
            self.assertIn('ram is 64, wanted 512', text)
        self.assertEqual({}, self.flavors()['desktop.tiny']['extra_specs'])

    def test_somebodys_plain_flavor_of_that_name_is_left_alone(self) -> None:
        self._create_flavor(name='desktop.tiny', memory_mb=512, vcpu=1, disk=5)
        code, told = self.told('bootstrap')
        self.assertEqual(
            (1, 'differs'), (code, told['flavor desktop.tiny'][0])
        )
        self.assertEqual({}, self.flavors()['desktop.tiny']['extra_specs'])

    def test_somebodys_aggregate_is_left_alone(self) -> None:
        made = self.api.post_aggregate({'aggregate': {'name': 'desktops'}})
        self.api.add_host_to_aggregate(made['id'], 'rack1')
        code, told = self.told('bootstrap')
        self.assertEqual(1, code)
        self.assertEqual('differs', told['aggregate desktops'][0])
        self.assertEqual('skipped', told['hosts'][0])
        self.assertEqual(['rack1'], self.aggregate()['hosts'])
        self.assertEqual({}, self.aggregate()['metadata'])
        self.assertEqual((0, 'updated'), self._updated('aggregate desktops'))
        self.assertEqual(
            ['desk1', 'desk2', 'rack1'], sorted(self.aggregate()['hosts'])
        )

    def _updated(self, what: str) -> tuple[int, str]:
        code, states = self.states('--update')
        return code, states[what]

    def test_error_in_the_middle_of_a_flavor(self) -> None:
        self.refuse(CREATE_SPECS)
        code, told = self.told('bootstrap')
        self.assertEqual(1, code)
        self.assertEqual('created', told['host desk2'][0])
        state, text = told['flavor desktop.tiny']
        self.assertEqual('problem', state)
        self.assertIn(CREATE_SPECS, text)
        self.assertNotIn('flavor desktop.small', told)
        self.assertEqual({}, self.flavors()['desktop.tiny']['extra_specs'])

        self.policy.set_rules({CREATE_SPECS: 'rule:admin_api'}, False)
        code, states = self.states()
        self.assertEqual(0, code)
        self.assertEqual('created', states['flavor desktop.tiny'])
        self.assertEqual('kept', states['host desk2'])
        self.assertEqual({'kept'}, set(self.states()[1].values()))

    def test_error_in_the_middle_of_the_aggregate(self) -> None:
        rule = 'os_compute_api:os-aggregates:set_metadata'
        self.refuse(rule)
        code, told = self.told('bootstrap')
        self.assertEqual((1, 'problem'), (code, told['aggregate desktops'][0]))
        self.assertEqual({}, self.aggregate()['metadata'])
        self.policy.set_rules({rule: 'rule:admin_api'}, False)
        code, states = self.states()
        self.assertEqual((0, 'created'), (code, states['aggregate desktops']))

    def test_silent_placement(self) -> None:
        self.endpoints['placement'] = 'http://127.0.0.1:9'
        code, told = self.told('bootstrap')
        self.assertEqual((1, 'problem'), (code, told['traits'][0]))
        self.assertIsNone(self.aggregate())


class TrustTest(base.ManageTestBase):
    """The operator says which workstation is trusted."""

    def test_trusted_flavor_runs_on_trusted_workstations_only(self) -> None:
        self.run_command('bootstrap')
        folder = self.useFixture(fixtures.TempDir())
        self.start_workstation('desk1')
        self.flags(provider_config_location=folder.path, group='compute')
        pathlib.Path(folder.path, 'trusted.yaml').write_text(TRUSTED)
        self.start_workstation('desk2')
        trusted = self._get_provider_traits(self.compute_rp_uuids['desk2'])
        self.assertIn('CUSTOM_DESKTOP_TRUSTED', trusted)
        flavors = {f['name']: f['id'] for f in self.api.get_flavors()}
        for _ in range(2):
            server = self.boot(flavor_id=flavors['desktop.trusted'])
            self.assertEqual('desk2', self.host_of(server))


class NobodyYetTest(base.ManageTestBase):
    """The flavors come before the first workstation."""

    def test_trait_is_made_and_hosts_come_later(self) -> None:
        code, told = self.told('bootstrap')
        self.assertEqual(0, code)
        self.assertEqual('created', told['trait CUSTOM_DESKTOP'][0])
        self.assertEqual('skipped', told['hosts'][0])
        self.start_workstation('desk1')
        code, told = self.told('bootstrap')
        self.assertEqual((0, 'created'), (code, told['host desk1'][0]))
