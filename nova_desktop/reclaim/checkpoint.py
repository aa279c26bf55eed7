# SPDX-License-Identifier: Apache-2.0
"""Since when a server's work is not saved, by its tenant's word: pure.

What a tenant writes there can only make its own server look cheaper to evict.
"""

from nova_desktop.reclaim import nouns

KEY = 'desktop_checkpoint'


def _unix_s(text: object) -> float | None:
    """Read unix seconds or ISO 8601, without a time zone in UTC."""
    if not isinstance(text, str):
        return None
    try:
        return float(text)
    except ValueError:
        pass
    try:
        return nouns.unix_s(text)
    except (ValueError, OverflowError):
        return None


def unsaved_s(server: nouns.Server, now_unix_s: float) -> float:
    """Give the seconds since a server's start, or its last checkpoint.

    A checkpoint from before the start, or from the future, tells nothing.
    """
    told = _unix_s(server.metadata.get(KEY))
    since = server.since_unix_s
    # A comparison with NaN is false: it is refused here too.
    if told is not None and since <= told <= now_unix_s:
        since = told
    return max(0.0, now_unix_s - since)
