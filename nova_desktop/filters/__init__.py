# SPDX-License-Identifier: Apache-2.0
"""Scheduler filters: thin questions to the policy."""
