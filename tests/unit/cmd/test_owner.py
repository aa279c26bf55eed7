# SPDX-License-Identifier: Apache-2.0
"""The verbs, as far as no agent is asked."""

import contextlib
import io
import subprocess
import unittest

from nova_desktop.cmd import owner


def run(*words: str) -> tuple[int | str | None, str, str]:
    """Give the exit code, and what was written."""
    out, problems = io.StringIO(), io.StringIO()
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(problems),
    ):
        try:
            code: int | str | None = owner.main(words)
        except SystemExit as end:
            code = end.code
    return code, out.getvalue(), problems.getvalue()


class WordsTest(unittest.TestCase):
    def test_bad_words_are_named_before_anybody_is_asked(self) -> None:
        for words, named in (
            ('pause for 5x', "'5x'"),
            ('pause soon', "'soon'"),
            ('lend until 25:00', "'25:00'"),
            ('cap cpus=200%', "cpus='200%'"),
            ('cap', 'CAP'),
            ('resume now', 'now'),
            ('completion csh', "'csh'"),
        ):
            code, _, problems = run(*words.split())
            self.assertEqual(2, code, words)
            self.assertIn(named, problems.splitlines()[-1])

    def test_completion_is_a_script_that_knows_the_verbs(self) -> None:
        for shell in ('bash', 'zsh', 'fish'):
            code, script, _ = run('completion', shell)
            self.assertEqual(0, code)
            for verb in ('pause', 'until-resume', 'memory=', 'completion'):
                self.assertIn(verb, script)

    def test_bash_completes(self) -> None:
        _, script, _ = run('completion', 'bash')
        asking = (
            f'{script}\n'
            'COMP_WORDS=(nova-desktop pa) COMP_CWORD=1; '
            '_shtab_nova_desktop; echo "${COMPREPLY[@]}"'
        )
        done = subprocess.run(
            ['bash', '-c', asking], capture_output=True, text=True
        )
        self.assertEqual('pause', done.stdout.strip(), done.stderr)
