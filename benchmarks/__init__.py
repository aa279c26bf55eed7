# SPDX-License-Identifier: Apache-2.0
"""What the project promises, measured on the machine at hand."""

import os

# Nova decides between its kinds of threads before any of it is used.
os.environ.setdefault('OS_NOVA_DISABLE_EVENTLET_PATCHING', 'true')

from nova import monkey_patch

monkey_patch.patch()
