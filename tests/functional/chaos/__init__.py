# SPDX-License-Identifier: Apache-2.0
"""A little of what tools/chaos does for longer."""
