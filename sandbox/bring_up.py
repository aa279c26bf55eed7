# SPDX-License-Identifier: Apache-2.0
"""Bring the sandbox up and down, step by step."""

import datetime
import functools
import shutil
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sandbox import (
    cloud,
    config,
    host_programs,
    hosts,
    layout,
    progress,
    schema,
    supervise,
)

APIS = ('placement', 'glance', 'neutron', 'nova-api', 'nova-metadata')
FOLDERS = (
    layout.LOG,
    layout.RUN,
    layout.STATE,
    layout.INSTANCES,
    layout.STATE / 'glance' / 'images',
    layout.STATE / 'glance' / 'tasks',
    layout.STATE / 'glance' / 'staging',
    layout.STATE / 'neutron' / 'locks',
    layout.STATE / 'nova' / 'locks',
    layout.STATE / 'nova' / 'instances',
)


def wait_until(
    what: str, check: Callable[[], bool], log: Path, patience_s: float = 90
) -> None:
    """Ask again until a service answers; raise StepFailed with its log."""
    deadline = time.monotonic() + patience_s
    while not check():
        if time.monotonic() > deadline:
            raise progress.StepFailed(
                f'{what} did not answer within {patience_s:.0f} s', log
            )
        time.sleep(0.2)


def answers(url: str) -> bool:
    """Say whether an API answers at all."""
    try:
        urllib.request.urlopen(url, timeout=5).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def _wait_for_api(name: str) -> None:
    log = layout.LOG / f'{name}.out'
    wait_until(name, lambda: answers(layout.url(name, '/')), log)


def listens(port: int) -> bool:
    """Say whether something listens on a loopback port."""
    try:
        socket.create_connection(('127.0.0.1', port), 1).close()
    except OSError:
        return False
    return True


def _wait_for_port(name: str) -> None:
    log = layout.LOG / f'{name}.out'
    wait_until(name, lambda: listens(layout.PORTS[name]), log)


def _rabbit_folder() -> None:
    folder = layout.STATE / 'rabbitmq'
    for path in (folder, folder / 'mnesia', folder / 'log'):
        path.mkdir(exist_ok=True)
        shutil.chown(path, 'rabbitmq', 'rabbitmq')
    plugins = folder / 'plugins'
    plugins.write_text('[].\n')


def prepare() -> None:
    """Write the configuration and make the hosts' namespaces."""
    for folder in FOLDERS:
        folder.mkdir(parents=True, exist_ok=True)
    # MariaDB and RabbitMQ run as users of their own.
    layout.RUN.chmod(0o1777)
    layout.LOG.chmod(0o1777)
    # sshd wants it, and gives no option for it.
    Path('/run/sshd').mkdir(exist_ok=True)
    config.write_all()
    _rabbit_folder()
    for host in layout.HOSTS:
        hosts.create(host)


def start_supervisord(eventlet: bool) -> None:
    """Start supervisord, after what an earlier one may have left behind."""
    supervise.write_config(host_programs.every(eventlet))
    if supervise.running():
        supervise.reload_config()
        return
    hosts.make_cgroups(supervise.CONTROL_GROUP)
    hosts.end_processes([supervise.CONTROL_GROUP])
    for host in layout.HOSTS:
        hosts.end_services(host)
    supervise.start_supervisord()


def start_base() -> None:
    """Start message bus and database and make the schemas."""
    schema.make_mysql_folder()
    supervise.start('epmd', 'mariadb')
    # RabbitMQ would start an epmd of its own that nobody ends.
    _wait_for_port('epmd')
    supervise.start('rabbitmq')
    log = layout.LOG / 'mariadb.out'
    wait_until('mariadb', schema.mysql_answers, log)
    with progress.step('database schemas'):
        schema.make()
    _wait_for_port('rabbitmq')


def start_control() -> None:
    """Start the control plane in the order its services need."""
    supervise.start('keystone')
    _wait_for_api('keystone')
    cloud.seed_identity()
    supervise.start(*APIS)
    for name in APIS:
        _wait_for_api(name)
    supervise.start('nova-conductor', 'nova-scheduler', 'reclaim')
    _wait_for_port('reclaim')
    cloud.seed_images()
    cloud.seed_flavors()


def _heard(compute: Any, host: layout.Host, since: datetime.datetime) -> bool:
    """Say whether a host's nova-compute was heard since then.

    After a restart an old heartbeat still reads "up" for a while.
    """
    services = compute.services(binary='nova-compute', host=host.name)
    return any(
        service.state == 'up'
        and service.updated_at
        and datetime.datetime.fromisoformat(service.updated_at) >= since
        for service in services
    )


def start_hosts() -> None:
    """Start every host's services and wait until Nova has heard of them."""
    since = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
    for host in layout.HOSTS:
        names = [program.name for program in host_programs.of_host(host)]
        supervise.start(*names)
    compute = cloud.connect().compute
    for host in layout.HOSTS:
        log = layout.LOG / f'{host.name}-compute.log'
        what = f'nova-compute on {host.name}'
        check = functools.partial(_heard, compute, host, since)
        wait_until(what, check, log, 120)
    schema.nova_manage('cell_v2', 'discover_hosts')
    cloud.seed_aggregate()


def up(eventlet: bool = False) -> None:
    """Bring all of it up; what runs already is left alone."""
    with progress.step('configuration, hosts, supervisor'):
        prepare()
        start_supervisord(eventlet)
    with progress.step('message bus and database'):
        start_base()
    with progress.step('keystone, placement, glance, neutron, nova'):
        start_control()
    with progress.step('three compute hosts'):
        start_hosts()


def down(wipe: bool) -> None:
    """Stop all of it, leaving nothing running and nothing mounted."""
    names = [supervise.CONTROL_GROUP, *(host.name for host in layout.HOSTS)]
    with progress.step('stopping services and guests'):
        supervise.shutdown()
        hosts.end_processes(names)
    for host in layout.HOSTS:
        hosts.remove_namespaces(host)
    hosts.remove_cgroups()
    if wipe:
        for path in (
            layout.STATE,
            layout.ETC,
            layout.RUN,
            layout.INSTANCES,
            layout.ROOT / 'hosts',
            layout.BY_ADDRESS,
            layout.SECRETS,
        ):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
