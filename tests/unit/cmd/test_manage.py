# SPDX-License-Identifier: Apache-2.0
import contextlib
import io
import json
import pathlib
import tempfile
import unittest
from unittest import mock

from nova_desktop import exception
from nova_desktop.cmd import manage
from nova_desktop.doctor.result import Result, State
from tests.unit.manage import operator


class ManageTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.conf = pathlib.Path(folder.name, 'nova.conf')
        self.conf.write_text('[scheduler]\nmax_placement_results = 1\n')
        self.asked: list[str | None] = []

    def connect(self, name: str | None) -> mock.Mock:
        self.asked.append(name)
        return mock.Mock()

    def run_command(self, *words: str, connect=None) -> tuple[int, str, str]:
        out, beside = io.StringIO(), io.StringIO()
        with (
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(beside),
        ):
            code = manage.main(words, connect or self.connect)
        return code, out.getvalue(), beside.getvalue()

    def made(self, *states: State):
        results = [Result(state, f'flavor {state}', 'x') for state in states]
        return mock.patch.object(
            manage.bootstrap, 'run', return_value=iter(results)
        )

    def test_bad_use(self) -> None:
        for words in (
            (),
            ('nonsense',),
            ('check-settings', '--workstations', 'many'),
            ('check-settings', '--os-cloud', 'x'),
            ('bootstrap', '--hosts'),
            ('drain',),
            ('drain', 'desk1', '--within', '0'),
            ('drain', 'desk1', '--within', '86401'),
            ('drain', 'desk1', '--within', 'soon'),
            ('drain', 'desk1', '--timeout', '-1'),
            ('undrain', 'desk1', 'desk2'),
        ):
            with (
                self.subTest(words),
                self.assertRaises(SystemExit) as raised,
                contextlib.redirect_stderr(io.StringIO()),
            ):
                manage.main(words)
            self.assertEqual(2, raised.exception.code)

    def test_keys(self) -> None:
        master = str(self.conf.parent / 'master')
        made = str(self.conf.parent / 'desk1')
        known = ('--master', master)
        make = ('master-key', '--output', master)
        self.assertEqual((0, '', ''), self.run_command(*make))
        code, printed, _ = self.run_command('host-key', 'desk1', *known)
        self.assertEqual((0, 65), (code, len(printed)))
        write = ('host-key', 'desk1', *known, '--output', made)
        self.assertEqual((0, '', ''), self.run_command(*write))
        self.assertEqual(printed, pathlib.Path(made).read_text())
        self.assertEqual(0o600, pathlib.Path(made).stat().st_mode & 0o777)
        _, other, _ = self.run_command('host-key', 'desk2', *known)
        self.assertNotEqual(printed, other)
        nowhere = ('host-key', 'desk1', '--master', '/nonexistent')
        for bad in (make, write, nowhere):
            code, out, beside = self.run_command(*bad)
            self.assertEqual((2, ''), (code, out))
            self.assertRegex(beside, 'new file|No such file')
        self.assertEqual([], self.asked)

    def test_bad_cloud_is_bad_use(self) -> None:
        def refuse(name: str | None) -> None:
            raise exception.BadValue('the cloud', name, 'not found')

        code, out, beside = self.run_command(
            'check-flavors', '--os-cloud', 'mars', connect=refuse
        )
        self.assertEqual((2, ''), (code, out))
        self.assertIn('mars', beside)

    def test_cloud_is_the_one_that_was_named(self) -> None:
        for verb in ('check-flavors', 'bootstrap'):
            with (
                self.made(),
                mock.patch.object(manage.flavors, 'check', return_value=[]),
            ):
                self.run_command(verb)
                self.run_command(verb, '--os-cloud', 'lab')
        self.assertEqual([None, 'lab'] * 2, self.asked)

    def test_drain(self) -> None:
        there = operator.Cloud('desk1')
        there.there = [operator.server('a', **{'desktop:preemptible': 'no'})]
        words = ('drain', 'desk1', '--wait', '--within', '9', '--reason', 'x')
        code, out, _ = self.run_command(*words, connect=lambda _: there)
        self.assertEqual(0, code)
        states = [line.split()[0] for line in out.splitlines()]
        self.assertEqual(['updated', 'advice', 'ok'], states)
        self.assertEqual(
            'nova-desktop drain within 9 s: x',
            there.services['desk1'].disabled_reason,
        )
        words = ('undrain', 'desk1', '--json')
        code, out, _ = self.run_command(*words, connect=lambda _: there)
        self.assertEqual((0, 'updated'), (code, json.loads(out)[0]['state']))
        words = ('drain', 'desk9')
        code, out, beside = self.run_command(*words, connect=lambda _: there)
        self.assertEqual((2, ''), (code, out))
        self.assertIn("HOST = 'desk9' is not valid", beside)

    def test_no_wait_for_a_host_that_is_not_drained(self) -> None:
        there = operator.Cloud('desk1')
        there.services['desk1'].status = 'disabled'
        words = ('drain', 'desk1', '--wait')
        code, out, _ = self.run_command(*words, connect=lambda _: there)
        self.assertEqual((1, 1), (code, len(out.splitlines())))

    def test_reclaim_status(self) -> None:
        there = operator.Cloud('desk1')
        there.endpoint_for = lambda kind: None
        for words, shown in (
            (('reclaim-status',), 'problem  workers: the catalog'),
            (('reclaim-status', '--json'), '"drained": []'),
        ):
            code, out, _ = self.run_command(*words, connect=lambda _: there)
            self.assertEqual(1, code)
            self.assertIn(shown, out)

    def test_exit_code_of_bootstrap(self) -> None:
        for states, expected in (
            ((State.CREATED, State.KEPT, State.UPDATED, State.SKIPPED), 0),
            ((State.CREATED, State.DIFFERS), 1),
            ((State.CREATED, State.PROBLEM), 1),
        ):
            with self.made(*states):
                code, out, beside = self.run_command('bootstrap')
            self.assertEqual(expected, code)
            self.assertEqual(len(states), len(out.splitlines()))
            self.assertIn('check-settings', beside)

    def test_bootstrap_looks_at_the_settings_too(self) -> None:
        hosts = {'desk1': True, 'desk2': True, 'rack1': False}
        with (
            self.made(State.KEPT),
            mock.patch.object(
                manage.workstations, 'hosts', return_value=hosts
            ),
        ):
            code, out, beside = self.run_command(
                'bootstrap', '--json', '--config-file', str(self.conf)
            )
        self.assertEqual((1, ''), (code, beside))
        found = {each['what']: each for each in json.loads(out)}
        self.assertEqual('kept', found['flavor kept']['state'])
        results = found['[scheduler] max_placement_results']
        self.assertEqual('problem', results['state'])
        self.assertIn('2 or more', results['remedy'])

    def test_bad_file_is_found_before_anything_is_made(self) -> None:
        with self.made(State.CREATED) as run:
            code, out, beside = self.run_command(
                'bootstrap', '--config-file', '/nonexistent'
            )
        self.assertEqual((2, ''), (code, out))
        self.assertIn('/nonexistent', beside)
        run.assert_not_called()
        self.assertEqual([], self.asked)

    def test_settings_are_looked_at_where_the_cloud_has_failed(self) -> None:
        failed = exception.CloudFailed('workstations', '503')
        with (
            self.made(State.PROBLEM),
            mock.patch.object(
                manage.workstations, 'hosts', side_effect=failed
            ),
        ):
            code, out, _ = self.run_command(
                'bootstrap', '--json', '--config-file', str(self.conf)
            )
        self.assertEqual(1, code)
        found = {each['what']: each['state'] for each in json.loads(out)}
        self.assertEqual('problem', found['flavor problem'])
        self.assertEqual('skipped', found['[scheduler] max_placement_results'])

    def test_settings_need_no_cloud(self) -> None:
        words = ('check-settings', '--config-file', str(self.conf))
        code, out, _ = self.run_command(*words, '--workstations', '1')
        self.assertEqual(1, code)
        self.assertRegex(out, r'ok +\[scheduler\] max_placement_results: 1;')
        self.assertEqual([], self.asked)

    def test_no_such_file(self) -> None:
        code, _, beside = self.run_command(
            'check-settings', '--config-file', '/nonexistent'
        )
        self.assertEqual(2, code)
        self.assertIn('/nonexistent', beside)
