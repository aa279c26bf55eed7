# SPDX-License-Identifier: Apache-2.0
"""The rungs of the ladder that need libvirt, on real guests."""
