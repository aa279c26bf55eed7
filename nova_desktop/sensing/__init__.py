# SPDX-License-Identifier: Apache-2.0
"""Read the host; change nothing, judge nothing."""
