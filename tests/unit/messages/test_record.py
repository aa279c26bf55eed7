# SPDX-License-Identifier: Apache-2.0
import json
import unittest
import uuid

from nova_desktop import exception, messages

ENTRY = messages.Entry(
    at_unix_s=5.0,
    worker='w1',
    server_id=str(uuid.uuid4()),
    what=messages.What.LEFT,
    text='it has left',
    host='desk1',
)


class EntryTest(unittest.TestCase):
    def test_arrives_as_it_was_sent(self) -> None:
        sent = json.loads(json.dumps(ENTRY.to_wire()))
        self.assertEqual(ENTRY, messages.Entry.from_wire(sent))

    def test_texts_fit(self) -> None:
        made = messages.Entry(
            5.0,
            'w1',
            ENTRY.server_id,
            messages.What.STAYS,
            text='a\nb',
            detail='x' * 10**6,
        )
        self.assertEqual('a b', made.text)
        self.assertEqual(255, len(made.detail))
        self.assertEqual(made, messages.Entry.from_wire(made.to_wire()))

    def test_bad_fields_are_named(self) -> None:
        for name, value in (
            ('what', 'eaten'),
            ('what', None),
            ('server_id', 'x'),
            ('at_unix_s', '5'),
            ('worker', ''),
            ('text', ''),
            ('host', 7),
        ):
            with self.assertRaisesRegex(exception.BadMessage, name):
                messages.Entry.from_wire({**ENTRY.to_wire(), name: value})
