# SPDX-License-Identifier: Apache-2.0
"""A status in which no field has its default."""

from nova_desktop import model

STATUS = model.Status(
    sequence=7,
    presence=model.Presence.IDLE,
    demand=True,
    source='input',
    reason='because',
    cap=model.Cap(cpus=1.5, memory_mib=512, admit=False),
    reclaim_due=True,
    forecast={5: 0.5},
    sources={'input': 'ok'},
    limits={'pause': 'nobody'},
    departing='sleep',
    fenced=('a-guest',),
    fenced_since_unix_s=1234.5,
)
