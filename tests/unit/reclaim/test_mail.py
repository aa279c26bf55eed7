# SPDX-License-Identifier: Apache-2.0
"""Mail against a real mail server."""

import dataclasses
import email
import pathlib
import tempfile
import unittest
from unittest import mock

from hypothesis import given
from hypothesis import strategies as st

from nova_desktop import exception, messages
from nova_desktop.reclaim import mail, nouns, outward
from tests import receivers
from tests.unit.reclaim import fakes

OPTIONS = {
    'smtp_host': '127.0.0.1',
    'smtp_security': 'none',
    'smtp_timeout_s': 2,
    'mail_from': 'cloud@example.org',
}


def told(action='shelve', odds=0.0):
    server = fakes.server(project_id='p1', user_id='u1')
    notice = messages.Notice(server.id, action, 1.8e9, 'the owner', odds)
    return outward.Told('desk1', notice, server, 1.8e9 - 60)


class MailTest(unittest.TestCase):
    def setUp(self):
        self.cloud = fakes.Cloud(None)
        self.cloud.emails['u1'] = 'ada@example.org'
        self.server = self.receiver()

    def receiver(self, **answers):
        made = receivers.Smtp(**answers)
        receivers.run(made, self)
        return made

    def mail(self, **changes):
        options = {**OPTIONS, 'smtp_port': self.server.port, **changes}
        return mail.Mail(fakes.settings(**options), self.cloud)

    def sent(self):
        return [email.message_from_bytes(x) for _, x in self.server.mails]

    def test_to_the_users_address(self):
        self.mail().send(told())
        [made] = self.sent()
        self.assertEqual('ada@example.org', made['To'])
        self.assertEqual('cloud@example.org', made['From'])
        self.assertIn('has to leave', made['Subject'])
        self.assertIn('2027-01-15 08:00:00 UTC', made['Subject'])
        self.assertEqual('auto-generated', made['Auto-Submitted'])
        text = made.get_payload()
        self.assertIn('desktop_ack=1', text)
        self.assertIn('shelve', text)
        self.assertIn('ada@example.org', self.server.mails[0][0][0])
        self.assertNotIn('desk1', str(made), 'tenants see no hosts')

    def test_to_the_operators_template(self):
        self.mail(mail_to='cloud+{project_id}@example.net').send(told())
        self.assertEqual('cloud+p1@example.net', self.sent()[0]['To'])

    def test_withdrawals_of_what_was_mailed(self):
        made = self.mail()
        made.send(told(''))
        made.send(told('', 0.7))
        self.assertEqual([], self.sent())
        made.send(told('shelve', 0.7))
        self.assertIn('early notice', self.sent()[0].get_payload())
        made.send(told(''))
        made.send(told(''))
        self.assertEqual(2, len(self.sent()))
        self.assertIn('stays', self.sent()[1]['Subject'])

    def test_nobody_to_mail_to(self):
        self.cloud.emails.clear()
        self.mail().send(told())
        self.assertEqual(0, self.server.connections)

    def test_keystone_does_not_tell(self):
        self.cloud.down = True
        with self.assertRaises(outward.TryAgain):
            self.mail().send(told())
        refuse = mock.Mock(side_effect=nouns.CloudRefused('403'))
        with (
            mock.patch.object(self.cloud, 'email_of', refuse),
            self.assertRaises(outward.GiveUp),
        ):
            self.mail().send(told())

    def test_addresses_that_are_none(self):
        for bad in ('x', 'a@b\r\nBcc: c@d', 'a@b, c@d', '<a@b>', '@', 'a b@c'):
            self.cloud.emails['u1'] = bad
            with self.assertRaises(outward.GiveUp, msg=bad):
                self.mail().send(told())
        self.assertEqual(0, self.server.connections)

    @given(st.text(max_size=40))
    def test_an_address_or_an_error(self, text):
        try:
            taken = str(mail.address(text))
        except ValueError:
            return
        self.assertFalse(set('\r\n') & set(taken))

    def test_what_the_mail_server_says(self):
        for answers, error in (
            ({'RCPT': '450 later'}, outward.TryAgain),
            ({'RCPT': '550 nobody'}, outward.GiveUp),
            ({'DATA': '451 later'}, outward.TryAgain),
            ({'DATA': '554 spam'}, outward.GiveUp),
        ):
            self.server = self.receiver(**answers)
            with self.assertRaises(error):
                self.mail().send(told())

    def test_nobody_there(self):
        with self.assertRaises(outward.TryAgain):
            self.mail(smtp_port=receivers.Nobody().port).send(told())

    def test_tls_or_nothing(self):
        with self.assertRaises(outward.GiveUp):
            self.mail(smtp_security='starttls').send(told())
        with tempfile.TemporaryDirectory() as name:
            path = receivers.certificate(pathlib.Path(name))
            self.server = self.receiver(tls=receivers.context_of(path))
            with self.assertRaises(outward.GiveUp):
                self.mail(smtp_security='starttls').send(told())
            self.assertEqual([], self.sent())
            with mock.patch.dict('os.environ', SSL_CERT_FILE=str(path)):
                self.mail(
                    smtp_security='starttls',
                    smtp_user='nova',
                    smtp_password='secret',
                ).send(told())
        self.assertEqual(1, len(self.sent()))
        self.assertEqual(1, len(self.server.logins))

    def test_options_that_cannot_be(self):
        for name, value in (
            ('mail_from', None),
            ('mail_from', 'x'),
            ('mail_to', '{tenant}@example.org'),
            ('mail_to', 'no address'),
        ):
            options = fakes.settings(**{**OPTIONS, name: value})
            with self.assertRaisesRegex(exception.BadValue, name):
                mail.check(options)

    def test_withdrawal_of_another_server(self):
        made = self.mail()
        made.send(told())
        other = fakes.server('other', user_id='u1')
        notice = dataclasses.replace(told('').notice, server_id=other.id)
        made.send(outward.Told('desk1', notice, other, 1.0))
        self.assertEqual(1, len(self.sent()))
