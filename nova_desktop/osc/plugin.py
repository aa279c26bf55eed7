# SPDX-License-Identifier: Apache-2.0
"""What python-openstackclient asks of a plug-in."""

import argparse
from typing import Any

from osc_lib import utils

from nova_desktop.osc import api

API_NAME = 'desktop'
API_VERSION_OPTION = 'os_desktop_api_version'
API_VERSIONS = ('1',)
DEFAULT_API_VERSION = '1'


def make_client(instance: Any) -> api.Api:
    """Give the client of the desktop API; it looks for none before it asks."""
    return api.Api(
        instance.session,
        lambda: instance.get_endpoint_for_service_type(
            api.SERVICE_TYPE,
            region_name=instance.region_name,
            interface=instance.interface,
        ),
    )


def build_option_parser(
    parser: argparse.ArgumentParser,
) -> argparse.ArgumentParser:
    """Add the global options."""
    parser.add_argument(
        '--os-desktop-api-version',
        metavar='<desktop-api-version>',
        default=utils.env('OS_DESKTOP_API_VERSION'),
        help='Desktop API version, default='
        f'{DEFAULT_API_VERSION} (Env: OS_DESKTOP_API_VERSION)',
    )
    parser.add_argument(
        '--os-desktop-endpoint-override',
        metavar='<url>',
        default=utils.env('OS_DESKTOP_ENDPOINT_OVERRIDE'),
        help='Desktop API endpoint instead of the one in the catalog '
        '(Env: OS_DESKTOP_ENDPOINT_OVERRIDE)',
    )
    return parser
