"""SMS that come are kept once and reach who answers; STOP is done at once; people write and decide."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, get_args

import pytest
from sqlalchemy import func, select

from cti.access import Person
from cti.channels.texts import InText
from cti.errors import Refused
from cti.features.sms_in import SmsIn
from cti.features.texting import Text, Texting
from cti.messages.sms import split
from cti.sights import Sights
from cti.storage import calls, consents, history, missed, sms_reading
from cti.storage.campaign_tables import consents as register
from cti.storage.client_tables import client_changes, client_phones, clients
from cti.storage.database import Database
from cti.storage.sms_coming import left_pieces
from cti.storage.sms_tables import sms
from cti.telephony.events import CallRecord, Party
from cti.telephony.numbering import NumberPlan
from tests.features.text_office import MOSCOW, PYOTR, Gateway, TextOffice, text_office
from tests.storage.conftest import ANNA, BORIS, cluster, db, template, url

__all__ = ["cluster", "db", "template", "url"]

WRITER = Person(id=ANNA, login="anna", name="Anna", role="agent", team_id=1)


class Desk:
    """What comes, and what people write, around the queue."""

    def __init__(self, office: TextOffice, gateway: Gateway) -> None:
        self.office, self.gateway, self.changes = office, gateway, 0
        after, out = office.after, office.out
        self.coming = SmsIn(
            db=office.db, desktop=office.screens, receipts=after.told, next_seq=lambda _: 1,  # type: ignore[arg-type]
            online=lambda: (ANNA, BORIS), wake=out.wake, changed=self.changed, plan=NumberPlan(), clock=office.clock,
        )  # fmt: skip
        self.texting = Texting(
            db=office.db, lines=office.lines, sights=Sights(b""), plan=NumberPlan(), zone=MOSCOW, wake=out.wake,
            changed=self.changed, work_changed=self.changed, clock=office.clock,
        )  # fmt: skip

    def changed(self, *_clients: int | None) -> None:
        self.changes += 1

    async def came(self, text: str, number: str = "79355550101", **more: Any) -> None:
        values: dict[str, Any] = {"number": number, "sender": "1234", "text": text, "at": self.office.clock()}
        await self.coming.came(1, [InText(**values | more)])

    async def rows(self) -> list[Any]:
        async with self.office.db.read() as conn:
            return list(await conn.execute(select(sms).order_by(sms.c.id)))

    async def count(self, table: Any) -> int:
        async with self.office.db.read() as conn:
            return int((await conn.execute(select(func.count()).select_from(table))).scalar_one())

    async def client(self, number: str = PYOTR, **more: Any) -> int:
        values = {
            "name": "Алхимов", "name_folded": "алхимов", "search": "", "created_at": 1.0, "updated_at": 1.0,
            "responsible_id": BORIS,
        } | more  # fmt: skip
        async with self.office.db.write() as conn:
            made = (await conn.execute(clients.insert().values(values).returning(clients.c.id))).scalar_one()
            phone = {"client_id": made, "e164": number, "typed": number, "label": "", "extension": "", "position": 0}
            await conn.execute(client_phones.insert().values(phone))
        return int(made)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    gateway = Gateway()
    async with text_office(tmp_path, gateway) as office:
        yield Desk(office, gateway)


async def test_what_comes_pops_at_the_clients_manager_once(desk: Desk) -> None:
    client = await desk.client()
    await desk.came("Добрый день", key="a1")
    await desk.came("Добрый день", key="a1")
    await desk.came("Без имени у шлюза")
    await desk.came("Без имени у шлюза")
    rows = await desk.rows()
    assert [(row.text, row.client_id, row.user_id, row.number) for row in rows] == [
        ("Добрый день", client, BORIS, PYOTR), ("Без имени у шлюза", client, BORIS, PYOTR),
    ]  # fmt: skip
    told = [(who, one.code, one.args, one.href) for who, one in desk.office.screens.notices]
    assert told == [(BORIS, "sms-in", {"name": "Алхимов"}, f"/clients/{client}?tab=history#answer-box")] * 2


async def test_a_stranger_becomes_a_client_named_by_his_number_and_a_name_does_not(desk: Desk) -> None:
    await desk.came("Сколько стоит?")
    await desk.came("И ещё вопрос")
    await desk.came("Ваш код 123", number="BANK")
    rows = await desk.rows()
    assert rows[0].client_id == rows[1].client_id
    assert (rows[2].client_id, rows[2].number) == (None, "BANK")
    async with desk.office.db.read() as conn:
        [client] = await conn.execute(select(clients))
        assert (client.name, client.kind) == ("+7 935 555-01-01", "person")
        assert {row.field for row in await conn.execute(select(client_changes))} >= {"name", "phones"}
    assert [who for who, _ in desk.office.screens.notices] == [ANNA, BORIS] * 3


async def test_parts_are_put_together_in_any_order_and_told_twice(desk: Desk) -> None:
    await desk.client()
    text = "Длинное сообщение о договоре. " * 8
    parts = [{"ref": 7, "part": n, "parts": len(split(text))} for n in range(1, len(split(text)) + 1)]
    some = [*zip(split(text), parts, strict=True)] * 2
    random.Random(4).shuffle(some)
    for piece, more in some:
        await desk.came(piece, **more)
    assert [row.text for row in await desk.rows()] == [text]


async def test_parts_that_never_come_are_given_up(desk: Desk) -> None:
    await desk.came("начало без конца", ref=9, part=1, parts=2)
    assert await desk.rows() == []
    desk.office.later(25 * 3600)
    async with desk.office.db.write() as conn:
        [left] = await left_pieces(conn, desk.office.clock() - 24 * 3600)
    assert [one.text for one in left] == ["начало без конца"]


@pytest.mark.parametrize("word", ["STOP", "Стоп!", " «отписка» ", "с т о п"])
async def test_stop_is_done_at_once_and_thanked_for_once(desk: Desk, word: str) -> None:
    client = await desk.client()
    await desk.came(word)
    desk.office.later(61)
    await desk.came(word)
    rows = await desk.rows()
    thanks = [row for row in rows if row.direction == "out"]
    assert [(row.automatic, row.number) for row in thanks] == [(True, PYOTR)]
    await desk.office.state(thanks[0].id, "accepted")
    async with desk.office.db.read() as conn:
        for purpose in ("service", "marketing"):
            why = await consents.refusal(conn, kind="phone", address=PYOTR, purpose=purpose, client_id=client)  # type: ignore[arg-type]
            assert why == "withdrawn"
        [said, _] = await conn.execute(select(register).order_by(register.c.id))
    assert (said.source, said.proof, said.client_id) == ("sms", f"sms:{rows[0].id}", client)
    assert desk.office.screens.notices == []
    with pytest.raises(Refused, match="no messages"):
        await desk.texting.send(WRITER, Text(key="after-stop", number=PYOTR, text="Но всё же", client_id=client))


async def test_start_gives_it_back_and_a_stop_in_a_sentence_is_none(desk: Desk) -> None:
    client = await desk.client()
    await desk.came("не надо стоп, перезвоните")
    assert await desk.count(register) == 0
    await desk.came("стоп")
    await desk.came("Старт")
    one = await desk.texting.send(WRITER, Text(key="after-start", number=PYOTR, text="Спасибо", client_id=client))
    desk.office.later(11)
    await desk.office.state(one, "accepted")
    assert desk.gateway.got[-1].text == "Спасибо"


async def test_a_person_writes_once_by_one_key_and_can_take_it_back(desk: Desk) -> None:
    client = await desk.client()
    await desk.came("Вопрос")
    text = Text(key="double-click", number="8 935 555-01-01", text="Ответ", client_id=client)
    one, again = await desk.texting.send(WRITER, text), await desk.texting.send(WRITER, text)
    rows = await desk.rows()
    assert (one, len(rows), rows[0].done_at is not None) == (again, 2, True)
    await desk.texting.undo(WRITER, one)
    desk.office.later(11)
    two = await desk.texting.send(WRITER, Text(key="another-one", number=PYOTR, text="Иначе", client_id=client))
    desk.office.later(11)
    await desk.office.state(two, "accepted")
    assert [text.text for text in desk.gateway.got] == ["Иначе"]
    with pytest.raises(Refused, match="left already"):
        await desk.texting.undo(WRITER, two)


async def test_what_is_unknown_goes_again_by_a_person_alone(desk: Desk) -> None:
    client = await desk.client()
    async with desk.office.db.write() as conn:
        lost = {"key": "lost", "direction": "out", "state": "unknown", "number": PYOTR, "text": "?", "created_at": 1.0}
        one = (await conn.execute(sms.insert().values(lost | {"client_id": client}).returning(sms.c.id))).scalar_one()
        two = (await conn.execute(sms.insert().values(lost | {"key": "2"}).returning(sms.c.id))).scalar_one()
    await desk.texting.again(WRITER, one)
    await desk.office.state(one, "accepted")
    await desk.texting.put_aside(WRITER, two)
    with pytest.raises(Refused, match="waits for you"):
        await desk.texting.again(WRITER, two)
    assert len(desk.gateway.got) == 1


async def test_an_sms_to_who_called_in_vain_is_his_answer(desk: Desk) -> None:
    client, now = await desk.client(), desk.office.clock()
    record = CallRecord(
        call="c1", direction="inbound", caller=Party(number=PYOTR, name=""), called="74950000001", queue="sales",
        started=now - 60, ended=now - 30, outcome="no-answer",
    )  # fmt: skip
    async with desk.office.db.write() as conn:
        await calls.save(conn, record, number=PYOTR, client_id=client, user_id=None)
    await desk.came("Перезвоните")
    async with desk.office.db.read() as conn:
        assert len(await missed.missed(conn, since=0.0)) == 1, "what he writes closes nothing"
    await desk.texting.send(WRITER, Text(key="an-answer", number=PYOTR, text="Уже звоним", client_id=client))
    async with desk.office.db.read() as conn:
        assert await missed.missed(conn, since=0.0) == []
        [closed] = await missed.missed(conn, since=0.0, state="closed")
    assert (closed.closed_by, closed.why) == ("Anna", "отвечено SMS")


@pytest.mark.parametrize(
    ("number", "text", "code"),
    [
        ("84950000001", "Да", "landline"), ("BANK", "Да", "bad-number"), (PYOTR, " ", "empty-sms"),
        (PYOTR, "{{client.name}}", "empty-fields"), (PYOTR, "ы" * 671, "long-sms"),
    ],
)  # fmt: skip
async def test_what_cannot_be_sent_is_refused_in_words(desk: Desk, number: str, text: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        await desk.texting.send(WRITER, Text(key="bad-one-1", number=number, text=text))
    assert refused.value.code == code


async def test_DP_06_a_restricted_client_is_not_written_to(desk: Desk) -> None:
    client = await desk.client(restricted_at=1.0, restricted_why="спор")
    with pytest.raises(Refused, match="restricted"):
        await desk.texting.send(WRITER, Text(key="restricted", number=PYOTR, text="Да", client_id=client))


async def test_lists_and_the_stream_are_the_same_on_either_engine(db: Database, tmp_path: Path) -> None:
    async with text_office(tmp_path, Gateway(), db=db) as office:
        desk = Desk(office, Gateway())
        client = await desk.client()
        await desk.came("начало, ", ref=1, part=1, parts=2)
        await desk.came("конец", ref=1, part=2, parts=2)
        await desk.came("стоп", number="79355550102")
        async with db.read() as conn:
            views = {view: await sms_reading.listed(conn, view, BORIS) for view in get_args(sms_reading.View)}
            assert {view: len(rows) for view, rows in views.items()} == {
                "unread": 1, "mine": 1, "in": 2, "out": 1, "decide": 0,
            }  # fmt: skip
            assert await sms_reading.unread(conn) == {BORIS: 1}
            stream = await history.of_client(conn, client, reader=WRITER)
        assert [one.sms.text for one in stream.rows if one.sms] == ["начало, конец"]
        one = await desk.texting.send(WRITER, Text(key="answered-now", number=PYOTR, text="Да", client_id=client))
        async with db.read() as conn:
            assert await sms_reading.unread(conn) == {}
            assert (await sms_reading.counts(conn, BORIS))["mine"] == 0
        await desk.texting.undo(WRITER, one)
        assert (await office.row(one)).state == "canceled"
