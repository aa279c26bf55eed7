# SPDX-License-Identifier: Apache-2.0
"""Scheduler weighers: thin questions to the policy."""
