# SPDX-License-Identifier: Apache-2.0
"""nova-desktop-agent: lend this workstation, its owner first."""

import asyncio
import sys
from collections.abc import Sequence

from oslo_log import log as logging

from nova_desktop import exception
from nova_desktop.agent import build
from nova_desktop.conf import agent as options

EXIT_UNREADY = 1
EXIT_BAD_OPTION = 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run the agent; return the exit code."""
    conf = options.new()
    logging.register_options(conf)
    problem = options.parse(conf, sys.argv[1:] if argv is None else argv)
    if problem:
        return _give_up(problem, EXIT_BAD_OPTION)
    logging.setup(conf, 'nova_desktop')
    try:
        _run(conf)
    except exception.DesktopError as error:
        return _give_up(str(error), EXIT_UNREADY)
    return 0


def _run(conf: options.Conf) -> None:
    if conf.prepare:
        build.prepare(conf)
    elif conf.hold:
        build.hold(conf)
    elif conf.remove:
        build.remove(conf)
    elif conf.wait_saved:
        build.wait_saved(conf, lambda text: print(text, flush=True))
    else:
        asyncio.run(_serve(conf))


async def _serve(conf: options.Conf) -> None:
    await build.agent(conf).run()


def _give_up(problem: str, code: int) -> int:
    print(f'nova-desktop-agent: {problem}', file=sys.stderr)
    return code


if __name__ == '__main__':
    sys.exit(main())
