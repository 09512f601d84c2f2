"""Duplicates of clients: found off the hot path, shown before a new card is saved, merged, and taken back for 30 days.

Nobody waits for the search: a look goes over the clients changed since the one before, a bounded part at a time, with
as long a rest as the part took. What people said of a pair stays.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import structlog

from cti.access import Person, may
from cti.clients.card import ClientCard, with_numbers
from cti.clients.changes import Change, as_fields, differences, draft_of
from cti.clients.duplicates import Candidate
from cti.clients.masking import is_masked
from cti.clients.merging import Choice, combined, separated
from cti.errors import NotAllowed, Refused, StorageError
from cti.sights import Sights
from cti.storage import cards, changes, clients, duplicates, merges
from cti.storage.database import Database
from cti.storage.desktop_events import Connection
from cti.storage.duplicates import Found, Mark
from cti.telephony.numbering import SEAL, NumberPlan, read

PART = 25  # clients of one look: the loop waits some milliseconds for it
SETTLED_S = 5.0  # a change this old has no earlier one still on its way to the disk
IDLE_S = 10.0
DAY_S = 86_400.0
UNDO_DAYS = 30
MOST_SHOWN = 10

log = structlog.get_logger()


class ClientDuplicates:
    """Duplicates of one installation. mark: the file that keeps how far the base was looked at."""

    def __init__(
        self,
        *,
        db: Database,
        plan: NumberPlan,
        clock: Callable[[], float],
        mark: Path,
        sights: Sights | None = None,
    ) -> None:
        self._db = db
        self._sights = sights or Sights(b"")
        self._plan = plan
        self._clock = clock
        self._file = mark
        self._forgot_at: float | None = None
        self.looking = False  # more of the base is still to be looked at

    async def likely(self, person: Person, candidate: Candidate) -> list[tuple[ClientCard, Found]]:
        """Who is likely the client of a card that is being written, phones as typed; the likeliest first.

        As the person may see them who writes it.
        """
        sight = self._sights.of(person)
        typed = [self._sights.opened(one) for one in candidate.phones if not is_masked(one) or SEAL in one]
        numbers = tuple(number for one in typed if (number := read(one, self._plan).e164))
        asked = Candidate(
            **{name: getattr(candidate, name) for name in ("id", "name", "full_name", "kind", "inn", "kpp", "emails")},
            phones=numbers,
        )
        async with self._db.read() as conn:
            (found,) = await duplicates.likely(conn, [asked])
            shown = await cards.of(conn, [one.client_id for one in found[:MOST_SHOWN]])
        return sight.see([(shown[one.client_id], one) for one in found if one.client_id in shown])

    async def dismiss(self, person: Person, one: int, two: int) -> None:
        """These are two clients: the pair is not shown again. Raises NotAllowed or Refused."""
        _check(person)
        async with self._db.write() as conn:
            known = one != two and await duplicates.dismiss(conn, one, two, now=self._clock(), user_id=person.id)
        if not known:
            raise Refused("no-client", "There is no such client.")

    async def merge(
        self, person: Person, kept: int, gone: int, *, versions: Mapping[int, int], choices: Mapping[str, Choice]
    ) -> int:
        """Make one client of two; returns the merge's id. versions: of both cards, as the person saw them.

        Raises NotAllowed, or Refused: `same-client`, `no-client`, `changed-meanwhile`.
        """
        _check(person)
        if kept == gone:
            raise Refused("same-client", "These are one client already.")
        now = self._clock()
        async with self._db.write() as conn:
            await merges.hold(conn, kept, gone)
            ours, other = await _seen(conn, kept, versions), await _seen(conn, gone, versions)
            before, fields = as_fields(ours), combined(ours, other, choices)
            draft = with_numbers(draft_of(fields), self._plan)
            if not await clients.update(conn, kept, draft, ours.version, now):
                raise _changed()
            record = await merges.move(conn, kept, gone, before=before, after=as_fields(draft), now=now)
            made = await merges.remember(conn, kept, gone, record, at=now, user_id=person.id)
            told = [_named("merged", other.name, gone), *differences(before, as_fields(draft))]
            await changes.write(conn, kept, told, at=now, user_id=person.id, version=ours.version + 1)
        log.info("clients merged", kept=kept, gone=gone, user=person.id)
        return made

    async def undo(self, person: Person, merge_id: int) -> tuple[int, int]:
        """Both clients are there again; returns the ids of the kept and of the other one.

        What was added to the kept one since stays there. Raises NotAllowed, or Refused: `no-merge`, `merged-since`.
        """
        _check(person)
        now = self._clock()
        async with self._db.write() as conn:
            found = await merges.recorded(conn, merge_id, since=now - UNDO_DAYS * DAY_S)
            if found is None:
                raise Refused("no-merge", "This merge cannot be taken back any more.")
            merge, record = found
            await merges.hold(conn, merge.kept_id, merge.gone_id)
            card = await clients.get(conn, merge.kept_id)
            if card is None:
                raise Refused("merged-since", "The kept client was merged since: take that back first.")
            fields = as_fields(card)
            back = with_numbers(draft_of(separated(fields, record.before, record.after)), self._plan)
            await clients.update(conn, card.id, back, card.version, now)
            await merges.take_back(conn, merge, record, now)
            told = [_named("unmerged", merge.gone_name, merge.gone_id), *differences(fields, as_fields(back))]
            await changes.write(conn, card.id, told, at=now, user_id=person.id, version=card.version + 1)
            his = [_named("unmerged", card.name, card.id)]
            version = int(record.client["version"]) + 1
            await changes.write(conn, merge.gone_id, his, at=now, user_id=person.id, version=version)
        log.info("merge taken back", kept=merge.kept_id, gone=merge.gone_id, user=person.id)
        return merge.kept_id, merge.gone_id

    async def watch(self) -> None:
        """Look at what has changed, part after part, as long as the server runs; clear old records once a day."""
        while True:
            begun = time.monotonic()
            looked = 0
            try:
                looked = await self.look()
                self.looking = looked == PART
                await self._forget()
            except StorageError as error:
                log.warning("duplicates are not looked for now", why=str(error))
            except Exception as error:
                log.exception("duplicates are not looked for now", error=str(error))
            await asyncio.sleep(time.monotonic() - begun if looked else IDLE_S)

    async def look(self) -> int:
        """Look at the next part of the changed clients; returns how many it had."""
        async with self._db.read() as conn:
            part = await duplicates.changed(
                conn, await asyncio.to_thread(self._mark), until=self._clock() - SETTLED_S, limit=PART
            )
            if not part:
                return 0
            found, lost = await duplicates.look(conn, [one.id for one in part])
        if found or lost:
            async with self._db.write() as conn:
                await duplicates.keep(conn, found, lost, self._clock())
        await asyncio.to_thread(self._set_mark, part[-1])
        return len(part)

    async def _forget(self) -> None:
        now = self._clock()
        if self._forgot_at is not None and now - self._forgot_at < DAY_S:
            return
        async with self._db.write() as conn:
            await merges.forget(conn, now - UNDO_DAYS * DAY_S)
        self._forgot_at = now

    def _mark(self) -> Mark:
        """Where the look before ended; from the beginning where no file says so."""
        with contextlib.suppress(OSError, ValueError):
            at, _, id_ = self._file.read_text(encoding="ascii").partition(" ")
            return Mark(at=float(at), id=int(id_))
        return Mark()

    def _set_mark(self, mark: Mark) -> None:
        new = self._file.with_suffix(".new")
        with contextlib.suppress(OSError):  # then a part is looked at twice
            new.write_text(f"{mark.at!r} {mark.id}", encoding="ascii")
            new.replace(self._file)


async def _seen(conn: Connection, client_id: int, versions: Mapping[int, int]) -> ClientCard:
    """The card, in the version that the person saw."""
    card = await clients.get(conn, client_id)
    if card is None:
        raise Refused("no-client", "There is no such client.")
    if card.version != versions.get(client_id):
        raise _changed()
    return card


def _named(field: str, name: str, client_id: int) -> Change:
    return Change(field=field, was=None, became=f"{name} (№ {client_id})")


def _changed() -> Refused:
    return Refused("changed-meanwhile", "Somebody changed one of the cards meanwhile: look at the new state and go on.")


def _check(person: Person) -> None:
    if not may(person, "clients.merge"):
        raise NotAllowed("Your role may not merge clients; ask a supervisor or an admin.")
