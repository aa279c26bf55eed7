# SPDX-License-Identifier: Apache-2.0
"""Have Nova's API refuse ``desktop:`` extra specs that make no sense."""

import dataclasses

from nova import exception as nova_exception
from nova.api.validation.extra_specs import base

from nova_desktop.policy import tolerance


@dataclasses.dataclass
class DesktopValidator(base.ExtraSpecValidator):  # type: ignore[misc]
    """Validate one key in the way in which the scheduler reads it."""

    def validate(self, name: str, value: str) -> None:
        """Raise ValidationError naming key, value and what is allowed."""
        key = tolerance.KEYS[self.name.removeprefix(tolerance.NAMESPACE)]
        try:
            key.parse(value)
        except ValueError as allowed:
            raise nova_exception.ValidationError(
                f"Validation failed; '{value}' is not valid for {name}: "
                f'it must be {allowed}.'
            ) from None


def register() -> list[base.ExtraSpecValidator]:
    """Give a validator for each key; called by Nova."""
    return [
        DesktopValidator(
            name=tolerance.NAMESPACE + name,
            description=key.effect,
            value={'type': str, 'description': key.effect},
        )
        for name, key in tolerance.KEYS.items()
    ]
