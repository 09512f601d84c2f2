"""A person with something of every kind in the base, told by strings that nobody else has; and where they stand."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
from msgspec import structs
from sqlalchemy import insert

from cti.access import Person
from cti.clients.card import ClientCard, ClientDraft, Phone, Place
from cti.clients.changes import Change, as_fields, draft_of
from cti.clients.contacts import ContactDraft
from cti.clients.contracts import ContractDraft
from cti.clients.importing import Fault
from cti.clients.properties import Property
from cti.desktop import ClientBrief, Match, PopCall, ScreenPop, Why
from cti.features.client_base import ClientBase
from cti.features.client_contacts import ClientContacts
from cti.features.client_contracts import ClientContracts
from cti.features.client_duplicates import ClientDuplicates
from cti.features.client_files import Brought, ClientFiles
from cti.storage import calls, changes, clients, desktop_events, dial_requests, properties, runs, traces, views
from cti.storage.client_work_tables import segment_clients, segments
from cti.storage.contact_tables import client_notes, client_tasks
from cti.storage.database import Database
from cti.storage.desktop_events import NewEvent
from cti.storage.dial_requests import DialRequest
from cti.storage.traces import Step
from cti.storage.work_tables import callback_keys, callback_orders, missed_marks
from cti.telephony.events import CallRecord, LegRecord, Party
from cti.telephony.numbering import NumberPlan

NAME, FULL = "Канарейкин Кенар Кенарович", "ИП Канарейкин Кенар Кенарович"
PHONE, TYPED, BEFORE = "+79355557101", "8 (935) 555-71-01", "+79355557102"
MAIL, PEOPLE_MAIL, HANDLE = "kenar@kanareyka.example", "kanareechnik@kanareyka.example", "@kenar_kanareyka"
SHARED = "+74950007100"
MAN, MAN_PHONE = "Птицына Клетка Жердочковна", "+79355557103"
WORDS = (
    "Канарейкин", "Kenar", "kanareyka", "Птицына", "Клетка-Жердочка", "9355557101", "555-71-01", "9355557102",
    "9355557103", "КАНАРЕЙКА", "канарейкин", "kenar_", "Д-КАНАР-17", "птицына",
)  # fmt: skip
OPERATOR = Person(id=1, login="pavel", name="Pavel", role="admin")


@dataclass(kw_only=True)
class Canary:
    """Who is there. other: a client who shares a number with him and whose note names him; man: his contact person."""

    id: int
    gone: int
    other: int
    man: int
    calls: int


class Aviary:
    """The features over one base, and the canary that they put into it by every way there is. data: its folder."""

    def __init__(self, db: Database, data: Path, clock: Any) -> None:
        self.db, self.data, self.clock, plan = db, data, clock, NumberPlan()
        self.base = ClientBase(db=db, plan=plan, clock=clock)
        self.people = ClientContacts(db=db, plan=plan, clock=clock)
        self.signed = ClientContracts(db=db, clock=clock)
        self.files = ClientFiles(db=db, folder=data / "files", clock=clock)
        self.merging = ClientDuplicates(db=db, plan=plan, clock=clock, mark=data / "mark")

    async def fill(self) -> Canary:
        async with self.db.write() as conn:
            await properties.add(conn, Property(id=0, name="Примета", kind="text", in_pop=True))
        shared = Phone(typed=SHARED, shared=True)
        one = await self.base.create(OPERATOR, self._card(phones=(Phone(typed=BEFORE), shared)))
        await self._change(one, phones=(Phone(typed=TYPED, label="КАНАРЕЙКА"), shared))
        gone = await self.base.create(OPERATOR, self._card(name="Канарейкин К.К.", phones=(Phone(typed=PHONE),)))
        man = await self.people.add(
            OPERATOR,
            ContactDraft(
                name=MAN, note="КАНАРЕЙКА", phones=(Phone(typed=MAN_PHONE),), emails=(PEOPLE_MAIL,), roles={one: None}
            ),
        )
        other = await self._other(man, one)
        contract = await self.signed.add(OPERATOR, one, ContractDraft(number="Д-КАНАР-17", note="КАНАРЕЙКА"))
        await self.bring(one, "КАНАРЕЙКА.txt", "в клетке КАНАРЕЙКА", contract)
        versions = {id_: (await self.card(id_)).version for id_ in (one, gone)}
        await self.merging.merge(OPERATOR, one, gone, versions=versions, choices={})
        await self._change(one, note="КАНАРЕЙКА поёт", values={1: "КАНАРЕЙКА жёлтая"})
        async with self.db.write() as conn:
            count = await self._calls(conn, one, other)
            await self._work(conn, one)
        self._refused()
        return Canary(id=one, gone=gone, other=other, man=man, calls=count)

    async def card(self, client_id: int) -> ClientCard:
        async with self.db.read() as conn:
            found = await clients.get(conn, client_id)
        assert found is not None
        return found

    async def bring(self, client_id: int, name: str, text: str, contract_id: int | None = None) -> None:
        path = await self.files.place()
        path.write_text(text, encoding="utf-8")
        brought = Brought(path=path, name=name, size=path.stat().st_size, sha256="0" * 64)
        await self.files.keep(OPERATOR, client_id, brought, contract_id)

    def _card(self, **fields: Any) -> ClientDraft:
        return replace(
            ClientDraft(
                name=NAME, full_name=FULL, kind="sole-trader", note="КАНАРЕЙКА", emails=(MAIL,),
                values={1: "КАНАРЕЙКА"},
                places=(Place(kind="telegram", value=HANDLE), Place(kind="address", value="Клетка-Жердочка, 1")),
            ),
            **fields,
        )  # fmt: skip

    async def _change(self, client_id: int, **fields: Any) -> None:
        self.clock.now += 10
        card = await self.card(client_id)
        await self.base.change(OPERATOR, client_id, replace(draft_of(as_fields(card)), **fields), card.version)

    async def _other(self, man: int, one: int) -> int:
        """Somebody else, whose texts name him; his contact person was this one's too, once."""
        made = await self.base.create(
            OPERATOR,
            ClientDraft(
                name="Сосед",
                note=f"брат: канарёйкин кенар  кенарович, 8-935-555 71 01, {MAIL.upper()}".replace("рё", "ре"),
                phones=(Phone(typed=SHARED, shared=True),),
                places=(Place(kind="other", value=f"через {HANDLE}"),),
                values={1: f"знает {NAME}"},
            ),
        )
        draft = ContactDraft(name=MAN, note="КАНАРЕЙКА", phones=(Phone(typed=MAN_PHONE),), emails=(PEOPLE_MAIL,))
        await self.people.change(OPERATOR, man, replace(draft, roles={one: None, made: None}), 1)
        await self.people.change(OPERATOR, man, replace(draft, roles={one: None}), 2)
        return made

    async def _calls(self, conn: Any, one: int, other: int) -> int:
        leg = LegRecord(leg="Local/79355557101@in-1;1", leg_id="l1", device="PJSIP/101", rang=1.0, result="talked")
        inbound = CallRecord(
            call="c1", direction="inbound", caller=Party(number="79355557101", name="KANAREYKA Kenar"),
            called="74950000001", queue="sales", started=100.0, answered=110.0, ended=130.0, outcome="answered",
            legs=(leg,), talked=(("Local/79355557101@in-1;1", "PJSIP/101-1"),),
        )  # fmt: skip
        outbound = CallRecord(
            call="c2", direction="outbound", caller=Party(number="101", name="Anna", device="PJSIP/101"),
            called="89355557102", started=200.0, ended=230.0, outcome="no-answer", placed_by="r1",
        )  # fmt: skip
        desk = Party(number=SHARED[1:], name="KANAREYKA Kenar")
        shared = structs.replace(inbound, call="c3", caller=desk, legs=(), talked=())
        for record, number, client in ((inbound, PHONE, one), (outbound, BEFORE, None), (shared, SHARED, one)):
            await calls.save(conn, record, number=number, client_id=client, user_id=1, legs_users={})
        theirs = structs.replace(inbound, call="c4", caller=Party(number=SHARED[1:]), legs=(), talked=())
        await calls.save(conn, theirs, number=SHARED, client_id=other, user_id=1, legs_users={})
        await calls.set_note(conn, "c1", 1, "КАНАРЕЙКА просит зерна", 140.0)
        await calls.set_note(conn, "c4", 1, f"просил передать {NAME} на 8 935 555-71-01", 140.0)
        await traces.add(conn, [Step(call_id="c1", at=100.0, step="number-read", args={"number": PHONE})])
        await desktop_events.append(conn, [self._pop(1, "c1", PHONE, one), self._pop(2, "c4", SHARED, other, one)])
        asked = DialRequest(
            request_id="r1", user_id=1, number=BEFORE, extension="", client_id=None, device="PJSIP/101", call_id="c2",
            state="ok", created_at=200.0,
        )  # fmt: skip
        await dial_requests.claim(conn, asked)
        await clients.remember_choice(conn, SHARED, 1, one, 100.0)
        return 3

    def _pop(self, seq: int, call: str, number: str, *ids: int) -> NewEvent:
        names = ("Сосед", NAME) if len(ids) > 1 else (NAME,)
        briefs = [ClientBrief(id=id_, name=name) for id_, name in zip(ids, names, strict=True)]
        matches = tuple(Match(client=one, why=Why(code="exact-phone")) for one in briefs)
        ring = PopCall(
            id=call, direction="inbound", number=number, name="", device="", queue=None, called=None, started=1.0
        )
        pop = ScreenPop(seq=seq, kind="several" if len(ids) > 1 else "client", call=ring, matches=matches)
        payload = msgspec.json.encode(pop).decode()
        return NewEvent(agent_id=1, seq=seq, kind="screen_pop", call_id=call, payload=payload, created_at=100.0)

    async def _work(self, conn: Any, one: int) -> None:
        await views.keep(conn, 1, "птицы", msgspec.json.encode({"q": NAME}).decode(), None, 1.0)
        await views.keep(conn, 1, "птицы", msgspec.json.encode({"q": NAME}).decode(), None, 1.0, "calls")
        note = {"client_id": one, "text": "КАНАРЕЙКА в клетке", "created_at": 1.0}
        await conn.execute(insert(client_notes), [note])
        await conn.execute(insert(client_tasks), [{"client_id": one, "what": "кормить КАНАРЕЙКА", "created_at": 1.0}])
        key = {"name": "сайт", "token_hash": "x", "per_minute": 1, "per_number": 1, "created_at": 1.0}
        await conn.execute(insert(callback_keys).values(key))
        order = {
            "key_id": 1,
            "client_key": "o1",
            "number": PHONE,
            "name": NAME,
            "comment": "КАНАРЕЙКА",
            "created_at": 1.0,
        }
        await conn.execute(insert(callback_orders).values(order))
        await conn.execute(insert(missed_marks).values(call_id="c1", at=1.0, why="КАНАРЕЙКА сыта"))
        await conn.execute(insert(client_tasks), [{"what": "перезвонить", "number": PHONE, "created_at": 1.0}])
        row = {"name": "с ним", "expression": '{"match":"all","conditions":[]}', "created_at": 1, "updated_at": 1}
        await conn.execute(insert(segments), [row])
        await conn.execute(insert(segment_clients).values(segment_id=1, client_id=one))
        await runs.begin(conn, "import", "b1", user_id=1, title=f"{NAME}.xlsx", now=1.0)
        await runs.begin(conn, "change", "b2", user_id=1, title='{"note":"КАНАРЕЙКА"}', now=1.0, total=1)
        await changes.write(
            conn, one, [Change(field="note", was="", became="x")], at=1.0, user_id=1, version=1, batch="b2"
        )
        faults = [Fault(row=1, field="inn", code="bad-inn", args={"value": MAIL})]
        await runs.count(conn, "b1", {name: 0 for name in runs.COUNTS}, faults)

    def _refused(self) -> None:
        """The rows that an import refused: his and somebody else's."""
        folder = self.data / "imports"
        folder.mkdir(exist_ok=True)
        lines: Iterable[Any] = (
            ["Название", "Телефон"],
            [Fault(row=1, field="inn", code="bad-inn", args={}), ["КАНАРЕЙКА", TYPED]],
            [Fault(row=2, field="inn", code="bad-inn", args={}), ["Сосед", "+79355550105"]],
        )
        (folder / "b1.refused").write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in lines))


def sightings(folder: Path, words: Iterable[str] = WORDS) -> list[str]:
    """Every place under a folder where one of the words stands, in any file: `file: word`.

    Another process looks: whoever opens and closes a file of SQLite's loses all locks that his process has on it, and
    the next process that opens the base takes it for nobody's and cuts the memory that both share.
    """
    found: list[tuple[str, int, str]] = []
    for place, word in enumerate(words):
        looks = ["env", "LC_ALL=C", "grep", "-rlaF", "-e", word, str(folder)]
        said = subprocess.run(looks, stdout=subprocess.PIPE, text=True, check=False).stdout
        found += [(path, place, word) for path in said.splitlines()]
    return [f"{Path(path).relative_to(folder)}: {word}" for path, _, word in sorted(found)]
