"""What a supervisor does from the live board, on the real PBX, each with its line in the audit journal."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import Any

import pytest

from lab.pbx import Pbx
from tests.e2e.conftest import Street
from tests.e2e.server import Desk, Server, until
from tests.e2e.test_states import member

pytestmark = pytest.mark.lab
ANNA, BORIS = 1, 2
SALES = "74950000001"


class Watched:
    """The live board as a supervisor's page has it."""

    def __init__(self, desk: Desk) -> None:
        self.calls: dict[str, Any] = {}
        self.figures: dict[str, Any] = {}
        desk.wire.on("board", self._hear)

    async def _hear(self, news: dict[str, Any]) -> None:
        for rows, part in ((self.calls, "calls"), (self.figures, "queues")):
            for key, row in news.get(part, {}).items():
                if row is None:
                    rows.pop(key, None)
                else:
                    rows[key] = row

    async def call_is(self, state: str) -> str:
        """The id of the one call that is so."""

        def found() -> str | None:
            return next((key for key, row in self.calls.items() if row["state"] == state), None)

        return await until(found, why=f"a call is {state}: {self.calls}")


def rows(server: Server, asked: str, *values: str) -> list[Any]:
    """What the server's own base has."""
    with sqlite3.connect(f"file:{server.data / 'trubka.db'}?mode=ro", uri=True) as conn:
        return conn.execute(asked, values).fetchall()


async def anna_is(pbx: Pbx, wanted: str | None, queue: str) -> None:
    async def so() -> bool:
        return await asyncio.to_thread(member, pbx, queue=queue) == wanted

    await until(so, why=f"anna in {queue} is {wanted}")


async def test_a_caller_is_picked_a_call_ended_and_people_are_moved_between_queues(
    server: Server, pbx: Pbx, street: Street
) -> None:
    phone = await street.phone("101")
    async with Desk(server, "vera") as vera:
        board = Watched(vera)
        assert (await vera.wire.call("board", {"on": True}))["ok"]
        for user_id in (ANNA, BORIS):
            await vera.api(
                "PUT", f"/board/agents/{user_id}/state", {"state": "not-ready", "reason": "Обед"}, status=200
            )
        await anna_is(pbx, "paused: Обед", "sales")
        client = await street.call(SALES, caller="79355550101")
        call = await board.call_is("waiting")
        await vera.api("POST", f"/board/calls/{call}/pick", {"user_id": ANNA}, status=202)
        await street.do(phone.wait, "ringing")
        await street.do(phone.answer)
        assert await board.call_is("talking") == call
        await vera.api("POST", f"/board/calls/{call}/act", {"what": "end"}, status=202)
        await street.do(client.wait_over)
        hows = "SELECT w.queue, how FROM call_waits w JOIN calls ON id = call_id WHERE id = ? AND ended_at IS NOT NULL"
        assert await until(lambda: rows(server, hows, call), why="the call is over") == [("sales", "diverted")]
        await until(lambda: board.figures["sales"]["today"]["others"] == 1, why="the board counts it as handed on")
        assert board.figures["sales"]["today"]["abandoned"] == 0

        async def place(queue: str, there: bool, penalty: int = 0) -> None:
            body = {"queue": queue, "there": there, "penalty": penalty}
            await vera.api("PUT", f"/board/agents/{ANNA}/place", body, status=200)

        await place("sales", there=True, penalty=5)
        show = "queue show sales"
        await until(
            lambda: any("PJSIP/101" in one and "penalty 5" in one for one in pbx.console(show).splitlines()),
            why="the PBX has the penalty",
        )
        await place("support", there=True, penalty=2)
        await anna_is(pbx, "paused: Обед", "support")
        await place("sales", there=False)
        await anna_is(pbx, None, "sales")
    lines = rows(server, "SELECT action, object FROM audit WHERE action LIKE 'board-%' ORDER BY id")
    anna = f"user:{ANNA}"
    assert lines == [
        ("board-state", anna), ("board-state", f"user:{BORIS}"), ("board-pick", f"call:{call}"),
        ("board-end", f"call:{call}"), ("board-queue", anna), ("board-queue", anna), ("board-queue", anna),
    ]  # fmt: skip
