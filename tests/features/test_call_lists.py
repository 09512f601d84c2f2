"""A call list on agents' desks: one desk a person, in his hours, again after a while, nobody without consent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from cti.access import Person
from cti.errors import Refused
from cti.features.call_control import CallControl, Line
from cti.features.call_lists import CallLists
from cti.messages.campaigns import CallList, Campaign, Given
from cti.messages.rules import WorkingHours
from cti.settings import DialSettings, PbxSettings
from cti.storage import call_lists, campaign_people, consents, restrictions, work
from cti.storage.campaign_tables import campaign_calls
from cti.storage.client_tables import clients
from cti.storage.tables import calls
from cti.telephony.numbering import NumberPlan
from tests.features.cast import Cast, no_offers
from tests.features.mailing_house import VERA, ZONE, House, house
from tests.web.board import Board

ANNA = Person(id=1, login="vera", name="Anna", role="supervisor", team_id=1)  # the cast's Anna has the phone of user 1
LABEL = "Ромашка"


class Desk:
    """Anna with a phone, before a running call list."""

    def __init__(self, h: House) -> None:
        self.h, self.board = h, Board()
        self.lists = CallLists(db=h.db, zone=ZONE, changed=lambda: None, clock=lambda: h.now)
        self.control = CallControl(
            db=h.db,
            line_of=lambda device: Line(pbx=self.board, settings=PbxSettings(), plan=NumberPlan(), device=device),
            dial=DialSettings(),
            directory=Cast(),
            device_status=lambda _device: "idle",
            calls_of=lambda _user: 0,
            record_of=lambda _call: None,
            offers=no_offers,
            clock=lambda: h.now,
        )

    async def begun(self, **said: Any) -> int:
        """A call list of everybody who has agreed to be called."""
        async with self.h.db.write() as conn:
            for id_ in (await conn.execute(select(clients.c.id))).scalars():
                await consents.say(
                    conn, kind="phone", address="", purpose="calls", given=True, source="card", at=1.0, client_id=id_
                )
        given = Given(calls=CallList(label=LABEL, attempts=2), **{"hours": None, **said})
        one = Campaign(
            id=0, name="Обзвон", channel="calls", purpose="calls", state="draft", segment_id=1, given=given
        )  # fmt: skip
        id_ = await self.h.campaigns.save(VERA, one)
        await self.h.campaigns.build(VERA, id_)
        await self.h.builds.look()
        await self.h.campaigns.start(VERA, id_)
        return id_

    async def called(self, number: str, click: str, outcome: str) -> None:
        """A click, and what the PBX told of its call."""
        await self.control.dial(ANNA, number, client_id=None, request_id=click)
        self.h.now += 30
        async with self.h.db.write() as conn:
            said = {"direction": "outbound", "started_at": self.h.now - 20, "ended_at": self.h.now}
            answered = {"answered_at": self.h.now - 10 if outcome == "answered" else None}
            await conn.execute(insert(calls).values(id=click, request_id=click, outcome=outcome, **said, **answered))
        await self.lists.look()


async def test_one_is_called_again_after_a_while_and_is_over_when_he_was_reached(tmp_path: Path) -> None:
    async with house(tmp_path, 2) as h:
        desk = Desk(h)
        id_ = await desk.begun()
        assert [(one.name, one.label, one.waiting) for one in await desk.lists.of(ANNA)] == [("Обзвон", LABEL, 2)]
        first = await desk.lists.next(ANNA, id_)
        async with h.db.read() as conn:
            mine = await work.gathered(conn, now=h.now, until=h.now, who=await work.worker(conn, ANNA.id))
        assert [(one.kind, one.id, one.note, one.client_name) for one in mine] == [("list", first, LABEL, "Клиент 1")]
        await desk.called("+79350000001", "click-1", "busy")
        assert await h.counts(id_) == {"waiting": 2}
        assert await desk.lists.next(ANNA, id_) == f"{id_}-2", "the first is to be left alone for a while"
        await desk.called("+79350000002", "click-2", "answered")
        h.now += 16 * 60
        assert await desk.lists.next(ANNA, id_) == first
        await desk.called("+79350000001", "click-3", "no-answer")
        assert await h.counts(id_) == {"reached": 1, "failed": 1}
        await desk.lists.look()
        assert (await h.one(id_)).state == "done"
        async with h.db.read() as conn:
            rows = (await conn.execute(select(campaign_calls).order_by(campaign_calls.c.at))).all()
        assert [(row.number, row.attempt, row.outcome, row.call_id, row.label) for row in rows] == [
            (1, 1, "busy", "click-1", LABEL), (2, 1, "answered", "click-2", LABEL),
            (1, 2, "no-answer", "click-3", LABEL),
        ]  # fmt: skip


@pytest.mark.parametrize("why", ["withdrawn", "restricted"])
async def test_DP_08_who_may_not_be_called_is_never_dialled_and_a_line_says_so(tmp_path: Path, why: str) -> None:
    async with house(tmp_path, 3) as h:
        desk = Desk(h)
        id_ = await desk.begun()
        for number in (1, 2, 3):
            await desk.lists.next(ANNA, id_)
            async with h.db.write() as conn:  # in the last moment
                if why == "withdrawn":
                    await consents.say(
                        conn, kind="phone", address=f"+7935000000{number}", purpose="calls" if number > 1 else "",
                        given=False, source="call", at=h.now,
                    )  # fmt: skip
                else:
                    await restrictions.put(conn, number, "спор", now=h.now, user_id=VERA.id)
            to, typed = f"+7935000000{number}", number == 3  # on a softphone
            dial = desk.control.dial(ANNA, to, client_id=number, request_id=to)
            if typed:
                dial.close()
            with pytest.raises(Refused):
                await (desk.control.number_for(ANNA, to, "PJSIP/101") if typed else dial)
        assert desk.board.asked == []
        assert await h.counts(id_) == {"skipped": 3}
        async with h.db.read() as conn:
            assert await campaign_people.reasons(conn, id_, ("skipped",)) == {why: 3}
            lines = (await conn.execute(select(campaign_calls.c.outcome, campaign_calls.c.user_id))).all()
        assert lines == [(why, ANNA.id)] * 3


async def test_nobody_is_taken_outside_his_hours_or_by_two(tmp_path: Path) -> None:
    async with house(tmp_path, 2) as h:
        desk = Desk(h)
        async with h.db.write() as conn:
            await conn.execute(update(clients).where(clients.c.id == 1).values(time_zone="Asia/Kamchatka"))
        id_ = await desk.begun(hours=WorkingHours(begins="09:00", ends="20:00"))
        assert await desk.lists.next(ANNA, id_) == f"{id_}-2"
        with pytest.raises(Refused, match="not their hour"):
            await desk.lists.next(ANNA, id_)
        boris = Person(id=2, login="pavel", name="Boris", role="agent")
        with pytest.raises(Refused):
            await desk.lists.act(boris, f"{id_}-2", "free")
        h.now += 16 * 60
        await desk.lists.look()
        assert await h.counts(id_) == {"waiting": 2}, "he had him long enough"
        assert await desk.lists.next(boris, id_) == f"{id_}-2"
        await desk.lists.act(boris, f"{id_}-2", "close", why="звонить незачем")
        assert await h.counts(id_) == {"waiting": 1, "skipped": 1}
        async with h.db.read() as conn:
            assert await call_lists.on_desk(conn, boris.id, "+79350000002") is None
