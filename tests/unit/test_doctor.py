# SPDX-License-Identifier: Apache-2.0
"""The doctor as a whole."""

import contextlib
import io
import pathlib
import tempfile
import unittest
from unittest import mock

from nova_desktop import doctor
from nova_desktop.doctor import result, settings


class RunTest(unittest.TestCase):
    def run_with(self, *outcomes: result.Result) -> tuple[int, str]:
        checks = [lambda outcome=outcome: outcome for outcome in outcomes]
        out = io.StringIO()
        with (
            mock.patch.object(doctor, 'checks', return_value=checks),
            contextlib.redirect_stdout(out),
        ):
            return doctor.run([]), out.getvalue()

    def test_all_well(self) -> None:
        code, out = self.run_with(
            result.ok('a', 'fine'), result.skipped('b', 'not here')
        )
        self.assertEqual(0, code)
        self.assertEqual('ok       a: fine\nskipped  b: not here\n', out)

    def test_one_problem(self) -> None:
        code, out = self.run_with(
            result.problem('a', 'broken', 'mend it'), result.ok('b', 'fine')
        )
        self.assertEqual(1, code)
        self.assertEqual(
            'problem  a: broken; mend it\nok       b: fine\n', out
        )


class GuardedTest(unittest.TestCase):
    def test_a_failing_check_is_a_problem_and_logged(self) -> None:
        def some_check() -> result.Result:
            raise RuntimeError('oops')

        with self.assertLogs(doctor.LOG.logger, 'ERROR'):
            found = doctor.guarded(some_check)
        self.assertEqual(result.State.PROBLEM, found.state)
        self.assertEqual('some check', found.what)
        self.assertIn('oops', found.found)


class ChecksTest(unittest.TestCase):
    def names(self, text: str) -> list[str]:
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory, 'nova.conf')
            path.write_text(text)
            return [
                doctor._name(check) for check in doctor.checks([str(path)])
            ]

    def test_workstation(self) -> None:
        names = self.names('[DEFAULT]\ncompute_driver = x\n')
        self.assertIn('compute driver', names)
        self.assertIn('input readable', names)
        self.assertNotIn('scheduler option', names)

    def test_forgotten_driver_is_looked_for(self) -> None:
        self.assertIn('compute driver', self.names('[DEFAULT]\n'))

    def test_no_file_is_not_a_missing_option(self) -> None:
        [check] = [
            check
            for check in doctor.checks([])
            if doctor._name(check) == 'compute driver'
        ]
        self.assertEqual(result.State.SKIPPED, check().state)

    def test_scheduler_alone(self) -> None:
        names = self.names('[filter_scheduler]\nenabled_filters = x\n')
        self.assertEqual(3, names.count('scheduler option'))
        self.assertNotIn('compute driver', names)
        self.assertNotIn('agent answers', names)

    def test_both_on_one_machine(self) -> None:
        names = self.names(
            '[DEFAULT]\ncompute_driver = x\n'
            '[filter_scheduler]\nenabled_filters = x\n'
        )
        self.assertIn('scheduler option', names)
        self.assertIn('agent answers', names)

    def test_unreadable_file_is_a_problem(self) -> None:
        found = [
            check()
            for check in doctor.checks(['/nonexistent/nova.conf'])
            if doctor._name(check) == '<lambda>'
        ]
        self.assertIn('/nonexistent/nova.conf', found[0].found)
        self.assertEqual(result.State.PROBLEM, found[0].state)

    def test_paths_come_from_the_files(self) -> None:
        given = settings.Settings(
            {
                ('libvirt', 'connection_uri'): ['test:///x'],
                ('sensing', 'cgroup_root'): ['/somewhere'],
            }
        )
        arguments = [
            check.args
            for check in doctor._host_checks(given)
            if hasattr(check, 'args')
        ]
        self.assertIn(('test:///x',), arguments)
        self.assertIn((pathlib.Path('/somewhere'),), arguments)
