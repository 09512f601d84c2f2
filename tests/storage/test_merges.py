"""Two clients become one on both engines, with all that refers to them; and two again, each with what was his."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, insert, select, update

from cti.access import Person
from cti.clients.card import ClientDraft, Phone, Place
from cti.clients.changes import as_fields
from cti.clients.contacts import ContactDraft
from cti.clients.contracts import ContractDraft
from cti.clients.properties import Property, PropertyValue
from cti.errors import NotAllowed, Refused
from cti.features.client_base import ClientBase
from cti.features.client_contacts import ClientContacts
from cti.features.client_contracts import ClientContracts
from cti.features.client_duplicates import DAY_S, UNDO_DAYS, ClientDuplicates
from cti.storage import clients, contacts, dial_requests, duplicates, history, lookup, merges, properties
from cti.storage.calls import set_client
from cti.storage.client_tables import client_values, value_history
from cti.storage.client_tables import clients as client_table
from cti.storage.client_work_tables import client_merges, segment_clients, segments
from cti.storage.contact_tables import client_files, contracts
from cti.storage.corrections import corrections
from cti.storage.database import Database
from cti.storage.dial_requests import DialRequest
from cti.storage.schema import metadata
from cti.storage.tables import calls
from cti.telephony.numbering import NumberPlan
from tests.storage.conftest import ANNA, BORIS

VERA = Person(id=ANNA, login="vera", name="Vera", role="supervisor")
ONE, TWO = "+79355550101", "+79355550102"


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Scene:
    """Two clients with something of every kind, and the features that change them."""

    def __init__(self, db: Database, folder: Path) -> None:
        self.db, self.clock, plan = db, Clock(), NumberPlan()
        self.base = ClientBase(db=db, plan=plan, clock=self.clock)
        self.people = ClientContacts(db=db, plan=plan, clock=self.clock)
        self.signed = ClientContracts(db=db, clock=self.clock)
        self.work = ClientDuplicates(db=db, plan=plan, clock=self.clock, mark=folder / "mark")

    async def set_up(self) -> None:
        async with self.db.write() as conn:
            shades = tuple(PropertyValue(id=0, name=name) for name in ("red", "green", "blue"))
            await properties.add(conn, Property(id=0, name="Оценка", kind="rating"))
            await properties.add(conn, Property(id=0, name="Цвета", kind="several", values=shades))
        self.one = await self.base.create(
            VERA,
            ClientDraft(
                name="Алхимов",
                note="первый",
                phones=(Phone(typed=ONE, label="приёмная"),),
                emails=("a@a.example",),
                values={1: 4.0, 2: (1, 2)},
            ),
        )
        self.two = await self.base.create(
            VERA,
            ClientDraft(
                name="ООО «Алхимов»",
                note="второй",
                inn="7707083893",
                phones=(Phone(typed="8 935 555-01-01"), Phone(typed=TWO)),
                emails=("A@a.example", "b@a.example"),
                places=(Place(kind="telegram", value="@alhimov"),),
                responsible_id=BORIS,
                values={1: 2.0, 2: (2, 3)},
            ),
        )
        self.both = await self.people.add(VERA, ContactDraft(name="Общий", roles={self.one: None, self.two: None}))
        self.his = await self.people.add(VERA, ContactDraft(name="Семён", roles={self.two: None}))
        await self.signed.add(VERA, self.two, ContractDraft(number="Д-17"))
        async with self.db.write() as conn:
            await self._rows(conn)

    async def _rows(self, conn: Any) -> None:
        await conn.execute(insert(calls), [{"id": n, "started_at": 1, "client_id": self.two} for n in ("c1", "c2")])
        await conn.execute(insert(calls), [{"id": "c0", "started_at": 1, "client_id": self.one}])
        await clients.remember_choice(conn, TWO, BORIS, self.two, 5.0)
        file = {"name": "a.txt", "media_type": "text/plain", "size": 1, "sha256": "0" * 64, "stored": "x"}
        await conn.execute(insert(client_files).values(client_id=self.two, created_at=1, **file))
        await conn.execute(
            insert(segments), [{"name": n, "expression": "{}", "created_at": 1, "updated_at": 1} for n in ("s1", "s2")]
        )
        await conn.execute(
            insert(segment_clients),
            [{"segment_id": s, "client_id": c} for s, c in ((1, self.one), (1, self.two), (2, self.two))],
        )
        asked = DialRequest(
            request_id="r1", user_id=ANNA, number=TWO, extension="", client_id=self.two, device="PJSIP/101",
            call_id=None, state="ok", created_at=1.0,
        )  # fmt: skip
        await dial_requests.claim(conn, asked)

    async def merge(self, **choices: Any) -> int:
        self.clock.now += 100
        versions = {one: await self.version(one) for one in (self.one, self.two)}
        return await self.work.merge(VERA, self.one, self.two, versions=versions, choices=choices)

    async def version(self, client_id: int) -> int:
        async with self.db.read() as conn:
            card = await clients.get(conn, client_id)
        return card.version if card else 0

    async def state(self, client_id: int) -> dict[str, Any]:
        """All that belongs to a client, but for times and versions of the card."""
        async with self.db.read() as conn:
            card = await clients.get(conn, client_id)
            if card is None:
                return {}
            counts = {
                f"{table.name}.{column.name}": (
                    await conn.execute(select(func.count()).select_from(table).where(column == client_id))
                ).scalar_one()
                for table, column in referring()
                if column.name == "client_id"
                and table.name not in ("client_changes", "erasures", "value_history", "client_values")
            }
            found = (await conn.execute(select(client_table.c.search).where(client_table.c.id == client_id))).scalar()
            people = [one.name for one in await contacts.of_client(conn, client_id)]
        return {"fields": as_fields(card), "counts": counts, "search": sorted(set((found or "").split())), "p": people}


def referring() -> list[tuple[Any, Any]]:
    """Every column that refers to a client, by key or by name."""
    found = []
    for table in metadata.sorted_tables:
        for column in table.columns:
            key = any(one.column.table.name == "clients" for one in column.foreign_keys)
            named = "client_id" in column.name or column.name in ("kept_id", "gone_id", "clients")
            if key or named:
                found.append((table, column))
    return found


@pytest.fixture
async def scene(db: Database, tmp_path: Path) -> Scene:
    made = Scene(db, tmp_path)
    await made.set_up()
    return made


def test_every_column_that_refers_to_a_client_is_handled_by_a_merge() -> None:
    known = {f"{table.name}.{column.name}" for table, column in referring()}
    assert known == merges.HANDLED | merges.LEFT.keys(), "say in cti/storage/merges.py what a merge does with it"


async def test_one_client_has_what_both_had(scene: Scene) -> None:
    await scene.merge(note="both", responsible_id="gone")
    async with scene.db.read() as conn:
        assert await clients.get(conn, scene.two) is None
        card = await clients.get(conn, scene.one)
        people = [one.name for one in await contacts.of_client(conn, scene.one)]
        owners = {table.name: await _owners(conn, table) for table in (calls, contracts, client_files)}
        chosen = await clients.choices(conn, TWO)
        (match,) = await lookup.by_number(conn, TWO, now=0.0)
        found = [(q, [row.id for row in (await clients.search(conn, q)).rows]) for q in ("семён", "д-17", "0102")]
        in_segments = list((await conn.execute(select(segment_clients))).all())
    assert card is not None
    assert (card.name, card.note, card.inn, card.responsible) == (
        "Алхимов",
        "первый\n\nвторой",
        "7707083893",
        "Boris",
    )
    assert [(phone.e164, phone.label) for phone in card.phones] == [(ONE, "приёмная"), (TWO, "")]
    assert card.emails == ("a@a.example", "b@a.example")
    assert [place.value for place in card.places] == ["@alhimov"]
    assert card.values == {1: 4.0, 2: (1, 2, 3)}
    assert sorted(people) == ["Общий", "Семён"]
    assert owners == {"calls": {scene.one}, "contracts": {scene.one}, "client_files": {scene.one}}
    assert [one[1] for one in chosen] == [scene.one]
    assert match.client.id == scene.one
    assert [ids for _, ids in found] == [[scene.one]] * 3
    assert sorted(map(tuple, in_segments)) == [(1, scene.one), (2, scene.one)]


async def _owners(conn: Any, table: Any) -> set[int]:
    return set((await conn.execute(select(table.c.client_id))).scalars())


async def test_both_histories_are_kept_and_tell_of_the_merge(scene: Scene) -> None:
    await scene.merge()
    async with scene.db.read() as conn:
        entries = (await history.of_client(conn, scene.one)).rows
        past = await properties.history(conn, scene.one)
    calls_told = {entry.call.id for entry in entries if entry.call}
    told = [(change.field, change.became) for entry in entries for change in entry.changed]
    assert calls_told == {"c0", "c1", "c2"}
    assert ("merged", f"ООО «Алхимов» (№ {scene.two})") in told
    assert ("name", "Алхимов") in told
    assert ("name", "ООО «Алхимов»") in told
    assert 2.0 in [one.value for one in past if one.property_id == 1]  # what the other card said until the merge


async def test_a_change_on_an_older_version_is_told_from_the_other_cards_history(scene: Scene) -> None:
    for n in range(3):  # the other card has higher versions
        card = await _card(scene, scene.two)
        await scene.base.change(VERA, scene.two, _draft(card, note=f"запись {n}"), card.version)
    before = await _card(scene, scene.one)
    await scene.merge()
    await scene.base.change(VERA, scene.one, _draft(before, name="Алхимов и Ко"), before.version)
    card = await _card(scene, scene.one)
    assert (card.name, len(card.phones)) == ("Алхимов и Ко", 2)


async def test_taken_back_both_are_as_they_were(scene: Scene) -> None:
    before = [await scene.state(one) for one in (scene.one, scene.two)]
    made = await scene.merge(note="gone", name="gone")
    scene.clock.now += UNDO_DAYS * DAY_S - 1
    assert await scene.work.undo(VERA, made) == (scene.one, scene.two)
    assert [await scene.state(one) for one in (scene.one, scene.two)] == before
    async with scene.db.read() as conn:
        assert [row.id for row in (await clients.search(conn, "семён")).rows] == [scene.two]
        assert await merges.now_of(conn, scene.two) is None
        since = select(client_values.c.since).where(client_values.c.client_id == scene.two)
        assert set((await conn.execute(since)).scalars()) == {1000.0}
        past = select(func.count()).where(value_history.c.client_id == scene.two)
        assert (await conn.execute(past)).scalar_one() == 0
    with pytest.raises(Refused, match="cannot be taken back"):
        await scene.work.undo(VERA, made)


async def test_what_was_added_since_stays_with_the_kept_one(scene: Scene) -> None:
    made = await scene.merge()
    card = await _card(scene, scene.one)
    phones = (*card.phones, Phone(typed="+79355550777"))
    await scene.base.change(VERA, scene.one, _draft(card, phones=phones, note="новое"), card.version)
    async with scene.db.write() as conn:
        await conn.execute(insert(calls), [{"id": "c9", "started_at": 2, "client_id": scene.one}])
    new = await scene.people.add(VERA, ContactDraft(name="Новый", roles={scene.one: None}))
    await scene.work.undo(VERA, made)
    kept, other = await _card(scene, scene.one), await _card(scene, scene.two)
    assert [phone.e164 for phone in kept.phones] == [ONE, "+79355550777"]
    assert (kept.note, kept.inn, other.inn) == ("новое", "", "7707083893")
    assert [phone.e164 for phone in other.phones] == [ONE, TWO]
    async with scene.db.read() as conn:
        whose = dict((await conn.execute(select(calls.c.id, calls.c.client_id))).all())  # type: ignore[arg-type]
        people = {one.id for one in await contacts.of_client(conn, scene.one)}
    assert whose == {"c0": scene.one, "c9": scene.one, "c1": scene.two, "c2": scene.two}
    assert people == {scene.both, new}


async def test_what_is_gone_since_does_not_stop_the_way_back(scene: Scene) -> None:
    made = await scene.merge()
    async with scene.db.write() as conn:
        await contacts.remove(conn, scene.his)
        await conn.execute(segments.delete().where(segments.c.id == 2))
        await conn.execute(calls.delete().where(calls.c.id == "c1"))
        await conn.execute(update(contracts).values(number="Д-18"))
    await scene.work.undo(VERA, made)
    state = await scene.state(scene.two)
    assert state["p"] == ["Общий"]
    assert (state["counts"]["calls.client_id"], state["counts"]["segment_clients.client_id"]) == (1, 1)


async def test_cards_changed_meanwhile_are_not_merged(scene: Scene) -> None:
    for changed in (scene.one, scene.two):
        versions = {one: await scene.version(one) for one in (scene.one, scene.two)} | {changed: 99}
        with pytest.raises(Refused) as refused:
            await scene.work.merge(VERA, scene.one, scene.two, versions=versions, choices={})
        assert refused.value.code == "changed-meanwhile"
    assert await scene.state(scene.two)


async def test_who_may_not_and_what_cannot_be_merged(scene: Scene) -> None:
    anna = Person(id=ANNA, login="anna", name="Anna", role="agent")
    with pytest.raises(NotAllowed):
        await scene.work.merge(anna, scene.one, scene.two, versions={}, choices={})
    with pytest.raises(NotAllowed):
        await scene.work.undo(anna, 1)
    for one, two, code in ((1, 1, "same-client"), (scene.one, 999, "no-client")):
        with pytest.raises(Refused) as refused:
            await scene.work.merge(VERA, one, two, versions={scene.one: 1}, choices={})
        assert refused.value.code == code


async def test_addresses_lead_on_and_the_later_merge_is_taken_back_first(scene: Scene) -> None:
    first = await scene.merge()
    third = await scene.base.create(VERA, ClientDraft(name="Третий"))
    versions = {third: 1, scene.one: await scene.version(scene.one)}
    second = await scene.work.merge(VERA, third, scene.one, versions=versions, choices={})
    async with scene.db.read() as conn:
        assert [await merges.now_of(conn, one) for one in (scene.two, scene.one, third)] == [third, third, None]
        assert [one.id for one in await merges.recent(conn, since=0.0)] == [second, first]
    with pytest.raises(Refused) as refused:
        await scene.work.undo(VERA, first)
    assert refused.value.code == "merged-since"
    await scene.work.undo(VERA, second)
    await scene.work.undo(VERA, first)
    assert (await _card(scene, scene.two)).name == "ООО «Алхимов»"


async def test_a_call_corrected_to_the_other_one_names_the_kept_one(scene: Scene) -> None:
    async with scene.db.write() as conn:
        await set_client(conn, "c0", scene.two, ANNA, 6.0)
    await scene.merge()
    async with scene.db.read() as conn:
        (told,) = await corrections(conn, "c0")
    assert (told.was, told.became) == ("Алхимов", "Алхимов")


async def test_an_id_that_went_comes_back_to_nobody_else(scene: Scene) -> None:
    made = await scene.merge()
    new = await scene.base.create(VERA, ClientDraft(name="Новый"))
    assert new > scene.two
    await scene.work.undo(VERA, made)
    assert (await _card(scene, new)).name == "Новый"


async def test_after_thirty_days_records_are_cleared_and_addresses_lead_on(scene: Scene) -> None:
    made = await scene.merge()
    late = scene.clock.now + UNDO_DAYS * DAY_S + 1
    scene.clock.now = late
    with pytest.raises(Refused) as refused:
        await scene.work.undo(VERA, made)
    assert refused.value.code == "no-merge"
    async with scene.db.write() as conn:
        assert await merges.forget(conn, late - UNDO_DAYS * DAY_S) == 1
        assert (await conn.execute(select(client_merges.c.record))).scalar() == ""
        assert await merges.now_of(conn, scene.two) == scene.one
        assert [await merges.kept_id(conn, one) for one in (scene.one, scene.two, 99)] == [scene.one, scene.one, 99]


async def test_who_may_not_be_called_may_not_under_the_kept_card(scene: Scene) -> None:
    async with scene.db.write() as conn:
        restricted = update(client_table).where(client_table.c.id == scene.two)
        await conn.execute(restricted.values(restricted_at=5.0, restricted_why="asked"))
    made = await scene.merge()
    which = select(client_table.c.restricted_at).order_by(client_table.c.id)
    async with scene.db.read() as conn:
        assert list((await conn.execute(which)).scalars()) == [5.0]
    await scene.work.undo(VERA, made)
    async with scene.db.read() as conn:
        assert list((await conn.execute(which)).scalars()) == [None, 5.0]


async def test_what_was_said_of_pairs_goes_with_the_merge_and_comes_back(scene: Scene) -> None:
    third = await scene.base.create(VERA, ClientDraft(name="Третий", phones=(Phone(typed=TWO),)))
    await scene.work.dismiss(VERA, scene.two, third)
    made = await scene.merge()
    async with scene.db.read() as conn:
        assert await duplicates.dismissed_with(conn, scene.one) == [third]
    await scene.work.undo(VERA, made)
    async with scene.db.read() as conn:
        assert await duplicates.dismissed_with(conn, scene.one) == []
        assert await duplicates.dismissed_with(conn, scene.two) == [third]


async def _card(scene: Scene, client_id: int) -> clients.ClientCard:
    async with scene.db.read() as conn:
        card = await clients.get(conn, client_id)
    assert card is not None
    return card


def _draft(card: clients.ClientCard, **fields: Any) -> ClientDraft:
    return ClientDraft(**{name: getattr(card, name) for name in ClientDraft.__dataclass_fields__} | fields)


async def test_of_merges_and_changes_at_once_one_wins_and_nothing_is_lost(scene: Scene) -> None:
    versions = {scene.one: 1, scene.two: 1}
    two = await _card(scene, scene.two)
    done = await asyncio.gather(
        scene.work.merge(VERA, scene.one, scene.two, versions=versions, choices={}),
        scene.work.merge(VERA, scene.two, scene.one, versions=versions, choices={}),
        scene.base.change(VERA, scene.two, _draft(two, note="моё"), two.version),
        return_exceptions=True,
    )
    refused = [one for one in done if isinstance(one, BaseException)]
    assert all(isinstance(one, Refused) for one in refused), refused
    async with scene.db.read() as conn:
        left = list((await conn.execute(select(client_table.c.id))).scalars())
        merged = (await conn.execute(select(func.count()).select_from(client_merges))).scalar_one()
        orphans = select(func.count()).select_from(calls).where(calls.c.client_id.is_(None))
        assert (await conn.execute(orphans)).scalar_one() == 0
    assert (len(left), merged) in ((1, 1), (2, 0))
    if len(refused) == 2 and merged == 0:
        assert (await _card(scene, scene.two)).note == "моё"
