# SPDX-License-Identifier: Apache-2.0
"""Where ``compute_driver = desktop.DesktopDriver`` finds the driver."""

from nova_desktop.virt.driver import DesktopDriver as DesktopDriver
