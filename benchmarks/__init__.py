# SPDX-License-Identifier: Apache-2.0
"""What the project promises, measured on the machine at hand."""
