"""Who saw or took out whose data: lines of the access journal counted by person and by client."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from cti.clients.seen import ids_of

MOST_SHOWN = 200  # clients on a page; the file has all


class Seen(Protocol):
    """What is counted of a line."""

    @property
    def at(self) -> float: ...
    @property
    def login(self) -> str: ...
    @property
    def action(self) -> str: ...
    @property
    def count(self) -> int: ...
    @property
    def clients(self) -> str: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Seer:
    """One person: in how many lines, of how many different clients; exported: in files, one counted each time."""

    login: str
    lines: int
    clients: int
    exported: int
    first: float
    last: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Met:
    """One client: in how many answers he was shown, in how many files he left, to how many people."""

    client_id: int
    shown: int
    exported: int
    people: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Review:
    """lines of the journal; clients: different ones; unlisted: persons whom a line counts and does not name.

    exported: clients that left in files. met: the first MOST_SHOWN of them.
    """

    lines: int
    clients: int
    exported: int
    unlisted: int
    first: float | None
    last: float | None
    seers: tuple[Seer, ...]
    met: tuple[Met, ...]


@dataclass(kw_only=True, slots=True)
class _Own:
    lines: int = 0
    exported: int = 0
    first: float = 0.0
    last: float = 0.0
    clients: set[int] = field(default_factory=set)


class Tally:
    """Counts lines as they come, in the order of their time."""

    def __init__(self) -> None:
        self._people: dict[str, _Own] = {}
        self._shown: Counter[int] = Counter()
        self._exported: Counter[int] = Counter()
        self._unlisted = 0

    def add(self, line: Seen) -> None:
        """Count a line."""
        ids = list(ids_of(line.clients))
        own = self._people.setdefault(line.login, _Own(first=line.at))
        own.lines += 1
        own.last = line.at
        own.clients.update(ids)
        if line.action == "export":
            own.exported += line.count
            self._exported.update(ids)
        else:
            self._shown.update(ids)
        if line.action not in ("change", "log"):
            self._unlisted += max(0, line.count - len(ids))

    def met(self) -> Iterator[Met]:
        """Every client, those who left in files first, then those who were seen most."""
        people: Counter[int] = Counter()
        for own in self._people.values():
            people.update(own.clients)
        for one in sorted(people, key=lambda id_: (-self._exported[id_], -self._shown[id_], id_)):
            yield Met(client_id=one, shown=self._shown[one], exported=self._exported[one], people=people[one])

    def review(self) -> Review:
        """All that was counted."""
        seers = [
            Seer(
                login=login,
                lines=own.lines,
                clients=len(own.clients),
                exported=own.exported,
                first=own.first,
                last=own.last,
            )
            for login, own in self._people.items()
        ]
        return Review(
            lines=sum(one.lines for one in seers),
            clients=len(self._shown.keys() | self._exported.keys()),
            exported=len(self._exported),
            unlisted=self._unlisted,
            first=min((one.first for one in seers), default=None),
            last=max((one.last for one in seers), default=None),
            seers=tuple(sorted(seers, key=lambda one: (-one.exported, -one.clients, one.login))),
            met=tuple(one for one, _ in zip(self.met(), range(MOST_SHOWN), strict=False)),
        )
