"""What an admin changes of the rights of roles: for everybody of the role from his next request on, at once.

Rules kept here: only who manages people does; an admin keeps the way to people and settings, so that no door is locked
from inside; every change is one line of the audit journal; whoever's rights changed has his live wires cut, and they
come back with the new ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cti.access import DEFAULTS, FIXED, ROLES, SCOPES, Person, Right, Role, Scope, may
from cti.desktop import AgentDesktop
from cti.errors import NotAllowed, Refused
from cti.storage import role_rights, sessions, users
from cti.storage.database import Database

Wanted = Mapping[tuple[Role, Right], Scope]


class RoleRights:
    """Changes of rights. desktop: whose sockets are cut."""

    def __init__(self, *, db: Database, clock: Callable[[], float], desktop: AgentDesktop) -> None:
        self._db = db
        self._clock = clock
        self._desktop = desktop

    async def change(self, actor: Person, wanted: Wanted) -> int:
        """Set these rights, the others stay; returns how many are different now. Raises NotAllowed or Refused."""
        if not may(actor, "users.manage"):
            raise NotAllowed("Only an admin changes rights.")
        for (role, right), scope in wanted.items():
            if scope not in SCOPES[right]:
                raise Refused("bad-scope", f"The right {right} does not know the scope {scope}.")
            if right in FIXED[role] and scope != DEFAULTS[right][role]:
                raise Refused("fixed-right", "An admin keeps people and settings: else nobody could give them back.")
        async with self._db.write() as conn:
            before = await role_rights.every(conn)
            others: set[Role] = set()
            count = 0
            for role in ROLES:
                after = before[role] | {right: scope for (of, right), scope in wanted.items() if of == role}
                after = {right: scope for right, scope in after.items() if scope != DEFAULTS[right][role]}
                told = _told(role, before[role], after)
                for line in told:
                    await sessions.note(conn, self._clock(), actor.id, "rights", f"role:{role}", line)
                if told:
                    await role_rights.keep(conn, role, after)
                    others.add(role)
                count += len(told)
            changed = [user.id for user in await users.every(conn) if user.role in others]
        for user_id in changed:
            await self._desktop.sign_out(user_id)
        return count


def _told(role: Role, before: Mapping[Right, Scope], after: Mapping[Right, Scope]) -> list[str]:
    """A line for each right that is different: `calls.read: own -> all`."""
    both = [(right, before.get(right, of[role]), after.get(right, of[role])) for right, of in DEFAULTS.items()]
    return [f"{right}: {was} -> {now}" for right, was, now in both if was != now]
