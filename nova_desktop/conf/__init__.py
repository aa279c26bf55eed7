# SPDX-License-Identifier: Apache-2.0
"""Every option; agent, desktop and reclaim each list those of one file."""
