"""The page of the past: files chosen, looked at, taken in, stopped, cut off, taken back; nothing is there twice."""

from __future__ import annotations

import asyncio
import gzip
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import msgspec
import pytest
from sqlalchemy import select

from cti.features.past_runs import PastWork, Source
from cti.storage import past, sessions
from cti.storage.tables import calls
from lab.free_ports import free_port
from tests.telephony.test_queue_log import T
from tests.web.panel import Panel, panel, until
from tests.web.visitor import Answer, Visitor
from web.pages.settings_past import HERE


def call(n: int, queue: str = "sales", agent: str = "PJSIP/777") -> str:
    """A call of 40 s, a minute after the one before."""
    at, key = T + n * 60, f"{T + n * 60}.{n}"
    return (
        f"{at}|{key}|{queue}|NONE|ENTERQUEUE||79355550101|1\n{at + 9}|{key}|{queue}|{agent}|CONNECT|9|{at + 5}.{n}|4\n"
        f"{at + 40}|{key}|{queue}|{agent}|COMPLETECALLER|9|31|1\n"
    )


async def bring(who: Visitor, text: str | bytes, name: str) -> int:
    headers = {"X-CSRF-Token": who.csrf, "Origin": who.panel.url, "X-File-Name": quote(name)}
    body = io.BytesIO(text.encode() if isinstance(text, str) else text)
    return (await who.ask("POST", HERE + "/files", data=body, headers=headers)).status


async def choose(who: Visitor, files: Sequence[str]) -> Answer:
    fields = [("csrf", who.csrf), *(("file", one) for one in files)]
    return await who.ask("POST", HERE + "/look", data=fields, headers={"Origin": who.panel.url})


async def over(running: Panel) -> dict[str, Any]:
    """What came of what runs."""
    runs = running.services.past_runs
    await until(lambda: not runs.running, within_s=180, why="it is over")
    assert runs.work is not None
    assert runs.work.state == "done", (runs.work.code, runs.work.message)
    return runs.work.course


async def stored(running: Panel) -> list[str]:
    async with running.services.database.read() as conn:
        return sorted((await conn.execute(select(calls.c.id))).scalars())


async def a_look(running: Panel, user_id: int, state: Literal["running", "done"]) -> None:
    """A look that somebody began, and a stopped import before it; nothing is read."""
    source = Source(pbx="", kind="queue-log", name="queue_log")
    running.services.past_runs.work = PastWork(what="look", source=source, user_id=user_id, state=state)
    async with running.services.database.write() as conn:
        told = msgspec.json.encode(source).decode()
        made = await past.begin(conn, kind="queue-log", pbx="", name="x", user_id=user_id, now=1.0, source=told)
        await past.become(conn, made, "stopped", was=["running"], now=2.0)


async def test_files_are_looked_at_taken_in_once_and_taken_back(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "queue_log").write_text("".join(call(n) for n in range(3)) + "torn|li\n")
    (folder / "passwd").write_text("root:x:0:0\n")
    sections = {"pbx": {"main": {"port": free_port(), "past": {"folders": [str(folder)]}}}}
    async with panel(tmp_path / "data", sections=sections) as running, Visitor(running, "vera") as vera:
        assert (await vera.get(HERE)).says("Nothing was taken in yet")
        assert await bring(vera, "no log at all\n", "x") == 409
        old = "".join(call(n, "old") for n in range(2, 6)) + f"{T + 999}|{T + 999}.9|old|NONE|ENTERQUEUE||anon"
        for name in ("a.gz", "twice.gz"):
            assert await bring(vera, gzip.compress(old.encode()), name) == 201
        assert (await vera.get(HERE)).says("twice.gz")
        assert (await choose(vera, [str(folder / "passwd"), "../../etc/passwd"])).status == 409
        assert (await vera.get(HERE + "/progress")).status == 200
        waiting = [one.id for one in running.services.past_runs.waiting_of(4)]

        assert (await choose(vera, waiting)).status == 303
        for path in (HERE, HERE + "/progress"):
            assert "<progress" in (await vera.get(path)).text
        assert (await choose(vera, waiting)).status == 409  # one at a time
        course = await over(running)
        assert (course["made"], course["known"], course["torn"], course["queues"]) == (5, 5, 0, ["old"])
        shown = await vera.get(HERE)
        assert shown.says("PJSIP/777")  # nobody's here
        assert shown.says("Queues not known yet")
        assert await stored(running) == []
        assert (await vera.post(HERE + "/take")).status == 303
        course = await over(running)
        assert (course["made"], course["known"]) == (5, 5)
        first = await stored(running)
        assert len(first) == 5

        assert (await choose(vera, [str(folder / "queue_log")])).status == 303
        assert {name: (await over(running))[name] for name in ("made", "known", "torn")} == {
            "made": 2, "known": 1, "torn": 1
        }  # fmt: skip
        await vera.post(HERE + "/take")
        await over(running)
        assert len(await stored(running)) == 7
        page = await vera.get(HERE)
        assert page.says("taken in")
        assert (await vera.post(HERE + "/2/undo")).status == 303
        await over(running)
        assert await stored(running) == first
        assert (await vera.post(HERE + "/2/undo")).status == 409
        async with running.services.database.read() as conn:
            assert [row.action for row in await sessions.notes(conn, limit=3)] == [
                "past-undo",
                "past-take",
                "past-take",
            ]
        assert (await vera.get("/calls?imported=1")).says("from the PBX's log")
    async with panel(tmp_path / "data", sections=sections, filled=True) as again, Visitor(again, "anna") as anna:
        assert (await anna.get(HERE)).status == 403
        assert not list((tmp_path / "data/past").iterdir())  # what was taken in is not kept


async def test_what_is_stopped_goes_on_when_asked(tmp_path: Path) -> None:
    async with panel(tmp_path) as running, Visitor(running, "vera") as vera:
        runs = running.services.past_runs
        await bring(vera, call(1), "queue_log")
        await choose(vera, [one.id for one in runs.waiting_of(4)])
        await over(running)
        await vera.post(HERE + "/take")
        await vera.post(HERE + "/stop")
        assert runs.work is not None
        assert runs.work.state == "stopped"
        assert (await vera.get(HERE)).says("Go on")
        await asyncio.sleep(0)
        assert (await vera.post(HERE + "/1/go-on")).status == 303
        await over(running)
        assert len(await stored(running)) == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "169.254.169.254", "localhost", "10.0.0.5"])
async def test_a_database_is_named_by_admins_alone_and_only_where_it_may_be(tmp_path: Path, host: str) -> None:
    sections = {"pbx": {"main": {"host": "192.0.2.1", "port": free_port()}}}
    form = {"kind": "mysql", "name": "asteriskcdrdb", "cdr_table": "cdr", "login": "reader", "password": "very-secret"}
    async with panel(tmp_path, sections=sections) as running:
        async with Visitor(running, "vera") as vera:
            assert (await vera.post(HERE + "/database", host="192.0.2.1", **form)).status == 403
        async with Visitor(running, "pavel") as pavel:
            assert (await pavel.post(HERE + "/database", host=host, **form)).status == 409
            if host != "10.0.0.5":
                return
            assert (await pavel.post(HERE + "/database", host="192.0.2.1", **form)).status == 303
            page = await pavel.get(HERE)
            assert page.says("192.0.2.1/asteriskcdrdb: cdr")
            assert not page.says("very-secret")
            found = await running.services.past_databases.of("main")
            assert found is not None
            assert found[1] == "mysql://reader:very-secret@192.0.2.1:3306/asteriskcdrdb"
            await pavel.post(HERE + "/database", host="192.0.2.1", **{**form, "login": "other", "password": ""})
            found = await running.services.past_databases.of("main")
            assert found is not None
            assert "very-secret" not in found[1]  # what was told to one is not told to another
            assert (await pavel.post(HERE + "/database/delete")).status == 303
    assert b"very-secret" not in (tmp_path / "trubka.db").read_bytes()
