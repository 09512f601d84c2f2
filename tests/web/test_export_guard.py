"""DP-13: many clients leave in files only with a reason, and admins are told at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from cti.settings import PrivacySettings
from cti.storage import access_log
from cti.storage.access_log import Asked, Kept
from tests.cli.test_commands import cti
from tests.web.panel import PATIENCE_S, PAVEL, Browser, Panel, panel, until

FEW = {"privacy": PrivacySettings(export_cards=3)}


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Panel]:
    async with panel(tmp_path, sections=FEW) as running:
        yield running


async def files(desk: Panel) -> list[Kept]:
    await desk.services.spool.flush(5)
    async with desk.services.db.read() as conn:
        return await access_log.newest(conn, Asked(action="export"))


async def make(who: Browser, **more: Any) -> tuple[int, Any]:
    return await who.ask("POST", "/exports", {"format": "csv", "columns": ["name"]} | more)


async def fetch(who: Browser, made: dict[str, Any]) -> bytes:
    async with who.http.get(f"{who.panel.url}/api/v1/exports/{made['id']}") as answer:
        assert answer.status == 200
        return await answer.read()


async def test_DP_13_many_clients_a_day_need_a_reason_and_admins_hear_of_it(desk: Panel) -> None:
    async with Browser(desk, "vera") as vera, Browser(desk, "pavel") as pavel:
        wire = await pavel.connect()
        for name in ("Алхимов", "Берёзка"):
            await vera.ask("POST", "/clients", {"name": name})
        status, made = await make(vera)
        assert (status, made["rows"]) == (201, 2)
        status, refusal = await make(vera)  # that one was not even fetched yet
        assert (status, refusal["type"]) == (409, "/problems/reason-needed")
        await fetch(vera, made)
        assert (await make(vera, why="  "))[0] == 409
        assert (await make(vera, filters=[{"field": "name", "op": "contains", "value": "алх"}]))[0] == 201
        status, made = await make(vera, why="Сверка с бухгалтерией")
        assert status == 201
        await fetch(vera, made)
        assert [(one.login, one.count, one.clients, one.why) for one in await files(desk)] == [
            ("vera", 2, "1,2", "Сверка с бухгалтерией"),
            ("vera", 2, "1,2", ""),
        ]
        [told] = await until(lambda: wire.all("message"), why="the admin is told")
        assert (told["code"], told["text"]) == (
            "large-export",
            "vera took out 2 clients in a file, 4 in files of that day.",
        )
        assert (told["why"], told["href"]) == ("Сверка с бухгалтерией", "/settings/access?login=vera&action=export")
        async with pavel.http.get(f"{desk.url}/desk/state") as answer:  # it waits also for his next page
            assert [one["seq"] for one in (await answer.json())["notices"]] == [told["seq"]]
        await wire.close()
        assert (await (await pavel.connect(0)).resume(0), wire.all("message")) == (True, [told, told])
        desk.seqs[PAVEL] = told["seq"]
        await wire.io.emit("shown", {"seq": told["seq"], "at": 1})
        async with asyncio.timeout(PATIENCE_S):
            waiting = [told]
            while waiting:
                async with pavel.http.get(f"{desk.url}/desk/state") as answer:
                    waiting = (await answer.json())["notices"]
        await wire.close()
        assert (await (await pavel.connect(0)).resume(0), len(wire.all("message"))) == (True, 2)


async def test_DP_13_who_was_away_is_told_when_he_comes_and_the_command_line_is_no_way_round(tmp_path: Path) -> None:
    async with panel(tmp_path, sections=FEW) as desk, Browser(desk, "vera") as vera:
        for number in range(4):
            await vera.ask("POST", "/clients", {"name": f"Клиент {number}"})
    words = ("client", "export", str(tmp_path / "all.csv"))
    refused = cti(*words, data=tmp_path, CTI_PRIVACY__EXPORT_CARDS="3")
    assert (refused.returncode, "--why" in refused.stderr) == (1, True)
    assert not (tmp_path / "all.csv").exists()
    done = cti(*words, "--why", "переезд", data=tmp_path, CTI_PRIVACY__EXPORT_CARDS="3")
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "all.csv").read_text("utf-8-sig")
    async with panel(tmp_path, sections=FEW, filled=True) as desk:
        [line] = await files(desk)
        assert (line.login[:4], line.count, line.clients, line.why) == ("cli:", 4, "1,2,3,4", "переезд")
        assert text.splitlines()[1].rsplit(";", 1)[1].startswith(f'"{line.login} 20')
        async with Browser(desk, "pavel") as pavel:
            wire = await pavel.connect()
            [told] = await until(lambda: wire.all("message"), why="the admin is told")
            assert told["why"] == "переезд"
            assert desk.live.seq_of(PAVEL) in (0, told["seq"])
    assert cti("privacy", "check", data=tmp_path).stdout.startswith("1 lines are whole.")
