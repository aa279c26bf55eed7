# SPDX-License-Identifier: Apache-2.0
"""Moments that all looks have in common, so that one wake-up serves them.

At rest a quarter of what the agent takes of the CPU is the waking itself.
"""

import math


def wait_s(period_s: float, now_s: float) -> float:
    """Give the seconds to the next multiple of a period on the loop's clock.

    It is half a period away at least, so that nothing is compared with a
    moment ago, and one and a half at most.
    """
    beats = math.floor(now_s / period_s + 0.5) + 1
    return beats * period_s - now_s
