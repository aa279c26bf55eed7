# SPDX-License-Identifier: Apache-2.0
"""Nova, Placement and the desktop API, as answers by URL."""

import json


class Response:
    def __init__(self, code=200, body=None):
        self.status_code = code
        self.reason = 'Reason'
        self.text = body if isinstance(body, str) else json.dumps(body)

    def json(self):
        return json.loads(self.text)


class Service:
    """Answers by URL; what it does not know is not found."""

    def __init__(self, answers):
        self.answers = answers
        self.asked = []

    def get(self, url, params=None, **more):
        self.asked.append((url, dict(params or {})))
        found = self.answers.get(url, Response(404, 'no'))
        if callable(found):
            found = found(params)
        return found if isinstance(found, Response) else Response(200, found)


class Connection:
    def __init__(self, compute=None, placement=None):
        self.compute = Service(compute or {})
        self.placement = Service(placement or {})


def node(number, **changes):
    """Give a hypervisor as Nova does."""
    return {
        'id': f'rp{number}',
        'hypervisor_hostname': f'node{number}',
        'state': 'up',
        'status': 'enabled',
        'service': {'host': f'desk{number}', 'disabled_reason': None},
        'running_vms': 1,
        'vcpus': 8,
        'memory_mb': 16384,
        **changes,
    }


def offer(vcpus=(32, 1), memory=(8192, 1024)):
    """Give what Placement offers of a host: capacity and use."""
    return {
        'VCPU': {'capacity': vcpus[0], 'used': vcpus[1]},
        'MEMORY_MB': {'capacity': memory[0], 'used': memory[1]},
    }
