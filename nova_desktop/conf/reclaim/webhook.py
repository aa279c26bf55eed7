# SPDX-License-Identifier: Apache-2.0
"""Options of group reclaim: notices by HTTP."""

from oslo_config import cfg

OPTS = [
    cfg.URIOpt(
        'webhook_url',
        schemes=['https', 'http'],
        help="""
URL to which every notice of every server is posted, as JSON: an early or a
real notice, a warning that a server is at risk, and their withdrawal. Empty:
nothing is posted. Redirects are not followed.

Related options:

* ``webhook_secret``
* ``tenant_webhooks``
""",
    ),
    cfg.StrOpt(
        'webhook_secret',
        secret=True,
        help="""
Key of the HMAC-SHA256 over the body of what is posted to ``webhook_url``, in
the header ``X-Nova-Desktop-Signature: sha256=...``. Empty: no such header.
""",
    ),
    cfg.ListOpt(
        'tenant_webhooks',
        default=[],
        item_type=cfg.types.URI(schemes=['https', 'http']),
        help="""
URLs below which a tenant may name one in the server metadata key
``desktop_webhook``, to have that server's notices posted there, unsigned.
Scheme, host and port have to be the same and the path below it, however the
tenant writes it; anything else is ignored with a line in the log. Empty: no
tenant may. This service posts from inside the cloud: allow only what any
tenant may reach.
""",
    ),
    cfg.FloatOpt(
        'webhook_timeout_s',
        default=5,
        min=0.5,
        max=60,
        help="""
Seconds that a receiver has to take the connection, and to answer.
""",
    ),
    cfg.IntOpt(
        'webhook_tries',
        default=4,
        min=1,
        max=10,
        help="""
How often at most a notice is posted to a receiver that is not there or answers
408, 429 or 5xx, after 1, 2, 4 and more seconds. Any other answer is final.
""",
    ),
    cfg.StrOpt(
        'webhook_cafile',
        help="""
File with the certificate authorities of receivers whose URL begins with
https. Empty: those that the system trusts. It cannot be switched off that
their certificates are verified.
""",
    ),
]
