"""What a real PBX did while the server was away comes from its queue log by itself; what was seen is not told twice."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from lab.pbx import Pbx
from lab.phones import Phone
from tests.e2e.conftest import Street
from tests.e2e.server import Desk, Server, until

pytestmark = pytest.mark.lab
SALES = "74950000001"
SEEN, TALKED, GAVE_UP, LATER = "79355550671", "79355550672", "79355550673", "79355550674"


async def calls_of(desk: Desk, number: str) -> list[dict[str, Any]]:
    found: dict[str, Any] = await desk.api("GET", f"/calls?number=%2B{number}")
    return [row for row in found["rows"] if not row["open"]]


async def talk(street: Street, phone: Phone, number: str) -> None:
    client = await street.call(SALES, caller=number)
    await street.do(phone.wait, "ringing")
    await street.do(phone.answer)
    await street.do(phone.wait, "talking")
    await until(lambda: logged(street.pbx, f"{number}|"), why="he entered the queue")
    (entered,) = [line for line in lines_of(street.pbx) if "ENTERQUEUE" in line and number in line]
    await until(lambda: logged(street.pbx, entered.split("|")[1], "CONNECT"), why="the PBX has them talk")
    await street.do(client.hang_up)
    await street.do(phone.wait, "idle")
    await until(lambda: logged(street.pbx, entered.split("|")[1], "COMPLETE"), why="the PBX has it over")


def lines_of(pbx: Pbx) -> list[str]:
    return (pbx.home / "log/queue_log").read_text().splitlines()


def logged(pbx: Pbx, *words: str) -> bool:
    """Whether the queue log has a line with each of these."""
    return any(all(word in line for word in words) for line in lines_of(pbx))


@pytest.fixture(scope="module")
def server(pbx: Pbx, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that knows where the PBX's queue log is."""
    past = {"QUEUE_LOG": str(pbx.home / "log/queue_log"), "SETTLE_S": "8"}
    settings = pbx.settings() | {f"CTI_PBX__MAIN__PAST__{name}": value for name, value in past.items()}
    with Server(tmp_path_factory.mktemp("data"), settings).prepare() as one:
        yield one


def asked(server: Server, query: str) -> list[Any]:
    """Rows of the server's base; what was changed is kept."""
    with closing(sqlite3.connect(server.data / "trubka.db", timeout=30)) as db, db:
        return db.execute(query).fetchall()


async def give_up(street: Street, pbx: Pbx, phone: Phone, number: str) -> None:
    client = await street.call(SALES, caller=number)
    await street.do(phone.wait, "ringing")
    await until(lambda: logged(pbx, "ENTERQUEUE", number), why="he waits in the queue")
    await street.do(client.hang_up)
    await street.do(phone.wait, "idle")
    (line,) = [one for one in lines_of(pbx) if number in one]
    await until(lambda: logged(pbx, line.split("|")[1], "ABANDON"), why="he gave up")


async def page(desk: Desk, path: str) -> str:
    async with desk.http.get(desk.server.url + path) as answer:
        return await answer.text()


async def test_calls_of_the_servers_absence_come_from_the_queue_log_by_themselves_and_once(
    server: Server, street: Street, pbx: Pbx
) -> None:
    phone = await street.phone("101")
    async with Desk(server, "vera") as vera:
        await talk(street, phone, SEEN)
        (before,) = await until(lambda: calls_of(vera, SEEN), why="the first call is in the journal")
        await until(lambda: asked(server, "SELECT at FROM pbx_watched"), why="it is noted that the PBX is watched")
    server.kill()
    await talk(street, phone, TALKED)
    await give_up(street, pbx, phone, GAVE_UP)
    asked(server, "UPDATE pbx_watched SET at = at - 60")  # the silence is a minute longer than this test
    server.start()

    async with Desk(server, "vera") as vera:
        await until(lambda: asked(server, "SELECT state FROM absences"), why="the absence is noticed")
        assert 'data-absence="open"' in await page(vera, "/board")
        await give_up(street, pbx, phone, LATER)  # the PBX writes on: what it wrote before is whole
        filled = lambda: asked(server, "SELECT found FROM absences WHERE state = 'filled'")  # noqa: E731
        ((found,),) = await until(filled, within_s=180, why="the log is read")
        assert found >= 2  # on a PBX that others call too: theirs of the minute before are of that time as well
        (talked,), (gave_up,) = await calls_of(vera, TALKED), await calls_of(vera, GAVE_UP)
        for path in ("/board", "/reports/queues", "/reports/agents", "/reports/outcomes", "/reports/hours"):
            assert 'data-absence="filled"' in await page(vera, path), path
        done = await asyncio.to_thread(server.cti, "past", "queue-log", str(pbx.home / "log/queue_log"))
        assert done.returncode == 0, done.stderr
        assert await calls_of(vera, SEEN) == [before]
        assert (await calls_of(vera, TALKED), await calls_of(vera, GAVE_UP)) == ([talked], [gave_up])
        assert (talked["outcome"], talked["user_name"], talked["imported"]) == ("answered", "Анна Белова", True)
        assert (gave_up["outcome"], gave_up["queue"], gave_up["answered_at"]) == ("abandoned", "sales", None)
        (later,) = await calls_of(vera, LATER)
        assert not later["imported"]
