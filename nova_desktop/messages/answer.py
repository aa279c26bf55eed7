# SPDX-License-Identifier: Apache-2.0
"""A question to a workstation, and the answer that is its own.

Whoever has the credentials of the bus could take another host's questions and
answer them: an answer is bound to the host and to the question.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from nova_desktop.messages import fields as check
from nova_desktop.messages import seal as seals

_KIND = 'Answer'


@dataclasses.dataclass(frozen=True, slots=True)
class Question:
    """Ask a host for what a method gives, perhaps about a server of its."""

    method: str
    about: str = ''

    def to_wire(self) -> dict[str, Any]:
        """Give the message's fields."""
        return dataclasses.asdict(self)

    @classmethod
    def from_wire(cls, fields: Mapping[str, Any]) -> 'Question':
        """Check and take a message; raise BadMessage naming the field."""
        return cls(
            check.text(fields, 'method'), check.text_or_empty(fields, 'about')
        )


def sealed(
    signer: seals.Signer, question: seals.Seal, answer: Any
) -> dict[str, Any]:
    """Give the answer to a question as the host's own."""
    fields = {'answer': answer, 'question': question.nonce}
    return signer.sealed(_KIND, fields)


def answer_of(
    given: Any,
    host: str,
    key_of: Callable[[str], bytes],
    nonce: str,
    strict: bool,
) -> Any:
    """Give what a host has answered to a question; raise BadMessage.

    Unless ``strict``, a host that does not sign is believed.
    """
    signed = isinstance(given, dict) and seals.FIELD in given
    if not signed and not strict:
        return given
    seal = seals.opened(key_of, _KIND, given if signed else {})
    if seal.name != host:
        raise check.bad('name', seal.name, f'must be {host}, which was asked')
    if given.get('question') != nonce:
        allowed = 'must be of the question that was asked'
        raise check.bad('question', given.get('question'), allowed)
    return given.get('answer')
