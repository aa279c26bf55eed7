# SPDX-License-Identifier: Apache-2.0
"""The control plane's service: plan, notice, act, confirm."""
