# SPDX-License-Identifier: Apache-2.0
"""Pure: facts in, verdict with its reason out."""
