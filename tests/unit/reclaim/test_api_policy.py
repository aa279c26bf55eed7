# SPDX-License-Identifier: Apache-2.0

import unittest

from oslo_config import cfg
from oslo_context import context

from nova_desktop.reclaim import api_policy

MINE = {'project_id': 'mine'}
WHO = {
    'admin': {'roles': ['admin', 'member', 'reader'], 'project_id': 'other'},
    'system reader': {'roles': ['reader'], 'system_scope': 'all'},
    'member': {'roles': ['member', 'reader'], 'project_id': 'mine'},
    'reader': {'roles': ['reader'], 'project_id': 'mine'},
    'without a role': {'roles': ['other'], 'project_id': 'mine'},
    'foreigner': {'roles': ['member', 'reader'], 'project_id': 'other'},
    'domain admin': {'roles': ['admin'], 'domain_id': 'mine'},
}
OPERATORS = {'admin', 'system reader'}
ALLOWED = {
    api_policy.HOST_SHOW: OPERATORS,
    api_policy.HOST_HISTORY: OPERATORS,
    api_policy.WORKERS_LIST: OPERATORS,
    api_policy.SERVER_EXPLAIN: OPERATORS | {'member', 'reader'},
    api_policy.SERVER_DETAIL: OPERATORS,
}


class PolicyTest(unittest.TestCase):
    def setUp(self):
        conf = cfg.ConfigOpts()
        conf([], project='nova-desktop', default_config_files=[])
        self.enforcer = api_policy.enforcer(conf)

    def test_defaults(self):
        for rule, allowed in ALLOWED.items():
            for who, words in WHO.items():
                user = context.RequestContext(overwrite=False, **words)
                self.assertEqual(
                    who in allowed,
                    self.enforcer.authorize(rule, MINE, user),
                    f'{rule}: {who}',
                )

    def test_each_rule_is_judged_above(self):
        names = {rule.name for rule in api_policy.list_rules()}
        self.assertEqual(names, set(ALLOWED))
