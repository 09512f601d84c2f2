"""Contracts as people change them, on the version read; each field that changes is a record of the client's history."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from cti.access import Person, may
from cti.clients.changes import Change, differences
from cti.clients.contracts import Contract, ContractDraft, fault, fields_of
from cti.clients.masking import either, restored
from cti.errors import Conflicts, NotAllowed, Refused
from cti.sights import Sights
from cti.storage import changes, clients, contacts, contracts, directories, users
from cti.storage.database import Database
from cti.storage.desktop_events import Connection

NOTHING = fields_of(ContractDraft(number=""))


@dataclass(frozen=True, kw_only=True, slots=True)
class Saved:
    """A contract that was saved. others: fields that other people changed since the version it was made on."""

    version: int
    others: tuple[str, ...] = ()


class ClientContracts:
    """Writes contracts."""

    def __init__(self, *, db: Database, clock: Callable[[], float], sights: Sights | None = None) -> None:
        self._db = db
        self._sights = sights or Sights(b"")
        self._clock = clock

    async def add(self, person: Person, client_id: int, draft: ContractDraft) -> int:
        """A new contract with a client; returns its id. Raises NotAllowed or Refused."""
        now = self._clock()
        async with self._db.write() as conn:
            await _check(conn, person, draft)
            if await clients.get(conn, client_id) is None:
                raise Refused("no-client", "There is no such client.")
            made = await contracts.add(conn, client_id, draft, now)
            await _write(conn, person, now, made, client_id, differences(NOTHING, fields_of(draft)))
            await contacts.relink(conn, [client_id])
        return made

    async def change(self, person: Person, contract_id: int, draft: ContractDraft, version: int) -> Saved:
        """Save it. Raises Conflicts when a field was changed by others since `version`, and differently."""
        now = self._clock()
        async with self._db.write() as conn:
            before = await _known(conn, contract_id)
            if not 0 < version <= before.version:
                raise Conflicts
            await _check(conn, person, draft)
            later: list[changes.ChangeRow] = []
            if version != before.version:
                thing = f"contract:{contract_id}"
                later = await changes.of_belonging(conn, before.client_id, thing, above=version, limit=10_000)
            theirs = fields_of(before)
            draft = replace(draft, note=restored(draft.note, either(changes.before(theirs, later), theirs)["note"]))
            met = changes.meet(theirs, fields_of(draft), later)
            if met.conflicts:
                sight = self._sights.of(person)
                raise Conflicts(sight.see(met.conflicts), fields_of(sight.see(ContractDraft(**met.fields))))
            told = differences(theirs, met.fields)
            if not told:
                return Saved(version=before.version, others=met.others)
            draft = ContractDraft(**met.fields)
            await _check(conn, person, draft)
            if not await contracts.change(conn, contract_id, draft, before.version, now):
                raise Conflicts
            await _write(conn, person, now, contract_id, before.client_id, told, version=before.version + 1)
            await contacts.relink(conn, [before.client_id])
        return Saved(version=before.version + 1, others=met.others)

    async def remove(self, person: Person, contract_id: int) -> int:
        """Delete it; returns its client's id. Files are let go by whoever calls (`client_files`)."""
        now = self._clock()
        async with self._db.write() as conn:
            await _check(conn, person)
            before = await _known(conn, contract_id)
            await contracts.remove(conn, contract_id)
            await _write(conn, person, now, contract_id, before.client_id, differences(fields_of(before), NOTHING))
            await contacts.relink(conn, [before.client_id])
        return before.client_id


async def _check(conn: Connection, person: Person, draft: ContractDraft | None = None) -> None:
    if not may(person, "clients.write"):
        raise NotAllowed("Your role may not change clients; ask an admin.")
    if draft is None:
        return
    wrong = fault(draft)
    if wrong:
        raise Refused(*wrong)
    if draft.state_id is not None:
        item = await directories.get(conn, draft.state_id)
        if item is None or item.directory != "contract-state":
            raise Refused("bad-directory", "There is no such entry in the directory.")
    if draft.manager_id is not None and await users.by_id(conn, draft.manager_id) is None:
        raise Refused("no-person", "There is no such person.")


async def _known(conn: Connection, contract_id: int) -> Contract:
    found = await contracts.get(conn, contract_id)
    if found is None:
        raise Refused("no-contract", "There is no such contract any more.")
    return found


async def _write(
    conn: Connection,
    person: Person,
    now: float,
    contract_id: int,
    client_id: int,
    told: Iterable[Change],
    version: int = 0,
) -> None:
    """Records in the client's history. version: of the contract, which they made."""
    records = [replace(one, field=f"contract:{contract_id}:{one.field}") for one in told]
    await changes.write(conn, client_id, records, at=now, user_id=person.id, version=version)
