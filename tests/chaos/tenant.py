# SPDX-License-Identifier: Apache-2.0
"""The tenants, whose guests run on the workstation."""

from collections.abc import Mapping

import libvirt

from tests.chaos import actor, rig

# Agent and tenant may pause a guest at the same moment: whose it is, is
# what the agent's record says soon after.
_TIE_S = 0.3
_MOST_GUESTS = 4
_LEAST_GUESTS = 2


class Tenant(actor.Actor):
    """Does by hand to guests what others do through Nova."""

    name = 'tenant'
    pause_s = (0.2, 1.2)

    def actions(self) -> Mapping[actor.Action, int]:
        """Give what can be done, and how often."""
        return {
            self.suspend: 4,
            self.resume: 4,
            self.set_memory: 3,
            self.leave: 3,
            self.restart: 1,
            self.create: 1,
            self.delete: 1,
            self.look: 3,
        }

    def pick(self) -> libvirt.virDomain | None:
        """Choose a guest that has a process."""
        found = sorted(self.rig.active(), key=lambda each: each.name())
        return self.random.choice(found) if found else None

    def look(self) -> None:
        """See that nobody has resumed what tenants have paused."""
        for domain in self.rig.active():
            uuid = domain.UUIDString()
            is_held = domain.state()[0] == libvirt.VIR_DOMAIN_PAUSED
            if uuid in self.rig.tenants and not is_held:
                self.rig.violate(f'{domain.name()} was paused by its tenant')
                self.rig.tenants.discard(uuid)

    def suspend(self) -> None:
        """Pause a guest by hand."""
        self._by_hand('suspend')

    def resume(self) -> None:
        """Resume one by hand, also one that the agent holds."""
        self._by_hand('resume')

    def _by_hand(self, what: str) -> None:
        domain = self.pick()
        if domain is None:
            return
        uuid = domain.UUIDString()
        if what == 'resume':
            self.rig.tenants.discard(uuid)
        try:
            getattr(domain, what)()
        finally:
            self.over.wait(_TIE_S)
            self._claim(uuid)

    def _claim(self, uuid: str) -> None:
        """Find out whether a guest is one that its tenant has paused."""
        self.rig.daemon_is_back()
        domain = self.rig.guests.admin.lookupByUUIDString(uuid)
        ours = (uuid, domain.ID()) in self.rig.recorded('paused.json')
        is_held = domain.state()[0] == libvirt.VIR_DOMAIN_PAUSED
        if is_held and not ours:
            self.rig.tenants.add(uuid)

    def set_memory(self) -> None:
        """Give a guest another size by hand."""
        domain = self.pick()
        if domain is None:
            return
        mib = self.random.choice((rig.GUEST_MIB, rig.GUEST_MIB - 24))
        self.rig.resized.add((domain.UUIDString(), domain.ID()))
        domain.setMemoryFlags(mib * 1024, libvirt.VIR_DOMAIN_AFFECT_LIVE)

    def leave(self) -> None:
        """Have a guest leave, as the driver does; some do not tell the end."""
        domain = self.pick()
        if domain is None:
            return
        uuid = domain.UUIDString()
        self.rig.desk.say('Leave', 'su', uuid, 2)
        if self.random.random() < 0.7:
            self.over.wait(self.random.uniform(0.1, 1.0))
            self.rig.desk.say('LeaveDone', 's', uuid)

    def restart(self) -> None:
        """Destroy a guest and start it again."""
        domain = self.pick()
        if domain is not None:
            domain.destroy()
            self.rig.tenants.discard(domain.UUIDString())
            domain.create()

    def create(self) -> None:
        """Make another guest."""
        if len(self.rig.guests.admin.listAllDomains()) < _MOST_GUESTS:
            self.rig.boot()

    def delete(self) -> None:
        """Delete a guest."""
        domain = self.pick()
        if domain is not None and len(self.rig.active()) > _LEAST_GUESTS:
            domain.destroy()
            self.rig.tenants.discard(domain.UUIDString())
            domain.undefine()
