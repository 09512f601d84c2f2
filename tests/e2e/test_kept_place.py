"""A call-back keeps the place on the real PBX: he is called in his turn and is first, whatever dies between."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from lab.pbx import Pbx
from tests.e2e.conftest import Street
from tests.e2e.planned import DID, planned, press
from tests.e2e.server import Desk, Server, until

pytestmark = pytest.mark.lab
NOVIKOV, NOVIKOV_RAW = "+79355550419", "79355550419"
LATER, LATER_RAW = "+79355550807", "79355550807"
SALES = "74950000001"
NO_QUIET = '{"quiet_from":"00:00","quiet_to":"00:00"}'


@pytest.fixture(scope="module")
def server(pbx: Pbx, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    settings = pbx.settings() | {"CTI_AGENTS__WRAP_UP_S": "0"}
    made = Server(tmp_path_factory.mktemp("data"), settings).prepare()
    base = create_engine(f"sqlite:///{made.data}/trubka.db")
    with base.begin() as conn:  # the test runs at any hour
        conn.execute(
            text("INSERT INTO sending_limits (id, given, changed_at) VALUES (1, :given, 1)"), {"given": NO_QUIET}
        )
    base.dispose()
    with planned(pbx), made as one:
        yield one


async def test_who_asked_to_be_called_back_is_called_in_his_turn_though_the_server_was_killed(
    server: Server, street: Street, pbx: Pbx
) -> None:
    phone, client = await street.phone("101"), await street.world()
    await street.do(phone.dial, "600")
    await street.do(phone.wait, "talking")
    async with Desk(server, "anna") as anna:
        asking = await street.call(DID, caller=NOVIKOV_RAW)
        await street.do(press, pbx, "2")
        await street.do(press, pbx, "1")
        await street.do(asking.wait_over)

        async def listed() -> dict[str, Any] | None:
            rows = [one for one in await anna.api("GET", "/work") if one["number"] == NOVIKOV and one["place"]]
            return rows[0] if rows else None

        item = await until(listed, why="he is on the list of his queue's people")
        assert (item["kind"], item["place"], item["client_name"]) == ("order", 1, "Новиков Денис")
        assert "место 1" in await anna.text("/work")
        kinds = [one["kind"] for one in await anna.api("GET", "/work") if one["number"] == NOVIKOV]
        assert kinds == ["order"], "and not as a missed client too"
    later = await street.call(SALES, caller="79355550806")
    await street.do(later.wait_answered)
    server.kill()
    alone = await street.call(DID, caller=LATER_RAW)  # nobody hears what he asks for, but the PBX
    await street.do(press, pbx, "2")
    await street.do(press, pbx, "1")
    await street.do(alone.wait_over)
    server.start()
    async with Desk(server, "anna") as anna:

        async def held() -> list[Any]:
            rows = [one for one in await anna.api("GET", "/work") if one["number"] == LATER]
            return [one["place"] for one in rows if one["kind"] == "order" and one["place"]]

        assert await until(held, why="what was asked for meanwhile is told again") == [3], "two came before him"
        await street.do(phone.hang_up)
        await street.do(client.wait, "talking")
        assert NOVIKOV_RAW in client.calls[-1].start

        async def first() -> str | None:
            lines = str(await street.do(pbx.console, "queue show sales")).splitlines()
            found = [line.split() for line in lines if "prio:" in line]
            return found[0][1] if len(found) == 2 else None

        assert (await until(first, why="both wait")).startswith(f"Local/{NOVIKOV_RAW}@"), "though he joined last"
        await street.do(phone.wait, "ringing")
        await street.do(later.hang_up)
        pop = await anna.pop(NOVIKOV)
        await street.do(phone.wait, "ringing")
        await street.do(phone.answer)
        call = pop["call"]["id"]
        await anna.call_is("talking", call)

        async def closed() -> bool:
            return not [one for one in await anna.api("GET", "/work") if one["number"] == NOVIKOV]

        await until(closed, why="the talk has closed his order")
        await street.do(phone.hang_up)
        row = await anna.api("GET", f"/calls/{call}")
        assert (row["client_name"], row["queue"], row["user_name"]) == ("Новиков Денис", "sales", "Анна Белова")
        assert (row["direction"], row["number"]) == ("outbound", NOVIKOV), "the house called him"
