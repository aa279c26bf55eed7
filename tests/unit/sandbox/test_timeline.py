# SPDX-License-Identifier: Apache-2.0
import dataclasses
import itertools
import pathlib
import tempfile
import unittest
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from sandbox import timeline
from sandbox import timeline_layout as layout
from tests.unit.sandbox import example

SVG = '{http://www.w3.org/2000/svg}'
LABELS = st.lists(
    st.tuples(
        st.floats(0, 100), st.text('abcdefgh ', min_size=1, max_size=24)
    ),
    max_size=25,
)


def parse(series: timeline.Series) -> ElementTree.Element:
    return ElementTree.fromstring(timeline.to_svg(series))


def texts(picture: ElementTree.Element) -> list[str]:
    return [node.text or '' for node in picture.iter(f'{SVG}text')]


def shapes(
    picture: ElementTree.Element, tag: str, style: str
) -> list[ElementTree.Element]:
    nodes = picture.iter(SVG + tag)
    return [node for node in nodes if node.get('class') == style]


class TimelineTest(unittest.TestCase):
    def test_everything_of_a_run_is_in_the_picture(self) -> None:
        told = texts(parse(example.RUN))
        for host in example.RUN.hosts:
            self.assertIn(host.name, told)
        for event in example.RUN.events:
            self.assertIn(timeline.label(event), told)
        self.assertIn(example.RUN.title, told)
        self.assertIn('seconds since the start', told)
        self.assertIn('180', told)

    def test_a_cap_is_a_step_line_until_the_end(self) -> None:
        host = timeline.Host('one', 4, cap_cpus=[(0, 4), (50, 1)])
        picture = parse(timeline.Series('t', 100, [host]))
        cap = shapes(picture, 'path', 'cap')
        self.assertEqual(1, len(cap))
        points = [
            tuple(float(v) for v in point.split())
            for point in (cap[0].get('d') or '')[1:].split(' L')
        ]
        xs, ys = [p[0] for p in points], [p[1] for p in points]
        self.assertEqual(4, len(points))
        self.assertEqual((xs[1], ys[0]), (xs[2], ys[1]))
        self.assertLess(ys[0], ys[2])
        self.assertAlmostEqual((xs[0] + xs[3]) / 2, xs[1], delta=0.2)

    def test_presence_is_coloured_and_named_where_there_is_room(self) -> None:
        spans = [
            timeline.Span(0, 60, 'away'),
            timeline.Span(60, 61, 'idle'),
            timeline.Span(61, 100, 'asleep'),
        ]
        host = timeline.Host('one', 4, presence=spans)
        picture = parse(timeline.Series('t', 100, [host]))
        for style in ('away', 'idle', 'unknown'):
            # One in the legend, one in the panel.
            self.assertEqual(2, len(shapes(picture, 'rect', style)))
        told = texts(picture)
        self.assertIn('away', told)
        self.assertIn('unknown', told)
        self.assertNotIn('idle', told)

    def test_hostile_words_and_numbers_do_no_harm(self) -> None:
        series = timeline.Series(
            '<script> & "quotes"',
            10,
            [timeline.Host('<b>', 2, used_cpus=[(1, float('nan')), (2, 1)])],
            [timeline.Event(99, 'a<b', '<b>'), timeline.Event(-1, '&', 'x')],
        )
        picture = parse(series)
        self.assertIn('a<b', texts(picture))
        self.assertNotIn('nan', timeline.to_svg(series))

    def test_a_long_label_is_cut_and_its_tip_has_all(self) -> None:
        event = timeline.Event(9.9, 'guest was told: ' + 'x' * 100, '', 'web')
        picture = parse(timeline.Series('t', 10, [], [event]))
        (cut,) = [words for words in texts(picture) if 'told' in words]
        self.assertEqual(layout.LABEL_CHARACTERS, len(cut))
        self.assertTrue(cut.endswith('…'))
        tips = [node.text for node in picture.iter(f'{SVG}title')]
        self.assertIn(timeline.whole(event), tips)
        scale = layout.Scale.fitting(10, [(9.9, cut)])
        right = scale.x(9.9) + layout.LABEL_DX + layout.text_px(cut)
        self.assertLessEqual(right, layout.WIDTH_PX)

    def test_an_empty_run_is_a_picture(self) -> None:
        parse(timeline.Series('nothing', 0, []))
        parse(timeline.Series('idle', 0, [timeline.Host('one', 0)]))

    def test_the_same_series_gives_the_same_file(self) -> None:
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory) / 'run.svg'
            timeline.render(example.RUN, path)
            copy = dataclasses.replace(example.RUN)
            self.assertEqual(timeline.to_svg(copy), path.read_text())


class LayoutTest(unittest.TestCase):
    @given(LABELS)
    def test_no_label_overlaps_a_label_or_a_mark(
        self, labels: list[layout.Label]
    ) -> None:
        scale = layout.Scale.fitting(100, labels)
        rows = layout.rows(scale, labels)
        boxes = [
            (scale.x(t), scale.x(t) + layout.text_px(words), row)
            for (t, words), row in zip(labels, rows, strict=True)
        ]
        for one, other in itertools.permutations(boxes, 2):
            if one[2] == other[2]:
                self.assertTrue(one[1] < other[0] or other[1] < one[0])
            if one[0] < other[0] < one[1]:
                self.assertGreater(one[2], other[2])

    @given(LABELS)
    def test_labels_stay_in_the_picture(
        self, labels: list[layout.Label]
    ) -> None:
        scale = layout.Scale.fitting(100, labels)
        for t_s, words in labels:
            right = scale.x(t_s) + layout.LABEL_DX + layout.text_px(words)
            self.assertLessEqual(right, layout.WIDTH_PX)

    @given(st.floats(0.1, 20000))
    def test_ticks_are_round_few_and_within(self, end_s: float) -> None:
        ticks = layout.ticks(end_s)
        self.assertEqual(0, ticks[0])
        self.assertLessEqual(ticks[-1], end_s)
        self.assertLessEqual(len(ticks), layout.TICKS_WANTED + 1)
