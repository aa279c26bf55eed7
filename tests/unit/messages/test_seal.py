# SPDX-License-Identifier: Apache-2.0
import copy
import json
import unittest

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nova_desktop import exception, messages
from nova_desktop.messages import answer, seal

NOW_S = 1.8e9
KEYS = {'desk1': b'1' * 32, 'desk2': b'2' * 32}
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.integers()
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
FIELDS = st.dictionaries(st.text().filter(lambda n: n != seal.FIELD), JSON)
JUNK = JSON | st.floats() | st.binary() | st.dictionaries(st.integers(), JSON)


def key_of(name: str) -> bytes:
    return KEYS.get(name, b'?' * 32)


def signer(name: str = 'desk1', at: float = NOW_S) -> messages.Signer:
    return messages.Signer(name, KEYS[name], lambda: at)


def carried(fields):
    """Give a message as the bus does."""
    return json.loads(json.dumps(fields))


class SealTest(unittest.TestCase):
    def setUp(self) -> None:
        self.now = NOW_S
        self.gate = messages.Gate(key_of, 60, lambda: self.now)

    def refused(self, why, fields, kind='Kind', gate=None) -> None:
        with self.assertRaisesRegex(exception.BadMessage, why) as caught:
            (gate or self.gate).passed(kind, fields)
        self.assertLess(len(str(caught.exception)), 1000)

    @settings(deadline=None)
    @given(FIELDS)
    def test_arrives_once(self, fields) -> None:
        sent = carried(signer().sealed('Kind', fields))
        passed = self.gate.passed('Kind', sent)
        self.assertEqual(('desk1', NOW_S), (passed.name, passed.sent_unix_s))
        self.refused('was sent before', sent)

    @settings(deadline=None)
    @given(st.data())
    def test_any_change_breaks_it(self, data) -> None:
        fields = data.draw(FIELDS)
        sent = carried(signer().sealed('Kind', fields))
        changed = copy.deepcopy(sent)
        part = data.draw(st.sampled_from([changed, changed[seal.FIELD]]))
        name = data.draw(st.sampled_from(sorted(part)) | st.text())
        part[name] = data.draw(JSON)
        if data.draw(st.booleans()):
            del part[name]
        assume(json.dumps(changed) != json.dumps(sent))
        # What is beside the fields of a seal is not looked at.
        known = ('name', 'sent_unix_s', 'nonce', 'mac')
        assume(part is changed or name in known)
        with self.assertRaises(exception.BadMessage):
            self.gate.passed('Kind', changed)

    @settings(deadline=None)
    @given(FIELDS)
    def test_no_other_name_and_no_other_kind(self, fields) -> None:
        sent = signer().sealed('Kind', fields)
        self.refused('key of that name', sent, 'Kind2')
        passed_off = {
            **sent,
            seal.FIELD: {**sent[seal.FIELD], 'name': 'desk2'},
        }
        self.refused('key of that name', passed_off)

    @settings(deadline=None)
    @given(JUNK)
    def test_junk_is_refused(self, junk) -> None:
        for fields in (
            junk,
            {seal.FIELD: junk},
            {**signer().sealed('Kind', {}), 'more': junk},
            *(
                {seal.FIELD: {**signer().sealed('Kind', {})['seal'], n: junk}}
                for n in ('name', 'sent_unix_s', 'nonce', 'mac')
            ),
        ):
            with self.assertRaises(exception.BadMessage) as caught:
                self.gate.passed('Kind', fields)
            self.assertLess(len(str(caught.exception)), 1000)

    def test_deep_junk(self) -> None:
        deep: list = []
        for _ in range(100_000):
            deep = [deep]
        self.refused('JSON', {**signer().sealed('Kind', {}), 'x': deep})

    def test_unsigned(self) -> None:
        self.refused('must be signed', {'host': 'desk1'})
        plain = messages.Signer('desk1', None).sealed('Kind', {'a': 1})
        self.assertEqual({'a': 1}, plain)

    def test_clocks(self) -> None:
        for early_s, told in ((61, '61 s ahead'), (-61, '61 s behind')):
            sent = signer(at=NOW_S + early_s).sealed('Kind', {})
            self.refused(told, sent)
        for early_s in (59, -59):
            sent = signer(at=NOW_S + early_s).sealed('Kind', {})
            self.gate.passed('Kind', sent)

    def test_never_twice_however_late(self) -> None:
        sent = signer(at=NOW_S + 59).sealed('Kind', {})
        self.gate.passed('Kind', sent)
        for later_s in (1, 60, 118, 119):
            self.now = NOW_S + later_s
            self.gate.passed('Kind', signer(at=self.now).sealed('Kind', {}))
            self.refused('was sent before', sent)
        self.now = NOW_S + 120
        self.refused('behind', sent)

    def test_memory_is_bounded(self) -> None:
        other = signer('desk2').sealed('Kind', {})
        self.gate.passed('Kind', other)
        for _ in range(3000):
            self.gate.passed('Kind', signer().sealed('Kind', {}))
        self.assertEqual(1024, len(self.gate._seen['desk1']))
        self.refused('was sent before', other)
        self.now += 121
        self.gate.passed('Kind', signer(at=self.now).sealed('Kind', {}))
        self.assertEqual(
            {'desk1': 1},
            {name: len(seen) for name, seen in self.gate._seen.items()},
        )


class AnswerTest(unittest.TestCase):
    def setUp(self) -> None:
        self.question = messages.Seal('desk1', NOW_S, 'n1')
        self.given = carried(
            messages.answer_sealed(signer(), self.question, {'a': 1})
        )

    def taken(self, given, nonce='n1', host='desk1', strict=True):
        return answer.answer_of(given, host, key_of, nonce, strict)

    def test_taken(self) -> None:
        self.assertEqual({'a': 1}, self.taken(self.given))

    def test_of_another_host_or_question(self) -> None:
        for more, why in (
            ({'nonce': 'n2'}, 'of the question'),
            ({'host': 'desk2'}, 'desk2, which was asked'),
        ):
            with self.assertRaisesRegex(exception.BadMessage, why):
                self.taken(self.given, **more)

    def test_changed(self) -> None:
        for given_ in ({**self.given, 'answer': {'a': 2}}, {'a': 1}, None):
            with self.assertRaises(exception.BadMessage):
                self.taken(given_)

    def test_unsigned_where_that_may_be(self) -> None:
        self.assertEqual({'a': 1}, self.taken({'a': 1}, strict=False))
        forged = {**self.given, 'answer': 5}
        with self.assertRaises(exception.BadMessage):
            self.taken(forged, strict=False)
