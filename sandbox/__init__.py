# SPDX-License-Identifier: Apache-2.0
"""A real one-machine OpenStack whose compute hosts are workstations."""
