# SPDX-License-Identifier: Apache-2.0
import json
import unittest

from hypothesis import given, settings
from hypothesis import strategies as st

from nova_desktop import exception, messages, model
from nova_desktop.messages import host

NUMBERS = st.floats(0, 2**40)
TEXTS = st.text(st.characters(categories=['L', 'N', 'P']), min_size=1)
TOLD = st.builds(
    messages.Told,
    at_unix_s=NUMBERS,
    presence=st.sampled_from(model.Presence),
    admit=st.booleans(),
    cpus=NUMBERS,
    memory_mib=st.integers(0, 2**40),
    reason=TEXTS.map(lambda text: text[:255]),
)
STATUSES = st.builds(
    messages.HostStatus,
    heard=st.booleans(),
    now=TOLD,
    demand=st.booleans(),
    reclaim_due=st.booleans(),
    forecast=st.dictionaries(
        st.sampled_from(model.HORIZONS_MIN), st.floats(0, 1)
    ),
    booted_unix_s=st.none() | NUMBERS,
)
JUNK = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
GOOD = {
    'heard': True,
    'now': {
        'at_unix_s': 1.0,
        'presence': 'away',
        'admit': True,
        'cpus': 2.0,
        'memory_mib': 512,
        'reason': 'the owner is away',
    },
    'demand': False,
    'reclaim_due': False,
    'forecast': {'5': 0.5},
    'booted_unix_s': 7.0,
}


class HostStatusTest(unittest.TestCase):
    @settings(deadline=None)
    @given(STATUSES)
    def test_arrives_as_it_was_sent(self, status) -> None:
        sent = json.loads(json.dumps(status.to_wire()))
        self.assertEqual(status, messages.HostStatus.from_wire(sent))

    @settings(deadline=None)
    @given(JUNK)
    def test_junk_is_refused(self, junk) -> None:
        with self.assertRaises(exception.BadMessage):
            messages.HostStatus.from_wire(junk)
        if junk != []:
            with self.assertRaises(exception.BadMessage):
                host.told_of(junk, 200)

    @settings(deadline=None)
    @given(st.sampled_from(sorted(GOOD)), JUNK)
    def test_junk_in_a_field_harms_nothing(self, name, junk) -> None:
        try:
            taken = messages.HostStatus.from_wire({**GOOD, name: junk})
        except exception.BadMessage as bad:
            self.assertLess(len(str(bad)), 1000)
        else:
            self.assertEqual(junk, taken.to_wire()[name])

    def test_hosts_that_do_not_tell_since_when_they_run(self) -> None:
        old = {k: v for k, v in GOOD.items() if k != 'booted_unix_s'}
        taken = messages.HostStatus.from_wire(old)
        self.assertIsNone(taken.booted_unix_s)

    def test_what_is_wrong_is_named(self) -> None:
        for name, value, told in (
            ('presence', 'asleep', 'away, idle'),
            ('cpus', -1, 'must be 0 to'),
            ('memory_mib', float('nan'), 'must be 0 to'),
            ('admit', 1, 'must be true or false'),
            ('reason', 'x' * 256, '1 to 255'),
        ):
            now = {**GOOD['now'], name: value}
            with self.assertRaisesRegex(exception.BadMessage, told):
                messages.HostStatus.from_wire({**GOOD, 'now': now})
        for forecast in ({'7': 0.5}, {'5': 1.1}, [0.5]):
            with self.assertRaisesRegex(exception.BadMessage, 'must'):
                messages.HostStatus.from_wire({**GOOD, 'forecast': forecast})

    def test_a_longer_history_than_was_asked_for(self) -> None:
        told = [GOOD['now']] * 3
        self.assertEqual(3, len(host.told_of(told, 3)))
        with self.assertRaisesRegex(exception.BadMessage, 'at most 2'):
            host.told_of(told, 2)
