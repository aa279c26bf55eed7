# SPDX-License-Identifier: Apache-2.0
"""This workstation's key: sign what it says, believe what is signed for it."""

from typing import Any

from oslo_log import log as logging

from nova_desktop import exception, keys, messages
from nova_desktop.messages import fields as check

LOG = logging.getLogger(__name__)

_OPTION = '[desktop] host_key_file'


def key_from(path: str) -> bytes | None:
    """Read this host's key, None when there is none that can be used.

    nova-compute must run in any case, or its guests could not leave.
    """
    if not path:
        return None
    try:
        return keys.read(path, _OPTION)
    except exception.BadValue as bad:
        LOG.error(
            'Messages are not signed, and a reclaim service with a master '
            'key refuses them: %s',
            bad,
        )
        return None


class Trust:
    """Sign for one host, and judge what is said to it."""

    def __init__(
        self,
        host: str,
        key: bytes | None,
        max_age_s: float = messages.MAX_AGE_S,
    ) -> None:
        self._host = host
        self._key = key
        self.signer = messages.Signer(host, key)
        self._gate = messages.Gate(self._key_of, max_age_s)
        self.refusals = messages.Refusals('control plane')

    def _key_of(self, name: str) -> bytes:
        if name != self._host:
            raise check.bad('name', name, f'must be {self._host}')
        return self._key or b''

    def believed(self, kind: type[Any], fields: Any) -> Any:
        """Take a message to this host; raise BadMessage."""
        if self._key is not None:
            self._gate.passed(kind.__name__, fields)
        return kind.from_wire(fields if isinstance(fields, dict) else {})

    def asked(
        self, method: str, fields: Any, about: str = ''
    ) -> messages.Seal | None:
        """Take a question; raise BadMessage if it is not believed.

        What the owner does is nobody's business who has no key.
        """
        if self._key is None:
            return None
        seal = self._gate.passed(messages.Question.__name__, fields)
        asked = messages.Question.from_wire(fields)
        if asked.method != method:
            raise check.bad('method', asked.method, f'must be {method}')
        if asked.about != about:
            raise check.bad('about', asked.about, f'must be {about!r}')
        return seal

    def answer(self, question: messages.Seal | None, answer: Any) -> Any:
        """Give an answer as this host's own, where it was asked for so."""
        if question is None:
            return answer
        return messages.answer_sealed(self.signer, question, answer)
