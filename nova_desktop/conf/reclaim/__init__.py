# SPDX-License-Identifier: Apache-2.0
"""Options of nova-desktop-reclaim: groups reclaim and service_auth."""

import contextlib
from collections.abc import Sequence

from keystoneauth1 import loading
from oslo_config import cfg

from nova_desktop.conf.reclaim import (
    action,
    api,
    comeback,
    cost,
    grace,
    health,
    lease,
    lost,
    mail,
    trust,
    vendordata,
    webhook,
    work,
)

GROUP = 'reclaim'
AUTH_GROUP = 'service_auth'

OPTS = [
    *work.OPTS,
    *trust.OPTS,
    *grace.OPTS,
    *action.OPTS,
    *cost.OPTS,
    *comeback.OPTS,
    *lease.OPTS,
    *lost.OPTS,
    *vendordata.OPTS,
    *webhook.OPTS,
    *mail.OPTS,
    *api.OPTS,
    *health.OPTS,
]

# The other adapter options (an endpoint, a service type) cannot hold for both
# Nova and Placement.
_ADAPTER_OPTS = ('region-name', 'valid-interfaces')


def _adapter_opts() -> list[cfg.Opt]:
    return [
        opt
        for opt in loading.get_adapter_conf_options(include_deprecated=False)
        if opt.name in _ADAPTER_OPTS
    ]


def register(conf: cfg.ConfigOpts) -> None:
    """Register the groups of the reclaim service."""
    conf.register_opts(OPTS, GROUP)
    loading.register_auth_conf_options(conf, AUTH_GROUP)
    loading.register_session_conf_options(conf, AUTH_GROUP)
    conf.register_opts(_adapter_opts(), AUTH_GROUP)
    conf.set_default('timeout', 60, AUTH_GROUP)
    conf.set_default('valid_interfaces', ['internal', 'public'], AUTH_GROUP)


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """Give the groups with their options, for the generated sample."""
    auth = [
        *loading.get_auth_common_conf_options(),
        *loading.get_auth_plugin_conf_options('password'),
        *loading.get_session_conf_options(),
        *_adapter_opts(),
    ]
    return [(GROUP, OPTS), (AUTH_GROUP, auth)]


def hold_few(conf: cfg.ConfigOpts, count: int) -> None:
    """Let RabbitMQ hand over so many messages at most before they are begun.

    For a transport that was made from ``conf``; what is set there goes first.
    """
    with contextlib.suppress(cfg.NoSuchOptError, cfg.NoSuchGroupError):
        conf.set_default(
            'rabbit_qos_prefetch_count', count, 'oslo_messaging_rabbit'
        )


Error = cfg.Error
"""What parse raises."""


def new_conf(conf: cfg.ConfigOpts | None = None) -> cfg.ConfigOpts:
    """Give a configuration, by default one of its own, with the groups."""
    conf = conf or cfg.ConfigOpts()
    register(conf)
    return conf


def process_conf() -> cfg.ConfigOpts:
    """Give the process's configuration with the groups registered.

    oslo.messaging registers some of its options nowhere else.
    """
    return new_conf(cfg.CONF)


def parse(conf: cfg.ConfigOpts, args: Sequence[str]) -> None:
    """Read command line and files; raise Error naming a bad value."""
    conf(list(args), project='nova-desktop', prog='nova-desktop-reclaim')
    # Values are checked when they are read: a bad one is told now.
    for opt in OPTS:
        conf[GROUP][opt.dest]
