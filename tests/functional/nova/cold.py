# SPDX-License-Identifier: Apache-2.0
"""What Nova needs to move guests that do not run, without any disk."""

import fixtures
from nova.virt.libvirt import utils as libvirt_utils
from oslo_utils import fileutils

from tests.functional.nova import base

_DRIVER = 'nova.virt.libvirt.driver.LibvirtDriver.'


class ColdBase(base.DesktopTestBase):
    """Hosts that share the folders of their guests, which hold no disks."""

    # What Nova does not do is raised to whoever casts, not to the API.
    CAST_AS_CALL = False

    def setUp(self) -> None:
        super().setUp()
        for name, value in (
            ('_is_path_shared_with', True),
            ('_get_instance_disk_info', []),
            ('_live_snapshot', None),
        ):
            self.useFixture(
                fixtures.MockPatch(_DRIVER + name, return_value=value)
            )
        self.useFixture(
            fixtures.MonkeyPatch(_DRIVER + '_create_image', _create_folder)
        )

    def start_with_a_guest_that_is_too_much(self) -> dict:
        """Start a closed host with a guest, and an open one; give it."""
        self.start_workstation('desk1')
        server = self.boot()
        self.close('desk1')
        self.assert_too_full('desk1')
        return server

    def assert_too_full(self, name: str) -> None:
        """Check that a host has everything reserved, and a guest."""
        for each in self.inventory(name).values():
            self.assertEqual(each['total'], each['reserved'])
        self.assert_used(name, 1024)


def _create_folder(driver, context, instance, *args, **kwargs):
    fileutils.ensure_tree(libvirt_utils.get_instance_path(instance))
    return False, False
