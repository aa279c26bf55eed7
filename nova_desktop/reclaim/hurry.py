# SPDX-License-Identifier: Apache-2.0
"""Shorten the grace where the host itself goes away: pure.

Whoever is still on it then is lost with its memory, so most of the time that
is left belongs to the saving.
"""

import math

from nova_desktop.reclaim.host import Need, Victim

NOTICE_PART = 1 / 3
"""As much of the time until the host goes is left to notices."""


def latest_unix_s(need: Need | None) -> float | None:
    """Give when notices end at the latest; ``None`` for a host that stays."""
    if need is None or not need.request.departs:
        return None
    end = need.asked_unix_s + need.request.within_s * NOTICE_PART
    return float(math.floor(end))


def shorten(victim: Victim, need: Need | None) -> bool:
    """End a victim's grace in time for its host; say whether that is news."""
    latest = latest_unix_s(need)
    if latest is None or victim.deadline_unix_s <= latest:
        return False
    victim.deadline_unix_s = latest
    return True
