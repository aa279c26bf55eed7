# SPDX-License-Identifier: Apache-2.0
"""The options of the surroundings: what is written, and what is refused."""

import dataclasses
import datetime
import io
import pathlib
import tempfile
import unittest
import zoneinfo

from oslo_config import cfg, generator

from nova_desktop.conf import apps, dates, power, schedule, windows
from nova_desktop.policy import schedule as policy
from nova_desktop.policy import surroundings

DAILY = frozenset(range(7))


def parse(text: str) -> cfg.ConfigOpts:
    """Read options from a file; those that are bad show when they are read."""
    conf = cfg.ConfigOpts()
    conf.register_opts(schedule.OPTS, group='schedule')
    with tempfile.NamedTemporaryFile('w', suffix='.conf') as file:
        file.write(f'[schedule]\n{text}\n')
        file.flush()
        conf(['--config-file', file.name])
    return conf


class WindowTest(unittest.TestCase):
    def test_half_in_office_hours_takes_one_line(self) -> None:
        conf = parse('window = office: mon-fri 09:00-18:00 cpus=50%')
        [line] = conf.schedule.window
        self.assertEqual('office', line.name)
        self.assertEqual('mon-fri 09:00-18:00', line.when)
        self.assertEqual(frozenset(range(5)), line.days)
        self.assertEqual((540, 1080), (line.start_min, line.end_min))
        self.assertEqual(windows.Limits(0.5, 1.0, True), line.limits)
        self.assertIsNone(schedule.refused(conf.schedule))

    def test_many_windows(self) -> None:
        conf = parse(
            'window = office: workdays 9:00-18:00 memory=50% admit=no\n'
            'window = night: daily 22:00-06:00 cpus=80%'
        )
        self.assertEqual(
            [
                ('office', windows.Limits(1.0, 0.5, False)),
                ('night', windows.Limits(0.8, 1.0, True)),
            ],
            [(line.name, line.limits) for line in conf.schedule.window],
        )

    def test_days(self) -> None:
        for text, expected in (
            ('mon', {0}),
            ('mon-fri', {0, 1, 2, 3, 4}),
            ('fri-mon', {4, 5, 6, 0}),
            ('mon,Wed', {0, 2}),
            ('weekend', {5, 6}),
            ('workdays,sat', {0, 1, 2, 3, 4, 5}),
            ('daily', DAILY),
            ('holidays', {policy.HOLIDAY}),
            ('sun,holidays', {6, policy.HOLIDAY}),
            ('tue-tue', {1}),
        ):
            self.assertEqual(expected, windows.days(text), text)

    def test_nothing_lent_means_no_memory_and_no_guests(self) -> None:
        for text, expected in (
            ('cpus=0%', (0.0, 0.0, False)),
            ('cpus=0% memory=40%', (0.0, 0.4, False)),
            ('memory=0% admit=yes', (1.0, 0.0, False)),
            ('admit=no', (1.0, 1.0, False)),
        ):
            self.assertEqual(expected, windows.limits(text), text)

    def test_bad_lines_say_what_is_allowed(self) -> None:
        for text, named, allowed in (
            ('', "''", 'NAME: DAYS'),
            ('office', "'office'", 'NAME: DAYS'),
            ('a: mon 09:00 cpus=1%', '09:00 cpus', 'NAME: DAYS'),
            ('a: moo 09:00-10:00 cpus=1%', "'moo'", 'mon-fri'),
            ('a: mon-moo 09:00-10:00 cpus=1%', "'mon-moo'", 'weekend'),
            ('a: mon- 09:00-10:00 cpus=1%', "'mon-'", 'weekend'),
            ('a: mon, 09:00-10:00 cpus=1%', "'mon,'", 'weekend'),
            ('a: mon-weekend 9:00-10:00 cpus=1%', 'mon-weekend', 'daily'),
            ('a: mon 24:01-25:00 cpus=1%', "'24:01'", '00:00 to 24:00'),
            ('a: mon 09:60-10:00 cpus=1%', "'09:60'", '00:00 to 24:00'),
            ('a: mon 9-10 cpus=1%', "'9'", 'HH:MM'),
            ('a: mon 09:00-09:00 cpus=1%', '09:00-09:00', '00:00-24:00'),
            ('a: mon 24:00-09:00 cpus=1%', '24:00-09:00', '00:00-24:00'),
            ('a: mon 09:00-10:00', '09:00-10:00', 'cpus=0%'),
            ('a: mon 09:00-10:00 cpus=101%', "'cpus=101%'", '0% to 100%'),
            ('a: mon 09:00-10:00 cpus=0.5', "'cpus=0.5'", '0% to 100%'),
            ('a: mon 09:00-10:00 memory=8G', "'memory=8G'", '0% to 100%'),
            ('a: mon 09:00-10:00 cpu=5%', "'cpu=5%'", 'cpus='),
            ('a: mon 09:00-10:00 cpus=5% cpus=6%', "'cpus=6%'", 'once'),
            ('a: mon 09:00-10:00 admit=maybe', "'admit=maybe'", 'admit=no'),
        ):
            conf = parse(f'window = {text}')
            with (
                self.subTest(text=text),
                self.assertRaises(cfg.ConfigFileValueError) as caught,
            ):
                conf.schedule.window  # noqa: B018
            said = str(caught.exception)
            self.assertIn('window', said)
            self.assertIn(named, said)
            self.assertIn(allowed, said)
            self.assertNotIn('\n', said)

    def test_one_bad_line_among_good_ones_is_refused(self) -> None:
        conf = parse(
            'window = a: mon 09:00-10:00 cpus=x\n'
            'window = b: mon 09:00-10:00 cpus=1%'
        )
        with self.assertRaisesRegex(cfg.ConfigFileValueError, 'cpus=x'):
            conf.schedule.window  # noqa: B018

    def test_two_of_one_name_are_refused(self) -> None:
        conf = parse(
            'window = a: mon 09:00-10:00 cpus=2%\n'
            'window = a: tue 09:00-10:00 cpus=1%'
        )
        refused = schedule.refused(conf.schedule)
        assert refused is not None
        self.assertEqual('window', refused[0])
        self.assertIn("'a'", refused[1])


class OthersTest(unittest.TestCase):
    def test_defaults_narrow_nothing(self) -> None:
        conf = parse('')
        self.assertEqual([], conf.schedule.window)
        self.assertEqual([], conf.schedule.holidays)
        limit = policy.Limit(*conf.schedule.outside)
        self.assertEqual(policy.Limit(), limit)
        self.assertEqual(
            policy.SUNDAY, dates.weekday(conf.schedule.holidays_as)
        )
        self.assertIsNone(schedule.refused(conf.schedule))

    def test_outside(self) -> None:
        conf = parse('outside = cpus=25% admit=no')
        self.assertEqual((0.25, 1.0, False), conf.schedule.outside)

    def test_holidays(self) -> None:
        conf = parse('holidays = 2026-12-25, 12-26,02-29\nholidays_as = mon')
        single, yearly = dates.dates(conf.schedule.holidays)
        self.assertEqual({datetime.date(2026, 12, 25)}, single)
        self.assertEqual({(12, 26), (2, 29)}, yearly)
        self.assertEqual(0, dates.weekday(conf.schedule.holidays_as))
        self.assertIsNone(dates.weekday('itself'))

    def test_bad_values_say_what_is_allowed(self) -> None:
        for option, value, allowed in (
            ('holidays', '2026-13-01', '2026-12-25'),
            ('holidays', '12-25,13-01', '12-25'),
            ('holidays', 'easter', '2026-12-25'),
            ('holidays_as', 'someday', 'itself'),
            ('timezone', 'Europe/Entenhausen', 'Europe/Berlin'),
            ('timezone', '../../etc/passwd', 'Europe/Berlin'),
            ('outside', 'half', 'cpus='),
        ):
            conf = parse(f'{option} = {value}')
            with (
                self.subTest(option=option, value=value),
                self.assertRaises(cfg.ConfigFileValueError) as caught,
            ):
                conf.schedule[option]
            self.assertIn(option, str(caught.exception))
            self.assertIn(allowed, str(caught.exception))

    def test_zone_of_the_host(self) -> None:
        directory = pathlib.Path(
            self.enterContext(tempfile.TemporaryDirectory())
        )
        path = directory / 'localtime'
        self.assertEqual(datetime.UTC, dates.zone('', path))
        path.symlink_to('/usr/share/zoneinfo/Asia/Tokyo')
        moment = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
        for zone in (dates.zone('', path), dates.zone('Asia/Tokyo')):
            self.assertEqual(9, moment.astimezone(zone).hour)
        path.unlink()
        path.write_text('no zone')
        with self.assertRaisesRegex(ValueError, 'localtime'):
            dates.zone('', path)

    def test_every_zone_that_is_there_is_taken(self) -> None:
        for name in ('UTC', 'Australia/Lord_Howe', 'Etc/GMT+12'):
            self.assertIsInstance(dates.zone(name), zoneinfo.ZoneInfo)


class DefaultsTest(unittest.TestCase):
    def test_are_those_of_the_policy(self) -> None:
        defaults = {
            opt.dest: opt.default for opt in (*power.OPTS, *power.NETWORK_OPTS)
        }
        defaults['apps_hold_s'] = {o.dest: o.default for o in apps.OPTS}[
            'hold_s'
        ]
        for field in dataclasses.fields(surroundings.SurroundingsLimits):
            self.assertEqual(field.default, defaults[field.name], field.name)

    def test_help_is_there(self) -> None:
        for opt in (
            *schedule.OPTS,
            *power.OPTS,
            *power.NETWORK_OPTS,
            *apps.OPTS,
        ):
            self.assertGreater(len(opt.help or ''), 40, opt.name)
            self.assertEqual(opt.name, opt.dest)

    def test_sample_shows_values_that_can_be_read(self) -> None:
        conf = cfg.ConfigOpts()
        generator.register_cli_opts(conf)
        conf(['--namespace', 'none'])
        for opt in (*schedule.OPTS, *power.OPTS, *apps.OPTS):
            out = io.StringIO()
            shown = generator._OptFormatter(conf, output_file=out)
            shown.format(opt, 'schedule')
            last = out.getvalue().strip().splitlines()[-1]
            name, _, value = last.partition(' =')
            self.assertEqual(f'#{opt.name}', name)
            if value.strip() and not opt.multi:
                self.assertEqual(opt.default, opt.type(value.strip()))
