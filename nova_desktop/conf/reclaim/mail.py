# SPDX-License-Identifier: Apache-2.0
"""Options of group reclaim: notices by mail."""

from oslo_config import cfg

OPTS = [
    cfg.HostAddressOpt(
        'smtp_host',
        help="""
Mail server that notices are given to, one mail for each real or early notice
and one for its withdrawal. Empty: no mail is sent.

Related options:

* ``mail_from``
* ``mail_to``
""",
    ),
    cfg.PortOpt(
        'smtp_port',
        default=587,
        min=1,
        help="""
TCP port of ``smtp_host``.
""",
    ),
    cfg.StrOpt(
        'smtp_security',
        default='starttls',
        choices=[
            ('starttls', 'TLS is asked for, and without it nothing is sent'),
            ('tls', 'TLS from the begin, mostly on port 465'),
            ('none', 'no TLS: for a mail server on the same machine'),
        ],
        help="""
How the connection to ``smtp_host`` is protected. Its certificate is verified.
""",
    ),
    cfg.StrOpt(
        'smtp_user',
        help="""
Name to log in with at ``smtp_host``. Empty: no login.

Related options:

* ``smtp_password``
""",
    ),
    cfg.StrOpt(
        'smtp_password',
        secret=True,
        help="""
Password of ``smtp_user``.
""",
    ),
    cfg.FloatOpt(
        'smtp_timeout_s',
        default=10,
        min=0.5,
        max=120,
        help="""
Seconds that the mail server has for each of its answers.
""",
    ),
    cfg.StrOpt(
        'mail_from',
        help="""
Address that the mails are from; has to be set where ``smtp_host`` is.
""",
    ),
    cfg.StrOpt(
        'mail_to',
        default='',
        help="""
Address that mails go to, in which ``{project_id}``, ``{user_id}`` and
``{server_id}`` are filled in, for instance ``cloud+{project_id}@example.org``.
Empty: the address that keystone has of the user who created the server, which
the service's user must be allowed to read (``identity:get_user``); a user
without an address gets no mail.
""",
    ),
]
