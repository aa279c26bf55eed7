# SPDX-License-Identifier: Apache-2.0
"""The driver, filter and weigher in Nova's own functional test harness."""

import os

# Decided before anything of Nova is imported that needs to know.
os.environ.setdefault('OS_NOVA_DISABLE_EVENTLET_PATCHING', 'true')

from nova import monkey_patch

monkey_patch.patch()
