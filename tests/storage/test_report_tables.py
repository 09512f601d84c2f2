"""The reads of the reports that are tables, on both engines: sums and what is behind them agree."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert, text

from cti.errors import Refused
from cti.features.rollups import Rollups
from cti.messages.hours import Hours
from cti.reports import answers, weekdays
from cti.reports.intervals import period
from cti.storage import (
    answer_figures,
    answer_lists,
    campaign_figures,
    number_figures,
    queue_calls,
    reach_figures,
    report_limits,
    why_figures,
)
from cti.storage.answer_figures import Asked
from cti.storage.database import Database
from cti.storage.sms_tables import sms
from tests.simulated_week import DAYS, QUEUES, Week
from tests.storage.conftest import ANNA

ZONE = ZoneInfo("Europe/Moscow")


async def test_every_sum_is_what_is_behind_it(db: Database) -> None:
    week = Week(ZONE)
    since, until = period(DAYS[0], DAYS[-1], ZONE)
    await week.keep(db, None)
    rollups = Rollups(db=db, clock=lambda: float(until))
    while (await rollups.fresh_queues(since, until)).left:  # a busy machine counts some at a time
        continue
    while (await rollups.fresh_reach()).left:
        continue
    async with db.read() as conn:
        rows = await number_figures.by_number(conn, since, until, None)
        assert sum(row.counts["calls"] for row in rows) == len(week.records)
        for kind in number_figures.KINDS:
            page = await number_figures.behind(conn, kind, since, until, rows[0].number, None, limit=500)
            assert (page.total, len(page.rows)) == (rows[0].counts[kind],) * 2
        assert any(row.level is not None for row in rows)
        assert await number_figures.by_number(conn, since, until, []) == []
        whole = 0
        for day in range(7):
            some = weekdays.quarters(since, until, ZONE, day, None)
            stays = await queue_calls.stays(conn, "entered", since, until, None, quarters=some, limit=1)
            whole += stays.total or 0
        assert whole == len(week.records)
        lost, total = await reach_figures.behind(
            conn, "clients", since, until, None, by="queue", row=None, step=None, within_s=60, start=0, limit=1000
        )
        assert 0 < len(lost) == total <= len(week.records)
        asked = Asked(since=since, until=until, house=Hours(zone=ZONE), now=float(until), sms_target_s=60)
        assert await answer_lists.behind(conn, asked, "all", by="box", row=None, start=0, limit=1) == ([], 0)
        assert await answer_figures.groups(conn, asked, "box") == ({}, answers.sums([]))
        assert await campaign_figures.of_period(conn, *period(date(2020, 1, 1), date(2030, 1, 1), ZONE)) == []


async def test_a_report_that_holds_too_much_is_refused_and_not_cut(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    week = Week(ZONE)
    since, until = period(DAYS[0], DAYS[-1], ZONE)
    await week.keep(db, ANNA)
    while (await Rollups(db=db, clock=lambda: float(until)).fresh_reach()).left:
        continue
    row = {"direction": "in", "state": "received", "number": "+79355550101", "text": "?", "created_at": since}
    async with db.write() as conn:
        await conn.execute(insert(sms), [{"key": key, **row} for key in "ab"])
    asked = Asked(since=since, until=until, house=Hours(zone=ZONE), now=float(until), sms_target_s=60)
    async with db.read() as conn:
        monkeypatch.setattr(answer_figures, "MOST", 1)
        with pytest.raises(Refused, match="more than 1 rows"):
            await answer_figures.groups(conn, asked, "box")
        monkeypatch.setattr(reach_figures, "MOST", await reach_figures.in_vain(conn, since, until, None) - 1)
        with pytest.raises(Refused, match="more than"):
            await reach_figures.groups(conn, since, until, None, "queue", 60)
        [queue, *_] = QUEUES
        offered = len(await why_figures.offers(conn, queue, since, until))
        monkeypatch.setattr(why_figures, "MOST_LEGS", offered - 1)
        with pytest.raises(Refused, match="more than"):
            await why_figures.offers(conn, queue, since, until)


async def test_what_takes_too_long_is_refused(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_limits, "MOST_S", 0.2)
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i % 9 + 1 FROM n) SELECT COUNT(*) FROM n"
    with pytest.raises(Refused, match=r"0\.2 s"):
        async with db.read() as conn, report_limits.in_time(conn):
            await conn.execute(text(endless))
    async with db.read() as conn:
        assert await number_figures.by_number(conn, 0, 900, None) == []
