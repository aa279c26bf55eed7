# SPDX-License-Identifier: Apache-2.0
"""Which hosts of a cloud are workstations."""

from typing import Any

from nova_desktop import exception
from nova_desktop.manage.cloud import doing
from nova_desktop.policy.asked import TRAIT


def hosts(cloud: Any) -> dict[str, bool]:
    """Give every host of Nova, and whether it has the trait of workstations.

    A workstation has it once its nova-compute has run. Raises CloudFailed.
    """
    with doing('workstations'):
        ours = _with_trait(cloud)
        # From microversion 2.53 on the id is the provider's.
        return {
            each.service_details['host']: each.id in ours
            for each in cloud.compute.hypervisors(details=True)
        }


def count(cloud: Any) -> int | None:
    """Give how many hosts have it, None where that cannot be found out."""
    try:
        return sum(hosts(cloud).values())
    except exception.CloudFailed:
        return None


def traits(cloud: Any) -> set[str]:
    """Give the traits that Placement knows; raise CloudFailed."""
    with doing('traits'):
        return {trait.name for trait in cloud.placement.traits()}


def _with_trait(cloud: Any) -> set[str]:
    # Placement refuses to be asked for a trait that it does not know.
    if TRAIT not in traits(cloud):
        return set()
    providers = cloud.placement.resource_providers(required=TRAIT)
    return {provider.id for provider in providers}
