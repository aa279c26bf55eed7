# SPDX-License-Identifier: Apache-2.0
"""Tests on a whole Debian, with its own systemd, logind, polkit and evdev."""
