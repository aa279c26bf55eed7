# SPDX-License-Identifier: Apache-2.0
import pathlib
import tempfile
import unittest
from collections import defaultdict

from benchmarks import giving, memory_back, memory_guest

# 256 MiB a second, after half a second in which nothing happens.
POINTS = [(0.0, 0), *((0.5 + step, step * 256) for step in range(5))]


def noted(points: list[tuple[float, int]]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = defaultdict(list)
    memory_back.note(giving.Given(points, cpu_s=0.9), '_x', found)
    return found


class NoteTest(unittest.TestCase):
    def test_when_each_step_was_reached(self) -> None:
        found = noted(POINTS)
        steps = [
            found[f'balloon_{step}mib_x_s'] for step in (256, 512, 768, 1024)
        ]
        self.assertEqual([[1.5], [2.5], [3.5], [4.5]], steps)
        self.assertEqual([1024.0], found['balloon_x_given_back_mib'])

    def test_speed_leaves_out_what_came_before(self) -> None:
        self.assertEqual([256.0], noted(POINTS)['balloon_x_mib_per_s'])

    def test_what_the_guest_used(self) -> None:
        self.assertEqual([0.2], noted(POINTS)['balloon_x_guest_cpus'])

    def test_not_reached_is_not_there(self) -> None:
        found = noted(POINTS[:-1])
        self.assertNotIn('balloon_1024mib_x_s', found)
        self.assertNotIn('balloon_x_mib_per_s', found)
        self.assertEqual([768.0], found['balloon_x_given_back_mib'])
        self.assertEqual([1.0], found['balloon_x_missed_count'])

    def test_all_at_once_has_no_speed(self) -> None:
        self.assertNotIn('balloon_x_mib_per_s', noted([(0.0, 0), (1.0, 2000)]))


class MetricsTest(unittest.TestCase):
    def test_median(self) -> None:
        found = memory_back.metrics({'a_s': [3.0, 1.0, 8.0]})
        self.assertEqual({'a_s': 3.0}, found)

    def test_counts_are_added_up(self) -> None:
        found = memory_back.metrics({'a_count': [0.0, 1.0, 1.0]})
        self.assertEqual({'a_count': 2.0}, found)


class FileTest(unittest.TestCase):
    def test_no_page_is_zeros(self) -> None:
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory, 'file')
            memory_guest.write_file(path, 2)
            content = path.read_bytes()
        self.assertEqual(2 * 1024**2, len(content))
        pages = {content[at : at + 4096] for at in range(0, 2**21, 4096)}
        self.assertNotIn(bytes(4096), pages)
