# SPDX-License-Identifier: Apache-2.0
"""Play seeds one after the other; fail unless each ended in agreement."""

import argparse
import pathlib
import sys

from tests.chaos import story
from tests.functional.hypervisor import host

_KEPT = pathlib.Path('/var/tmp/nova-desktop-chaos')


def main() -> int:
    """Play what the command line names."""
    parser = argparse.ArgumentParser('chaos', description=__doc__)
    parser.add_argument('--seeds', type=int, default=20, help='how many')
    parser.add_argument('--first', type=int, default=1, help='the first one')
    parser.add_argument(
        '--seconds', type=float, default=60.0, help='of disorder in each'
    )
    parser.add_argument(
        '--keep', type=pathlib.Path, default=_KEPT, help='logs of what fails'
    )
    asked = parser.parse_args()
    if not host.usable():
        print('chaos needs root, cgroup v1, libvirtd and QEMU')
        return 1
    agreed = 0
    for seed in range(asked.first, asked.first + asked.seeds):
        outcome = story.play(seed, asked.seconds, asked.keep)
        print(outcome.line(), flush=True)
        for problem in outcome.problems:
            print(f'    {problem}', flush=True)
        agreed += not outcome.problems
    print(f'{agreed} of {asked.seeds} seeds ended in agreement')
    return 0 if agreed == asked.seeds else 1


if __name__ == '__main__':
    sys.exit(main())
