# SPDX-License-Identifier: Apache-2.0
"""Have Nova use native threads; to be imported before any of it."""

import os

os.environ.setdefault('OS_NOVA_DISABLE_EVENTLET_PATCHING', 'true')

from nova import monkey_patch

monkey_patch.patch()
