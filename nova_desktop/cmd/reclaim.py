# SPDX-License-Identifier: Apache-2.0
"""The nova-desktop-reclaim command."""

import signal
import sys
import threading
import warnings
from collections.abc import Sequence
from typing import Any

from oslo_log import log

# oslo.messaging loads eventlet without using it here, and that complains on
# import: nobody can do anything about it.
warnings.filterwarnings('ignore', r'\s*Eventlet is deprecated')

from nova_desktop import exception  # noqa: E402
from nova_desktop.conf import reclaim as options  # noqa: E402
from nova_desktop.reclaim import service  # noqa: E402

LOG = log.getLogger(__name__)


def load(args: Sequence[str]) -> Any:
    """Read the command line and files; raise BadValue or cfg.Error."""
    conf = options.process_conf()
    log.register_options(conf)
    options.parse(conf, args)
    log.setup(conf, 'nova-desktop-reclaim')
    return conf


def run(conf: Any, done: threading.Event) -> None:
    """Serve until ``done`` is set."""
    instance = service.Service(conf)
    instance.start()
    LOG.info('nova-desktop-reclaim runs')
    done.wait()
    instance.stop()


def main() -> int:
    """Run the service until SIGTERM or SIGINT."""
    done = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: done.set())
    try:
        run(load(sys.argv[1:]), done)
    except (exception.BadValue, options.Error) as error:
        print(f'nova-desktop-reclaim: {error}', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
