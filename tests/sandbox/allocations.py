# SPDX-License-Identifier: Apache-2.0
"""Nova's own judgement of the allocations, by its own commands."""

import subprocess

from sandbox import layout

CLEAN = {
    ('audit', '--verbose'): 0,
    # Nova's code for having healed nothing, which a dry run never does.
    ('heal_allocations', '--dry-run', '--verbose'): 4,
}
_WOULD = '[dry-run]'


def wrong() -> list[str]:
    """Give what nova-manage says where it is not content."""
    etc = layout.ETC / 'nova'
    files = [
        word
        for name in ('nova-common.conf', 'nova.conf')
        for word in ('--config-file', str(etc / name))
    ]
    found = []
    for words, content in CLEAN.items():
        done = subprocess.run(
            [layout.BIN / 'nova-manage', *files, 'placement', *words],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != content or _WOULD in done.stdout:
            found.append(f'{words}: {done.returncode} {done.stdout}')
    return found
