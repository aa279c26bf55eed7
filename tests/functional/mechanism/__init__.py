# SPDX-License-Identifier: Apache-2.0
"""The rungs of the ladder on real cgroups, with processes as guests."""
