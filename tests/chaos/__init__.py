# SPDX-License-Identifier: Apache-2.0
"""Disorder on a workstation, after which all must agree with each other."""
