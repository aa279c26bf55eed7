# SPDX-License-Identifier: Apache-2.0
"""Lend the idle part of people's workstations to OpenStack."""
