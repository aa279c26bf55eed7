# SPDX-License-Identifier: Apache-2.0
"""Reading configuration files."""

import pathlib
import tempfile
import unittest

from nova_desktop.doctor import settings

NOVA = """\
# compute_driver = commented.Out
before_a_group = 1
[DEFAULT]
compute_driver = first.Driver
compute_driver = "desktop.DesktopDriver"

[filter_scheduler]
available_filters = a
available_filters=b
enabled_filters = one,
  two,
\tthree
; weight_classes = no
not an option
"""


class ReadTest(unittest.TestCase):
    def read(self, *texts: str) -> settings.Settings:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        paths = []
        for number, text in enumerate(texts):
            path = pathlib.Path(directory.name, f'{number}.conf')
            path.write_text(text)
            paths.append(str(path))
        return settings.read(paths)

    def test_last_value_is_in_force_without_quotes(self) -> None:
        given = self.read(NOVA)
        self.assertEqual(
            'desktop.DesktopDriver', given.last('DEFAULT', 'compute_driver')
        )

    def test_later_file_wins(self) -> None:
        given = self.read(NOVA, '[DEFAULT]\ncompute_driver = later\n')
        self.assertEqual('later', given.last('DEFAULT', 'compute_driver'))

    def test_repeated_option_keeps_all(self) -> None:
        given = self.read(NOVA)
        self.assertEqual(
            ['a', 'b'], given.all('filter_scheduler', 'available_filters')
        )

    def test_indented_lines_go_on(self) -> None:
        given = self.read(NOVA)
        self.assertEqual(
            'one, two, three',
            given.last('filter_scheduler', 'enabled_filters'),
        )

    def test_comments_and_other_groups_do_not_count(self) -> None:
        given = self.read(NOVA)
        self.assertEqual([], given.all('filter_scheduler', 'weight_classes'))
        self.assertEqual('no', given.last('DEFAULT', 'enabled_filters', 'no'))
        self.assertEqual(
            ['before_a_group', 'compute_driver'], given.names('DEFAULT')
        )

    def test_missing_file_is_not_passed_over(self) -> None:
        with self.assertRaises(OSError):
            settings.read(['/nonexistent/nova.conf'])
