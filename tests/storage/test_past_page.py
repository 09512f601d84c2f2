"""The PBX's table taken in through the page's own process, by a program: its database named by an admin, old names of
agents and queues said once who they are, a command meanwhile, and all of it taken back."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import create_async_engine

from cti.past_parts import turn_of
from cti.storage.tables import call_waits, calls, legs
from tests.storage.postgres import Cluster
from tests.storage.test_past_tables import NEW, ZONE, run
from tests.telephony.test_queue_log import T
from tests.web.panel import ANNA, Browser, panel, until
from tests.web.test_past import call
from tests.web.visitor import Visitor
from web.pages.settings_past import HERE

LOG = call(1, "prodazhi", "Ivanova") + call(2, "sales", "Nobody") + call(3, "own", "SIP/100")
PASSWORD = "пароль 1/@:"


@asynccontextmanager
async def database(cluster: Cluster) -> AsyncIterator[tuple[str, int]]:
    """A PBX's PostgreSQL with the log in a table, for a reader with a password: its name, and its port here."""
    url = cluster.create()
    engine, name = create_async_engine(url), cluster.newest
    async with engine.begin() as conn:
        await conn.execute(text(NEW.format(name="queue_log", time="timestamp(6)", engine="")))
        for n, line in enumerate(LOG.splitlines()):
            at, *words = line.split("|")
            row = {"id": n, "at": datetime.fromtimestamp(float(at), ZONE).replace(tzinfo=None)}
            row |= {f"w{place}": word for place, word in enumerate([*words, "", "", "", "", ""][:9])}
            marks = ", ".join(f":w{place}" for place in range(9))
            await conn.execute(text(f"INSERT INTO queue_log VALUES (:id, :at, {marks})"), row)
        await conn.execute(text(f"CREATE ROLE reader LOGIN PASSWORD '{PASSWORD}'".replace(":", r"\:")))
        await conn.execute(text("GRANT SELECT ON queue_log TO reader"))
    folder = url.partition("?host=")[2]
    doors = Path(folder) / "data/pg_hba.conf"
    doors.write_text(f"local {name} reader scram-sha-256\n" + doors.read_text())
    async with engine.begin() as conn:
        await conn.execute(text("SELECT pg_reload_conf()"))
    await engine.dispose()

    async def passed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_unix_connection(f"{folder}/.s.PGSQL.5432")
        await asyncio.gather(_pump(reader, there_writer), _pump(there_reader, writer))

    server = await asyncio.start_server(passed, "127.0.0.1", 0)
    async with server:
        yield name, server.sockets[0].getsockname()[1]


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while some := await reader.read(65536):
            writer.write(some)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


async def over(who: Browser, begun: tuple[int, Any] = (202, {}), state: str = "done") -> dict[str, Any]:
    """The work when it is over."""
    status, work = begun
    assert status == 202, work
    async with asyncio.timeout(180):
        while work.get("state", "running") == "running":
            await asyncio.sleep(0.05)
            _, work = await who.ask("GET", "/past/work")
    assert work["state"] == state, work
    return dict(work)


async def test_a_table_with_old_names_is_taken_in_by_the_page(tmp_path: Path, cluster: Cluster) -> None:
    past = {"inside": ["127.0.0.0/8"], "time_zone": str(ZONE)}
    sections = {"pbx": {"main": {"host": "192.0.2.1", "port": 9, "past": past}}}
    table = {"table": "queue-log", "since": "2023-01-01"}
    async with (
        database(cluster) as (name, port),
        panel(tmp_path, sections=sections) as running,
        Visitor(running, "pavel") as pavel,
        Browser(running, "vera") as vera,
        Visitor(running, "vera") as page,
        Browser(running, "anna") as anna,
    ):
        assert (await anna.ask("GET", "/past/imports"))[0] == 403
        assert (await vera.ask("GET", "/past/work"))[0] == 404
        assert (await vera.ask("POST", "/past/looks", table))[1]["type"] == "/problems/past-no-table"
        form = {"kind": "postgresql", "host": "127.0.0.1", "port": str(port), "name": name, "login": "reader"}
        form |= {"cdr_table": "", "queue_log_table": "queue_log"}
        assert (await pavel.post(HERE + "/database", **form, password="wrong")).status == 303
        await over(vera, await vera.ask("POST", "/past/looks", table), "failed")
        failed = await page.get(HERE)
        assert failed.says("The PBX's database cannot be read")
        assert failed.says("password authentication failed")
        assert (await pavel.post(HERE + "/database", **form, password=PASSWORD)).status == 303
        assert not (await page.get(HERE)).says(PASSWORD)
        assert (await vera.ask("GET", "/past/sources"))[1]["tables"] == {"queue-log": f"127.0.0.1/{name}: queue_log"}

        looked = await over(vera, await vera.ask("POST", "/past/looks", table))
        assert (looked["read"], looked["size"], looked["course"]["made"]) == (9, 9, 3)
        assert looked["course"]["strangers"] == ["Ivanova", "Nobody", "SIP/100"]
        said = [{"kind": "agent", "name": "Ivanova", "user_id": ANNA}, {"kind": "agent", "name": "Nobody"}]
        for wrong in ({"kind": "agent", "name": "x", "user_id": 99}, {"kind": "queue", "name": "x", "queue": "a\nb"}):
            assert (await vera.ask("PUT", "/past/names", {"said": [wrong]}))[0] == 409
        assert (await vera.ask("PUT", "/past/names", {"said": said}))[0] == 200
        shown = await page.get(HERE)
        assert [one for one in ("Ivanova", "SIP/100", "prodazhi", "own") if not shown.says(f"<bdi>{one}</bdi>")] == []
        names = [("csrf", page.csrf)]
        for kind, old, is_ in (("agent", "SIP/100", ""), ("queue", "prodazhi", "=sales"), ("queue", "own", "-")):
            names += [("kind", kind), ("name", old), ("is", is_)]
        kept = await page.ask("POST", HERE + "/names", data=names, headers={"Origin": running.url})
        assert kept.status == 303
        looked = await over(vera)  # again by itself, with what is known now
        assert (looked["what"], looked["course"]["strangers"]) == ("look", ["SIP/100"])

        (tmp_path / "queue_log").write_text(LOG)
        words = ("queue-log", str(tmp_path / "queue_log"))
        async with turn_of(running.services.database, tmp_path / "past"):  # as a command at the console has it
            assert (await vera.ask("POST", "/past/imports"))[0] == 202
            work = running.services.past_runs
            await until(lambda: work.work and work.work.waits, within_s=180, why="it waits")
            assert (await page.get(HERE)).says("It waits")
            code, told = await asyncio.to_thread(run, tmp_path, "", *words)
            assert (code, told.count("\n"), "is taken in just now" in told) == (1, 1, True), told
        done = await over(vera)
        assert (done["course"]["made"], done["id"]) == (3, 1)
        async with running.services.database.read() as conn:
            who = list((await conn.execute(select(legs.c.user_id).order_by(legs.c.ended_at))).scalars())
            where = list((await conn.execute(select(call_waits.c.queue).order_by(call_waits.c.joined_at))).scalars())
            assert list((await conn.execute(select(calls.c.queue).order_by(calls.c.started_at))).scalars()) == where
        assert (who, where) == ([ANNA, None, None], ["sales", "sales", "own"])
        [row] = (await vera.ask("GET", "/past/imports"))[1]
        assert (row["by"], row["state"], row["course"]["strangers"]) == ("Vera", "done", ["SIP/100"])
        assert (await vera.ask("POST", "/past/stop"))[0] == 409
        assert (await over(vera, await vera.ask("POST", "/past/imports/1/undo")))["gone"] == 3
        for path in ("undo", "go-on"):
            assert (await vera.ask("POST", f"/past/imports/1/{path}"))[0] == 409
        assert (await vera.ask("GET", "/past/imports/1"))[1]["state"] == "undone"
        forgotten = [{"kind": "agent", "name": "Nobody"}]
        assert (await vera.ask("PUT", "/past/names", {"forget": forgotten}))[0] == 200
        assert {one["name"] for one in (await vera.ask("GET", "/past/names"))[1]} == {"Ivanova", "prodazhi", "own"}

        headers = {"X-CSRF-Token": vera.csrf, "Origin": running.url, "X-File-Name": "queue_log"}
        url = f"{running.url}/api/v1/past/files"
        async with vera.http.post(url, data=io.BytesIO(LOG.encode()), headers=headers) as answer:
            assert answer.status == 201, await answer.text()
            file = await answer.json()
        assert (file["kind"], file["begins"]) == ("queue-log", T + 60)
        assert [one["id"] for one in (await vera.ask("GET", "/past/sources"))[1]["files"]] == [file["id"]]
        assert (await vera.ask("POST", "/past/looks", {"files": ["../x"]}))[0] == 409
        assert (await vera.ask("DELETE", f"/past/files/{file['id']}"))[0] == 200
        assert not list((tmp_path / "past").iterdir())
    assert PASSWORD.encode() not in (tmp_path / "trubka.db").read_bytes()

    (tmp_path / "names.csv").write_text("agent,SIP/100,boris\nqueue,own,\n")
    names_file = ("--names", str(tmp_path / "names.csv"))
    dry = (*words, "--dry-run", *names_file, "--agent", "Nobody=-")
    code, told = await asyncio.to_thread(run, tmp_path, "", *dry)
    assert (code, "nobody's here" in told, "queues not known before: own" in told) == (0, False, True), told
    code, told = await asyncio.to_thread(run, tmp_path, "", "names", *names_file, "--agent", "Nobody=")
    assert (code, told.splitlines()) == (
        0, ["agent  Ivanova = anna", "agent  SIP/100 = boris", "queue  prodazhi = sales"]
    )  # fmt: skip
    code, told = await asyncio.to_thread(run, tmp_path, "", *words)
    assert (code, "nobody's here: Nobody\n" in told, "3 calls taken in" in told) == (0, True, True), told
    for wrong in (("--agent", "x=nobody-at-all"), ("--queue", "x"), ("--names", words[1])):
        code, told = await asyncio.to_thread(run, tmp_path, "", "names", *wrong)
        assert (code, told.count("\n")) == (1, 1), told
