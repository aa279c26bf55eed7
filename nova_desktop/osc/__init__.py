# SPDX-License-Identifier: Apache-2.0
"""The ``openstack desktop`` commands."""
