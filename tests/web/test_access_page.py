"""The pages of the access journal: who may read how far, found lines, numbers of a period, files, what was touched."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from cti.clients.card import ClientDraft
from cti.clients.seen import told
from cti.storage import access_log, clients
from cti.storage.access_log import Action, Line
from tests.web.panel import ANNA, CLARA, VERA, Panel, panel
from tests.web.visitor import Visitor

HERE = "/settings/access"
ROWS: tuple[tuple[int, str, Action, str, int, str, str], ...] = (
    (ANNA, "anna", "view", "client:1", 1, "1", ""),
    (ANNA, "anna", "search", "clients by q, region", 2, "1,2", ""),
    (CLARA, "clara", "export", "clients", 900, told(range(1, 901)), "сверка <b>"),
    (VERA, "vera", "view", "missed", 3, "2", ""),
)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Panel]:
    async with panel(tmp_path) as running:
        now = running.services.clock()
        lines = [
            Line(at=now + n, user_id=who, login=login, action=did, thing=what, count=count, clients=whom, why=why)
            for n, (who, login, did, what, count, whom, why) in enumerate(ROWS)
        ]
        async with running.services.db.write() as conn:
            for number in (1, 2):
                await clients.insert(conn, ClientDraft(name=f"Клиент-{number}"), now)
            await access_log.append(conn, lines)
        yield running


async def test_each_reads_as_far_as_his_right_and_reading_leaves_a_line(desk: Panel) -> None:
    async with Visitor(desk, "anna") as anna, Visitor(desk, "vera") as vera, Visitor(desk, "pavel") as pavel:
        assert (await anna.get(HERE)).status == 403
        of_team, of_all = await vera.get(HERE), await pavel.get(HERE)
        assert (of_team.says("сверка"), of_all.says("took out in a file"), of_all.says("and 897 more")) == (
            False, True, True,
        )  # fmt: skip
        assert of_all.says("list of clients, searched by: the search box, Region")
        assert "<b>" not in of_all.text.split("сверка")[1][:10]
        assert (await vera.get(HERE)).says("read this journal")
        found = await pavel.get(f"{HERE}?client=700")
        assert (found.says("сверка"), found.says("missed calls")) == (True, False)
        assert not (await vera.get(f"{HERE}?client=700")).says("сверка")
        assert (await pavel.get(f"{HERE}?login=anna&action=search&since=2020-01-01&until=2099-01-01")).says("Клиент-2")
        for odd in ("client=x", "since=2020-99-99", "action=%27", "before=-1", "login=%00", f"client={2**70}"):
            assert (await pavel.get(f"{HERE}?{odd}")).status == 200, odd


async def test_DP_12_whose_data_was_seen_or_taken_out_by_whom(desk: Panel) -> None:
    async with Visitor(desk, "pavel") as pavel, Visitor(desk, "vera") as vera:
        period = "since=2020-01-01&until=2099-01-01"
        page = await pavel.get(f"{HERE}/review?{period}")
        assert page.says("900 clients were shown, 900 left in files; 4 lines.")
        assert page.says("data of 902 persons were shown, of them 900 left in files")
        assert page.says("просмотрены данные субъектов: 902, из них выгружены в файлы: 900")
        assert page.says("clara: 1 lines, 900 persons shown, 900 taken out in files")
        answer = await pavel.get(f"{HERE}/clients.csv?{period}")
        rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff")), delimiter=";"))
        assert rows[1][:5] == ["1", "Клиент-1", "1", "3", "3"]  # by now the page above named him too
        assert (len(rows), rows[900][:5], rows[1][5][:9]) == (901, ["900", "", "1", "0", "1"], "pavel (5)")
        answer = await vera.get(f"{HERE}/clients.csv?{period}&action=view")
        assert len(answer.text.splitlines()) == 3
        answer = await pavel.get(f"{HERE}/lines.csv?{period}&login=clara")
        assert "сверка <b>" in answer.text
        assert (await pavel.get(f"{HERE}/lines.exe")).status == 404


async def test_DP_10_a_line_that_was_touched_is_told(desk: Panel) -> None:
    async with Visitor(desk, "pavel") as pavel:
        assert (await pavel.post(f"{HERE}/check")).says("4 lines are whole.")
        async with desk.services.db.write() as conn:
            await conn.execute(text("UPDATE access_log SET count = 1 WHERE id = 3"))
        assert (await pavel.post(f"{HERE}/check")).says("Line 3 was changed since it was written.")
        async with desk.services.db.write() as conn:
            await conn.execute(text("DELETE FROM access_log WHERE id = 2"))
        assert (await pavel.post(f"{HERE}/check")).says("Line 2 is missing.")
