# SPDX-License-Identifier: Apache-2.0
"""Sense, decide, act on one workstation."""
