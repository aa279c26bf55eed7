# SPDX-License-Identifier: Apache-2.0
"""Pure: samples of the owner's presence in, forecast out."""
