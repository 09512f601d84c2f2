"""Who may do what, on whose things: right x scope, defaults per role as one table, an admin's changes over them.

Pure: what an admin changed of a role comes with the person (`Person.changed`). Scopes, widening: none < own < team <
queue < all. `own` is the person's own calls, devices and clients; `team` those of the people in his team, `queue` also
those that came by a queue of his. SCOPES says which of them a right
knows: what is not asked for anywhere cannot be set.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Role = Literal["agent", "supervisor", "admin"]
Scope = Literal["none", "own", "team", "queue", "all"]
Right = Literal[
    "desk",  # have a desk: receive cards, have states
    "dial",  # place calls from own devices
    "clients.read",
    "clients.numbers",  # see telephone numbers; without it they are masked everywhere, and dialled all the same
    "clients.write",
    "clients.import",
    "clients.export",
    "clients.merge",  # make one client of two, and take it back
    "clients.restrict",  # nothing is done with a client's data, and again it may be
    "clients.erase",  # remove a person from everywhere
    "privacy.export",  # all that is held on a person, as one archive
    "calls.read",
    "recordings.listen",
    "recordings.download",  # take them out of the house
    "recordings.keep",  # hold one against deletion
    "notes.write",
    "agents.read",
    "board.read",  # the live board
    "board.share",  # links by which a screen shows a board without a person; all: those of others too
    "agents.manage",  # set others' states, correct their journal
    "calls.manage",  # end, take over, pick others' calls from the board
    "calls.spy",  # listen to others' conversations
    "calls.whisper",  # and speak to the colleague alone
    "calls.barge",  # and speak to both
    "board.tell",  # words to people and teams
    "trace.read",
    "reports.read",
    "figures.read",  # calls and people by numbers; team: of the queues that his team works in
    "pauses.write",  # how long a day people may be paused, by reason
    "alerts.write",  # warnings of trouble: when, whom they reach and how
    "reports.send",  # by letter on a schedule, to any address
    "quality.read",  # scores of calls: one's own, the team's
    "quality.score",  # score calls of others by forms, write coaching notes
    "quality.manage",  # score forms, what is drawn to be scored, calibrations
    "figures.own",  # one's own figures
    "figures.targets",  # what the figures are to be
    "past.write",  # take the PBX's own logs of the time before into the journal, and back out of it
    "segments.write",
    "mail",  # letters of own mailboxes and of shared ones one belongs to; all: of every shared mailbox
    "sms",  # write SMS to clients
    "templates.write",  # templates and the library of files
    "rules.write",  # what is sent by itself when something happens
    "campaigns.read",  # campaigns, and whom they reach
    "campaigns.write",  # mailings and call lists: make, start, stop
    "campaigns.approve",  # be the second person of a large one
    "consents.write",  # write down that a consent was given or withdrawn; its texts
    "lists.write",  # black and white lists of numbers
    "access.read",  # the access journal: who saw whose data
    "dialplan.read",  # the plan of a PBX, its history, how a call would go
    "dialplan.write",  # change the draft of it
    "dialplan.publish",  # make a draft what the PBX does
    "users.manage",  # users, roles, teams, devices, sessions of others
    "settings.manage",
]

ROLES: tuple[Role, ...] = ("agent", "supervisor", "admin")
WIDTH: dict[Scope, int] = {"none": 0, "own": 1, "team": 2, "queue": 3, "all": 4}

DEFAULTS: Mapping[Right, Mapping[Role, Scope]] = {
    "desk": {"agent": "own", "supervisor": "own", "admin": "own"},
    "dial": {"agent": "own", "supervisor": "own", "admin": "own"},
    "clients.read": {"agent": "all", "supervisor": "all", "admin": "all"},
    "clients.numbers": {"agent": "all", "supervisor": "all", "admin": "all"},
    "clients.write": {"agent": "all", "supervisor": "all", "admin": "all"},
    "clients.import": {"agent": "none", "supervisor": "all", "admin": "all"},
    "clients.export": {"agent": "none", "supervisor": "all", "admin": "all"},
    "clients.merge": {"agent": "none", "supervisor": "all", "admin": "all"},
    "clients.restrict": {"agent": "none", "supervisor": "all", "admin": "all"},
    "clients.erase": {"agent": "none", "supervisor": "none", "admin": "all"},
    "privacy.export": {"agent": "none", "supervisor": "none", "admin": "all"},
    "calls.read": {"agent": "own", "supervisor": "all", "admin": "all"},
    "recordings.listen": {"agent": "own", "supervisor": "all", "admin": "all"},
    "recordings.download": {"agent": "none", "supervisor": "all", "admin": "all"},
    "recordings.keep": {"agent": "none", "supervisor": "all", "admin": "all"},
    "notes.write": {"agent": "own", "supervisor": "own", "admin": "own"},
    "agents.read": {"agent": "all", "supervisor": "all", "admin": "all"},
    "board.read": {"agent": "none", "supervisor": "all", "admin": "all"},
    "board.share": {"agent": "none", "supervisor": "own", "admin": "all"},
    "agents.manage": {"agent": "none", "supervisor": "all", "admin": "all"},
    "calls.manage": {"agent": "none", "supervisor": "all", "admin": "all"},
    "calls.spy": {"agent": "none", "supervisor": "team", "admin": "all"},
    "calls.whisper": {"agent": "none", "supervisor": "team", "admin": "all"},
    "calls.barge": {"agent": "none", "supervisor": "team", "admin": "all"},
    "board.tell": {"agent": "none", "supervisor": "all", "admin": "all"},
    "trace.read": {"agent": "own", "supervisor": "all", "admin": "all"},
    "reports.read": {"agent": "none", "supervisor": "all", "admin": "all"},
    "figures.read": {"agent": "none", "supervisor": "all", "admin": "all"},
    "pauses.write": {"agent": "none", "supervisor": "all", "admin": "all"},
    "alerts.write": {"agent": "none", "supervisor": "all", "admin": "all"},
    "reports.send": {"agent": "none", "supervisor": "all", "admin": "all"},
    "quality.read": {"agent": "own", "supervisor": "all", "admin": "all"},
    "quality.score": {"agent": "none", "supervisor": "all", "admin": "all"},
    "quality.manage": {"agent": "none", "supervisor": "all", "admin": "all"},
    "figures.own": {"agent": "own", "supervisor": "own", "admin": "own"},
    "figures.targets": {"agent": "none", "supervisor": "all", "admin": "all"},
    "past.write": {"agent": "none", "supervisor": "all", "admin": "all"},
    "segments.write": {"agent": "none", "supervisor": "all", "admin": "all"},
    "mail": {"agent": "own", "supervisor": "all", "admin": "all"},
    "sms": {"agent": "all", "supervisor": "all", "admin": "all"},
    "templates.write": {"agent": "none", "supervisor": "all", "admin": "all"},
    "rules.write": {"agent": "none", "supervisor": "all", "admin": "all"},
    "campaigns.read": {"agent": "none", "supervisor": "all", "admin": "all"},
    "campaigns.write": {"agent": "none", "supervisor": "all", "admin": "all"},
    "campaigns.approve": {"agent": "none", "supervisor": "all", "admin": "all"},
    "consents.write": {"agent": "all", "supervisor": "all", "admin": "all"},
    "lists.write": {"agent": "none", "supervisor": "all", "admin": "all"},
    "access.read": {"agent": "none", "supervisor": "team", "admin": "all"},
    "dialplan.read": {"agent": "none", "supervisor": "all", "admin": "all"},
    "dialplan.write": {"agent": "none", "supervisor": "none", "admin": "all"},
    "dialplan.publish": {"agent": "none", "supervisor": "none", "admin": "all"},
    "users.manage": {"agent": "none", "supervisor": "none", "admin": "all"},
    "settings.manage": {"agent": "none", "supervisor": "none", "admin": "all"},
}


_ALL_OR_NONE: tuple[Scope, ...] = ("none", "all")
_BY_QUEUE: tuple[Scope, ...] = ("none", "own", "team", "queue", "all")
SCOPES: Mapping[Right, tuple[Scope, ...]] = {
    **dict.fromkeys(DEFAULTS, _ALL_OR_NONE),
    "desk": ("none", "own"),
    "dial": ("none", "own"),
    "notes.write": ("none", "own"),
    "figures.own": ("none", "own"),
    "calls.read": ("none", "own", "team", "all"),
    **dict.fromkeys(("recordings.listen", "recordings.download", "recordings.keep"), _BY_QUEUE),
    "trace.read": ("none", "own", "all"),
    "board.share": ("none", "own", "all"),
    "access.read": ("none", "team", "all"),
    **dict.fromkeys(
        ("board.read", "board.tell", "agents.manage", "calls.manage", "calls.spy", "calls.whisper", "calls.barge"),
        ("none", "team", "all"),
    ),
    "figures.read": ("none", "team", "all"),
    "quality.read": ("none", "own", "team", "all"),
    "quality.score": ("none", "team", "all"),
    "mail": ("none", "own", "all"),
}
FIXED: Mapping[Role, frozenset[Right]] = {
    "agent": frozenset(),
    "supervisor": frozenset(),
    "admin": frozenset(("users.manage", "settings.manage")),  # nobody locks the last door from inside
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """Who is asking: what every check needs to know of a signed-in user. changed: how his role's rights differ.

    keys: keys of the panel that he set otherwise, by action.
    """

    id: int
    login: str
    name: str
    role: Role
    team_id: int | None = None
    language: str = "ru"
    theme: Literal["auto", "light", "dark"] = "auto"
    changed: Mapping[Right, Scope] = field(default_factory=dict, hash=False)
    keys: Mapping[str, str] = field(default_factory=dict, hash=False)


def scope(person: Person, right: Right) -> Scope:
    """How far the person's right reaches."""
    return person.changed.get(right) or DEFAULTS[right][person.role]


def may(person: Person, right: Right, *, owner_id: int | None = None, owner_team_id: int | None = None) -> bool:
    """Whether the person may, on a thing of owner_id (None: a thing without an owner, which needs scope all)."""
    reach = scope(person, right)
    if reach == "all":
        return True
    if reach == "none":
        return False
    if owner_id == person.id:
        return True
    return reach == "team" and owner_team_id is not None and owner_team_id == person.team_id


def hides(person: Person) -> bool:
    """Whether telephone numbers are hidden from the person."""
    return scope(person, "clients.numbers") == "none"


def known_changes(role: Role, said: Mapping[str, str]) -> dict[Right, Scope]:
    """Of what was stored for a role: what differs from its defaults, and is a right and a scope of this version."""
    return {
        right: scope
        for right, scopes in SCOPES.items()
        for scope in scopes
        if said.get(right) == scope and scope != DEFAULTS[right][role] and right not in FIXED[role]
    }
