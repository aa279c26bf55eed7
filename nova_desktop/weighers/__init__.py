# SPDX-License-Identifier: Apache-2.0
"""Scheduler weighers: thin questions to the policy."""

from nova_desktop.weighers import base, demand, free_time, history, leave


def all_weighers() -> list[type[base.DesktopWeigher]]:
    """Give every weigher, for ``[filter_scheduler] weight_classes``."""
    return [
        free_time.FreeTimeWeigher,
        leave.CorrelatedLeaveWeigher,
        demand.RecentDemandWeigher,
        history.PreemptionHistoryWeigher,
    ]
