"""Who may do what, on whose things: right x scope, defaults per role as one table.

Pure: a stored change by an admin is passed in as `overrides`. Scopes, widening: none < own < team < all.
`own` is the person's own calls, devices and clients; `team` those of the people in his team.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Role = Literal["agent", "supervisor", "admin"]
Scope = Literal["none", "own", "team", "all"]
Right = Literal[
    "desk",  # have a desk: receive cards, have states
    "dial",  # place calls from own devices
    "clients.read",
    "clients.write",
    "clients.import",
    "clients.export",
    "clients.merge",  # make one client of two, and take it back
    "calls.read",
    "notes.write",
    "agents.read",
    "trace.read",
    "reports.read",
    "segments.write",
    "users.manage",  # users, roles, teams, devices, sessions of others
    "settings.manage",
]

ROLES: tuple[Role, ...] = ("agent", "supervisor", "admin")
WIDTH: dict[Scope, int] = {"none": 0, "own": 1, "team": 2, "all": 3}

DEFAULTS: Mapping[Right, Mapping[Role, Scope]] = {
    "desk": {"agent": "own", "supervisor": "own", "admin": "own"},
    "dial": {"agent": "own", "supervisor": "own", "admin": "own"},
    "clients.read": {"agent": "all", "supervisor": "all", "admin": "all"},
    "clients.write": {"agent": "all", "supervisor": "all", "admin": "all"},
    "clients.import": {"agent": "none", "supervisor": "all", "admin": "all"},
    "clients.export": {"agent": "none", "supervisor": "all", "admin": "all"},
    "clients.merge": {"agent": "none", "supervisor": "all", "admin": "all"},
    "calls.read": {"agent": "own", "supervisor": "all", "admin": "all"},
    "notes.write": {"agent": "own", "supervisor": "own", "admin": "own"},
    "agents.read": {"agent": "all", "supervisor": "all", "admin": "all"},
    "trace.read": {"agent": "own", "supervisor": "all", "admin": "all"},
    "reports.read": {"agent": "none", "supervisor": "all", "admin": "all"},
    "segments.write": {"agent": "none", "supervisor": "all", "admin": "all"},
    "users.manage": {"agent": "none", "supervisor": "none", "admin": "all"},
    "settings.manage": {"agent": "none", "supervisor": "none", "admin": "all"},
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """Who is asking: what every check needs to know of a signed-in user."""

    id: int
    login: str
    name: str
    role: Role
    team_id: int | None = None
    language: str = "ru"
    theme: Literal["auto", "light", "dark"] = "auto"


def scope(person: Person, right: Right, overrides: Mapping[tuple[Role, Right], Scope] | None = None) -> Scope:
    """How far the person's right reaches."""
    changed = (overrides or {}).get((person.role, right))
    return changed or DEFAULTS[right][person.role]


def may(
    person: Person,
    right: Right,
    *,
    owner_id: int | None = None,
    owner_team_id: int | None = None,
    overrides: Mapping[tuple[Role, Right], Scope] | None = None,
) -> bool:
    """Whether the person may, on a thing of owner_id (None: a thing without an owner, which needs scope all)."""
    reach = scope(person, right, overrides)
    if reach == "all":
        return True
    if reach == "none":
        return False
    if owner_id == person.id:
        return True
    return reach == "team" and owner_team_id is not None and owner_team_id == person.team_id
