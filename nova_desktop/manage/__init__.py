# SPDX-License-Identifier: Apache-2.0
"""What an operator sets up in a cloud for workstations, and how it fits."""
