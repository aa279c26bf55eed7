# SPDX-License-Identifier: Apache-2.0
"""What stands in for the reclaim service."""

import oslo_messaging
from nova import rpc

from nova_desktop import messages
from tests.functional.nova import base


class ReclaimService:
    """Take what hosts ask of the control plane."""

    target = oslo_messaging.Target(version=messages.SERVED)

    def __init__(self) -> None:
        self.reclaims: list[messages.ReclaimRequest] = []
        self.returned: list[messages.CapacityReturned] = []
        self.fields: list[dict] = []
        self.risks: list[messages.AtRisk] = []

    def reclaim(self, ctxt, fields) -> None:
        self.reclaims.append(messages.ReclaimRequest.from_wire(fields))

    def capacity_returned(self, ctxt, fields) -> None:
        self.fields.append(fields)
        self.returned.append(messages.CapacityReturned.from_wire(fields))

    def at_risk(self, ctxt, fields) -> None:
        self.risks.append(messages.AtRisk.from_wire(fields))


def start(test: base.DesktopTestBase) -> ReclaimService:
    """Start the service for as long as a test runs."""
    test.flags(reclaim_repeat_s=1.0, group='desktop')
    service = ReclaimService()
    server = rpc.get_server(messages.reclaim_target('control'), [service])
    server.start()
    test.addCleanup(server.wait)
    test.addCleanup(server.stop)
    return service
