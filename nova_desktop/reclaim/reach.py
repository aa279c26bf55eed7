# SPDX-License-Identifier: Apache-2.0
"""What the service reaches the cloud and the bus by, from its options."""

from typing import Any

import oslo_messaging
from keystoneauth1 import exceptions as ks_exceptions
from keystoneauth1 import loading
from keystoneauth1 import session as ks_session

from nova_desktop import exception
from nova_desktop.conf import reclaim as options

_OTHER_THREADS = 100


def session_of(conf: Any) -> Any:
    """Make the keystone session; raise BadValue for unusable credentials."""
    group = options.AUTH_GROUP
    if not conf[group].auth_type:
        raise exception.BadValue(
            f'[{group}] auth_type', None, "must be set, e.g. 'password'"
        )
    try:
        auth = loading.load_auth_from_conf_options(conf, group)
        made = loading.load_session_from_conf_options(conf, group, auth=auth)
    except ks_exceptions.AuthPluginException as error:
        raise exception.BadValue(
            f'[{group}]', conf[group].auth_type, str(error)
        ) from error
    # With fewer than threads most requests would have to connect anew.
    kept = conf[options.GROUP].threads + _OTHER_THREADS
    for scheme in ('http://', 'https://'):
        made.mount(scheme, ks_session.TCPKeepAliveAdapter(pool_maxsize=kept))
    return made


def transport_of(conf: Any) -> Any:
    """Make the bus's transport; raise BadValue for an unusable URL."""
    try:
        return oslo_messaging.get_rpc_transport(conf, allowed_remote_exmods=[])
    except (
        oslo_messaging.InvalidTransportURL,
        oslo_messaging.DriverLoadFailure,
    ) as error:
        raise exception.BadValue(
            'transport_url', '(not shown)', f'must be usable: {error}'
        ) from error
