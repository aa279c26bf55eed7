# SPDX-License-Identifier: Apache-2.0
"""``drain`` and ``undrain`` against Nova's own code."""

from tests.functional.manage import base


class DrainTest(base.ManageTestBase):
    def setUp(self) -> None:
        super().setUp()
        self.start_workstation('desk1')
        self.start_workstation('desk2')
        self.start_stock('rack1')

    def service(self, host: str = 'desk1') -> dict:
        (found,) = self.api.get_services(host=host, binary='nova-compute')
        return found

    def reason(self) -> tuple[str, str | None]:
        found = self.service()
        return found['status'], found['disabled_reason']

    def disable(self, reason: str) -> None:
        body = {'status': 'disabled', 'disabled_reason': reason}
        self.api.put_service(self.service()['id'], body)

    def test_drained_and_given_back(self) -> None:
        flavor = self._create_flavor(memory_mb=512, vcpu=1, disk=1)
        goes = self.boot(flavor_id=self.flavor(), host='desk1')['id']
        # Who forces a host passes the filters.
        stays = self.boot(flavor_id=flavor, az='nova:desk1')['id']
        words = ('drain', 'desk1', '--reason', ' a new disk ')
        code, told = self.told(*words)
        text = 'nova-desktop drain: a new disk'
        self.assertEqual(0, code)
        self.assertEqual(('disabled', text), self.reason())
        self.assertEqual(
            ('updated', f'disabled: {text}; '), told['host desk1']
        )
        self.assertEqual('ok', told[f'server {goes}'][0])
        self.assertIn('not preemptible', told[f'server {stays}'][1])
        # Again, also without the words, it stays as it is.
        for again in (words, words[:2]):
            code, told = self.told(*again)
            self.assertEqual((0, 'kept'), (code, told['host desk1'][0]))
        code, told = self.told('drain', 'desk1', '--within', '60')
        self.assertEqual((0, 'updated'), (code, told['host desk1'][0]))
        self.assertEqual(
            ('disabled', 'nova-desktop drain within 60 s'), self.reason()
        )
        placed = self.boot(flavor_id=self.flavor())
        self.assertEqual('desk2', self.host_of(placed))
        code, told = self.told('undrain', 'desk1')
        self.assertEqual((0, 'updated'), (code, told['host desk1'][0]))
        self.assertEqual(('enabled', None), self.reason())
        code, told = self.told('undrain', 'desk1')
        self.assertEqual((0, 'kept'), (code, told['host desk1'][0]))

    def test_waits_until_nobody_is_left(self) -> None:
        goes = self.boot(flavor_id=self.flavor(), host='desk1')
        words = ('drain', 'desk1', '--wait', '--timeout', '1')
        code, out, _ = self.run_command(*words)
        self.assertEqual(1, code)
        self.assertIn(f'after 1 s 1 still to leave: {goes["id"]}', out)
        self._delete_server(goes)
        code, out, _ = self.run_command(*words)
        self.assertEqual(0, code)
        self.assertIn('no preemptible instance holds memory there', out)

    def test_somebody_elses(self) -> None:
        self.disable('broken fan')
        for verb in ('drain', 'undrain'):
            code, told = self.told(verb, 'desk1')
            state, text = told['host desk1']
            self.assertEqual((1, 'problem'), (code, state))
            self.assertIn('by somebody else: broken fan', text)
            self.assertEqual(('disabled', 'broken fan'), self.reason())

    def test_bad_hosts(self) -> None:
        down = self.service('desk2')['id']
        self.api.put_service(down, {'forced_down': True})
        for host, why in (
            ('desk9', 'must be the host of a nova-compute'),
            ('DESK1', 'must be the host of a nova-compute'),
            ('rack1', 'must be a workstation'),
            ('desk2', 'must be up'),
        ):
            code, out, errors = self.run_command('drain', host)
            self.assertEqual((2, ''), (code, out))
            self.assertIn(f'HOST = {host!r} is not valid: {why}', errors)
        self.assertEqual('enabled', self.service('rack1')['status'])

    def test_bad_words(self) -> None:
        for reason in ('two\nlines', 'x' * 236):
            code, _, errors = self.run_command(
                'drain', 'desk1', '--reason', reason
            )
            self.assertEqual(2, code)
            self.assertIn('must be one line of at most 235', errors)
        self.assertEqual(('enabled', None), self.reason())
        code, _ = self.told('drain', 'desk1', '--reason', 'x' * 235)
        self.assertEqual((0, 255), (code, len(self.reason()[1])))

    def test_not_allowed(self) -> None:
        rule = 'os_compute_api:os-services:update'
        self.policy.set_rules({rule: '!'}, overwrite=False)
        code, _, errors = self.run_command('drain', 'desk1')
        self.assertEqual(1, code)
        self.assertIn(rule, errors)
        self.assertEqual(('enabled', None), self.reason())
