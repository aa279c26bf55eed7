# SPDX-License-Identifier: Apache-2.0
"""The operator's cloud, with its errors made ours."""

import contextlib
from collections.abc import Iterator
from typing import Any

import openstack
import openstack.exceptions
from keystoneauth1 import exceptions as ks_exceptions

from nova_desktop import exception

_ERRORS = (ks_exceptions.ClientException, openstack.exceptions.SDKException)


def connect(name: str | None) -> Any:
    """Connect as any OpenStack client does; raise BadValue.

    ``name`` is a cloud of clouds.yaml, None for the one that the environment
    (``OS_CLOUD`` or ``OS_*``) says. Nothing is asked of the cloud yet.
    """
    try:
        return openstack.connect(cloud=name, app_name='nova-desktop-manage')
    except _ERRORS as error:
        raise exception.BadValue(
            'the cloud', name or 'of the environment', str(error)
        ) from error


@contextlib.contextmanager
def doing(what: str) -> Iterator[None]:
    """Raise CloudFailed with what was done when a request has failed."""
    try:
        yield
    except _ERRORS as error:
        raise exception.CloudFailed(what, str(error)) from error
