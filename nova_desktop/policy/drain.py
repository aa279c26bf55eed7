# SPDX-License-Identifier: Apache-2.0
"""What a drain looks like in Nova: why a nova-compute is disabled.

Nova alone remembers that an operator takes a workstation out of the cloud, so
that every worker, also one that is started later, comes to the same.
"""

import dataclasses
import re

MARK = 'nova-desktop drain'
WITHIN_MAX_S = 86400
_NOVA_MAX = 255
_FORM = re.compile(rf'{MARK}(?: within ([1-9][0-9]{{0,4}}) s)?(?:: (.+))?')


@dataclasses.dataclass(frozen=True, slots=True)
class Drain:
    """What an operator wants of a workstation.

    ``within_s`` is how long each guest may take to leave after its grace,
    ``None`` as long as it needs; ``why`` is the operator's own text.
    """

    why: str = ''
    within_s: int | None = None

    @property
    def text(self) -> str:
        """Give the reason as Nova keeps it."""
        within = f' within {self.within_s} s' if self.within_s else ''
        return f'{MARK}{within}' + (f': {self.why}' if self.why else '')

    @property
    def room(self) -> int:
        """Give how many characters ``why`` may have."""
        head = dataclasses.replace(self, why='')
        return _NOVA_MAX - len(head.text) - len(': ')


def parse(reason: str | None) -> Drain | None:
    """Read a reason; ``None`` where it is somebody else's."""
    found = _FORM.fullmatch(reason or '')
    if found is None:
        return None
    within, why = found.groups()
    return Drain(why or '', int(within) if within else None)
