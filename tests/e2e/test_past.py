"""What a real PBX did while the server was away is found in its queue log; what was seen is not told twice."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from lab.pbx import Pbx
from lab.phones import Phone
from tests.e2e.conftest import Street
from tests.e2e.server import Desk, Server, until

pytestmark = pytest.mark.lab
SALES = "74950000001"
SEEN, TALKED, GAVE_UP = "79355550671", "79355550672", "79355550673"


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


async def test_calls_of_the_servers_absence_are_taken_from_the_queue_log_once(
    server: Server, street: Street, pbx: Pbx
) -> None:
    phone = await street.phone("101")
    async with Desk(server, "vera") as vera:
        await talk(street, phone, SEEN)
        (before,) = await until(lambda: calls_of(vera, SEEN), why="the first call is in the journal")
    server.stop()
    await talk(street, phone, TALKED)
    client = await street.call(SALES, caller=GAVE_UP)
    await street.do(phone.wait, "ringing")
    await until(lambda: logged(pbx, "ENTERQUEUE", GAVE_UP), why="he waits in the queue")
    await street.do(client.hang_up)
    await street.do(phone.wait, "idle")
    (line,) = [one for one in lines_of(pbx) if GAVE_UP in one]
    await until(lambda: logged(pbx, line.split("|")[1], "ABANDON"), why="he gave up")
    server.start()

    async with Desk(server, "vera") as vera:
        for _ in range(2):
            done = await asyncio.to_thread(server.cti, "past", "queue-log", str(pbx.home / "log/queue_log"))
            assert done.returncode == 0, done.stderr
        assert await calls_of(vera, SEEN) == [before]
        (talked,), (gave_up,) = await calls_of(vera, TALKED), await calls_of(vera, GAVE_UP)
        assert (talked["outcome"], talked["user_name"], talked["imported"]) == ("answered", "Анна Белова", True)
        assert (gave_up["outcome"], gave_up["queue"], gave_up["answered_at"]) == ("abandoned", "sales", None)
