# SPDX-License-Identifier: Apache-2.0
import unittest

from nova_desktop import exception, messages
from nova_desktop.messages import worker

ROW = {'server': 'x', 'failures': 2, 'departs': True, 'within_s': None}
TOLD = messages.WorkerTold(
    'w1', 'q', 'now', {name: (ROW,) for name in worker.LISTS}, 3
)


class WorkerTest(unittest.TestCase):
    def test_arrives_as_it_was_sent(self) -> None:
        asked = messages.WorkersAsked('w1', 'q')
        for sent in (asked, TOLD):
            self.assertEqual(sent, type(sent).from_wire(sent.to_wire()))

    def test_a_text_stays_on_its_line(self) -> None:
        wire = TOLD.to_wire()
        wire['lists']['needs'] = [{'reason': '\x1b[2J\n'}]
        (row,) = messages.WorkerTold.from_wire(wire).lists['needs']
        self.assertEqual(' [2J ', row['reason'])

    def test_bad_fields_are_named(self) -> None:
        for name, value in (
            ('worker', ''),
            ('question', None),
            ('since', 7),
            ('omitted', -1),
            ('lists', []),
        ):
            with self.assertRaisesRegex(exception.BadMessage, name):
                messages.WorkerTold.from_wire({**TOLD.to_wire(), name: value})

    def test_bad_rows_are_named(self) -> None:
        for rows in (
            None,
            'x',
            [7],
            [{}] * 501,
            [{'victims': [1]}],
            [{'victims': 'x' * 256}],
            [{'victims': float('nan')}],
            [{f'victims_{"x" * n}': 1 for n in range(17)}],
            [{'victims ': 1}],
            [{7: 'victims'}],
        ):
            wire = TOLD.to_wire()
            wire['lists'] = {**wire['lists'], 'victims': rows}
            with self.assertRaisesRegex(exception.BadMessage, 'victims|cell'):
                messages.WorkerTold.from_wire(wire)
