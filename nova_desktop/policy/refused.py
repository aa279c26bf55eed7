# SPDX-License-Identifier: Apache-2.0
"""What Nova 34 does not do to an instance, whatever the host."""

from nova_desktop import model
from nova_desktop.policy.asked import Asked

_ENCRYPTED = 'encrypted memory'
_TPM = 'a TPM'
_DEVICE = 'accel:device_profile'


def actions(asked: Asked) -> dict[model.ReclaimAction, str]:
    """Give what Nova refuses, and because of what in flavor or image."""
    action = model.ReclaimAction
    refused: dict[model.ReclaimAction, str] = {}
    if asked.is_encrypted:
        refused[action.LIVE_MIGRATE] = _ENCRYPTED
        refused[action.SUSPEND] = _ENCRYPTED
    if asked.hardware('tpm_version'):
        refused[action.SHELVE] = _TPM
        refused[action.REBUILD] = _TPM
        if asked.specs.get('hw:tpm_secret_security') != 'host':
            refused[action.LIVE_MIGRATE] = _TPM
    if asked.specs.get(_DEVICE):
        refused[action.LIVE_MIGRATE] = _DEVICE
        refused[action.COLD_MIGRATE] = _DEVICE
        refused[action.SUSPEND] = _DEVICE
    return refused
