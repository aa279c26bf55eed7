# SPDX-License-Identifier: Apache-2.0
"""The agent's D-Bus API, for the driver, the session helper and the CLI."""

from nova_desktop.client.agent import AgentClient
from nova_desktop.client.connection import BUS_NAME, INTERFACE, PATH
from nova_desktop.client.selector import EpollSelector
from nova_desktop.client.watcher import AgentWatcher

__all__ = [
    'BUS_NAME',
    'INTERFACE',
    'PATH',
    'AgentClient',
    'AgentWatcher',
    'EpollSelector',
]
