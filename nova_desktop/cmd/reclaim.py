# SPDX-License-Identifier: Apache-2.0
"""The nova-desktop-reclaim command."""

import gc
import os
import queue
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


def run(conf: Any, signals: 'queue.SimpleQueue[int]') -> bool:
    """Serve until a signal to end comes; say whether it ended in time."""
    instance = service.Service(conf)
    instance.start()
    # What the imports have made stays. To look at all of it each time would
    # take longer than to choose among hundreds of guests.
    gc.collect()
    gc.freeze()
    LOG.info('nova-desktop-reclaim runs')
    while signals.get() == signal.SIGHUP:
        reload(conf)
    ending = threading.Thread(target=instance.stop, daemon=True)
    ending.start()
    ending.join(conf.reclaim.shutdown_timeout_s)
    if ending.is_alive():
        LOG.warning(
            'not ended within %g s: what is still asked of Nova is left to '
            'the next worker',
            conf.reclaim.shutdown_timeout_s,
        )
    return not ending.is_alive()


def reload(conf: Any) -> None:
    """Read the files again, for the options that may change meanwhile."""
    try:
        conf.mutate_config_files()
    except (options.Error, ValueError, SystemExit) as error:
        # oslo.config ends the process over options of the command line.
        LOG.error('the options stay as they are: %s', error)


def main() -> int:
    """Run the service until SIGTERM or SIGINT."""
    signals = queue.SimpleQueue[int]()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda got, _: signals.put(got))
    try:
        if not run(load(sys.argv[1:]), signals):
            # Python would wait for the threads.
            os._exit(0)
    except (exception.BadValue, options.Error) as error:
        print(f'nova-desktop-reclaim: {error}', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
