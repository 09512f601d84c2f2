"""Who agents and queues of a PBX's log are, as a command is told it: by options, or by a file."""

from __future__ import annotations

import csv
import functools
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import click

from cti.cli.operator import keep_line
from cti.features.past_names import PastNames
from cti.storage import past_names, users
from cti.storage.database import Database
from cti.storage.past_names import NameKind, PastName

ITSELF = "-"  # nobody's agent, a queue that is itself


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """What a command is told: kind, the log's name, and who it is: a login or a queue, "-", or "" to forget it."""

    pairs: tuple[tuple[NameKind, str, str], ...]

    async def of(self, db: Database) -> list[PastName]:
        """As `Past` is told. Raises ClickException: there is no such person."""
        async with db.read() as conn:
            people = {one.login: one.id for one in await users.every(conn)}
        for login in [is_ for kind, _, is_ in self.pairs if kind == "agent" and is_ not in ("", ITSELF)]:
            if login.casefold() not in people:
                raise click.ClickException(f"Nobody here has the login {login}: see cti user list")
        return [
            PastName(kind="agent", name=name, user_id=people.get(is_.casefold()))
            if kind == "agent"
            else PastName(kind="queue", name=name, queue="" if is_ == ITSELF else is_)
            for kind, name, is_ in self.pairs
            if is_
        ]

    async def whole(self, db: Database, pbx: str) -> list[PastName]:
        """What is kept of a PBX's names, as it would be with this. Raises ClickException."""
        now = {(kind, name) for kind, name, _ in self.pairs}
        async with db.read() as conn:
            kept = await past_names.every(conn, pbx)
        return [*(one for one in kept if (one.kind, one.name) not in now), *await self.of(db)]

    async def keep(self, db: Database, pbx: str) -> None:
        """Hold it from now on. Raises Refused, ClickException."""
        said, gone = await self.of(db), [(kind, name) for kind, name, is_ in self.pairs if not is_]
        if said or gone:
            await keep_line(db, "change", f"past-names:{pbx}")
            await PastNames(db=db, clock=time.time).keep(None, pbx, said, gone)


def names_told(command: Callable[..., None]) -> Callable[..., None]:
    """The options of a command that reads logs; it is given `said`."""

    @functools.wraps(command)
    def with_names(
        *words: Any, agents: tuple[str, ...], queues: tuple[str, ...], names: Path | None, **more: Any
    ) -> None:
        command(*words, said=told_of(agents, queues, names), **more)

    told: Callable[..., None] = with_names
    for option in (
        click.option(
            "--names", type=click.Path(exists=True, dir_okay=False, path_type=Path),
            help="The same as a file: lines agent,OLD,LOGIN and queue,OLD,NEW.",
        ),
        click.option(
            "--queue", "queues", multiple=True, metavar="OLD=NEW", help="Which queue it is now; '-': it is itself."
        ),
        click.option(
            "--agent", "agents", multiple=True, metavar="OLD=LOGIN", help="Who an agent of the log is; '-': nobody."
        ),
    ):  # fmt: skip
        told = option(told)
    return told


def told_of(agents: tuple[str, ...], queues: tuple[str, ...], names: Path | None) -> Told:
    """What the options say. Raises ClickException: one is not as it is to be written."""
    pairs: list[tuple[NameKind, str, str]] = []
    for kind, options in (("agent", agents), ("queue", queues)):
        for text in options:
            name, mark, is_ = text.rpartition("=")
            if not mark or not name.strip():
                raise click.ClickException(f"Write --{kind} OLD=NEW, not {text!r}")
            pairs.append((cast(NameKind, kind), name.strip(), is_.strip()))
    for place, words in enumerate(_lines(names) if names else [], start=1):
        if len(words) != 3 or words[0] not in ("agent", "queue") or not words[1]:
            raise click.ClickException(f"{names}, line {place}: write agent,OLD,LOGIN or queue,OLD,NEW")
        pairs.append((cast(NameKind, words[0]), words[1], words[2]))
    return Told(pairs=tuple(pairs))


def _lines(file: Path) -> list[list[str]]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            return [[word.strip() for word in words] for words in csv.reader(lines) if words]
    except (csv.Error, UnicodeDecodeError) as error:
        raise click.ClickException(f"{file} is no file of names in UTF-8: {error}") from None


async def listed(db: Database, pbx: str) -> list[str]:
    """What is kept of a PBX's names, as lines."""
    async with db.read() as conn:
        logins = {one.id: one.login for one in await users.every(conn)}
        found = await past_names.every(conn, pbx)
    return [
        f"{one.kind:6} {one.name} = {one.queue or (logins[one.user_id] if one.user_id is not None else ITSELF)}"
        for one in found
    ]
