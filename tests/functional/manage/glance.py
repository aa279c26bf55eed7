# SPDX-License-Identifier: Apache-2.0
"""Glance itself, without keystone, in a process and a folder of its own."""

import pathlib
import subprocess
import sys
import tempfile

import fixtures

_SERVE = """
from wsgiref import simple_server
from glance.common import wsgi_app
app = wsgi_app.init_app()
server = simple_server.make_server('127.0.0.1', 0, app)
print(server.server_port, flush=True)
server.serve_forever()
"""
_CONF = """
[DEFAULT]
log_file = {place}/glance.log
enabled_backends = file:file
worker_self_reference_url = http://127.0.0.1
enabled_import_methods = []
api_limit_max = 2
[database]
connection = sqlite:///{place}/glance.db
[glance_store]
default_backend = file
[file]
filesystem_store_datadir = {place}/images
[os_glance_tasks_store]
filesystem_store_datadir = {place}/tasks
[os_glance_staging_store]
filesystem_store_datadir = {place}/staging
[paste_deploy]
config_file = {paste}
[oslo_policy]
policy_file = {place}/policy.yaml
"""
_POLICY = """
add_image: ""
get_image: ""
get_images: ""
"""


class Glance(fixtures.Fixture):
    """``url`` is its endpoint; everybody may make and see images."""

    def _setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        paste = pathlib.Path(sys.prefix, 'etc/glance/glance-api-paste.ini')
        conf = pathlib.Path(folder.name, 'glance-api.conf')
        conf.write_text(_CONF.format(place=folder.name, paste=paste))
        pathlib.Path(folder.name, 'policy.yaml').write_text(_POLICY)
        subprocess.run(
            [
                pathlib.Path(sys.prefix, 'bin/glance-manage'),
                f'--config-file={conf}',
                'db_sync',
            ],
            check=True,
            capture_output=True,
        )
        served = subprocess.Popen(
            [sys.executable, '-c', _SERVE],
            env={'OS_GLANCE_CONFIG_DIR': folder.name},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.addCleanup(served.communicate)
        self.addCleanup(served.kill)
        self.url = f'http://127.0.0.1:{served.stdout.readline().strip()}'
