# SPDX-License-Identifier: Apache-2.0
"""The reclaim service on a clock of its own, against Nova's own code."""

import os

# Read when nova is imported: threads, as the service itself has.
os.environ.setdefault('OS_NOVA_DISABLE_EVENTLET_PATCHING', 'true')

# Before anything loads oslo.messaging, as nova itself demands.
import nova.tests.functional  # noqa: F401
