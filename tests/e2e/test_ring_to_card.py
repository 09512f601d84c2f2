"""A client calls through the real PBX: the card, who took it, the journal, the note."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import Street
from tests.e2e.server import Desk, Server, until

pytestmark = pytest.mark.lab
SALES, CLARA = "74950000001", "74950000002"
ALHIMOV = "+79355550101"


async def test_a_ring_all_pops_on_both_and_one_takes_it(server: Server, street: Street) -> None:
    one, two = await street.phone("101"), await street.phone("102")
    async with Desk(server, "anna") as anna, Desk(server, "boris") as boris:
        client = await street.call(SALES, caller="79355550101")
        pop = await anna.pop(ALHIMOV)
        assert (await boris.pop(ALHIMOV))["call"]["id"] == pop["call"]["id"]
        assert [m["client"]["name"] for m in pop["matches"]] == ["Алхимов"]
        assert (pop["kind"], pop["call"]["queue"], pop["call"]["called"]) == ("client", "sales", SALES)
        await street.do(two.wait, "ringing")
        await street.do(two.answer)
        call = pop["call"]["id"]
        await boris.call_is("talking", call)
        taken = await anna.call_is("taken", call)
        assert (await anna.call_is("taken", call, by="Борис Ким"))["id"] == taken["id"]
        await boris.api("PUT", f"/calls/{call}/note", {"text": "Просит счёт"}, status=200)
        await street.do(client.hang_up)
        await boris.call_is("ended", call)
        row = await until(lambda: _answered(boris, call), why="the journal has the answered call")
        assert (row["outcome"], row["client_name"], row["user_name"]) == ("answered", "Алхимов", "Борис Ким")
        results = {leg["device"]: leg["result"] for leg in row["legs"]}
        assert (results["PJSIP/102"], results["PJSIP/101"]) == ("talked", "answered-elsewhere")
        assert [note["text"] for note in row["notes"]] == ["Просит счёт"]
        assert "missed" not in [view["state"] for view in anna.all("call") if view["id"] == call]
    await street.do(one.wait, "idle")


async def _answered(desk: Desk, call: str) -> dict | None:  # type: ignore[type-arg]
    row = await desk.api("GET", f"/calls/{call}")
    return row if row.get("outcome") == "answered" and row.get("notes") else None


async def test_only_a_call_nobody_answered_is_missed(server: Server, street: Street) -> None:
    phone = await street.phone("103")
    async with Desk(server, "clara") as clara:
        client = await street.call(CLARA, caller="79355550419", name="Новиков <b>Денис</b>")
        pop = await clara.pop("+79355550419")
        await street.do(phone.wait, "ringing")
        await street.do(client.hang_up)
        await clara.call_is("missed", pop["call"]["id"])


async def test_a_hidden_caller_matches_nobody(server: Server, street: Street) -> None:
    phone = await street.phone("103")
    async with Desk(server, "clara") as clara:
        await street.call(CLARA, caller="79355550101", anonymous=True)
        pop = await until(
            lambda: next((p for p in clara.all("screen_pop") if p["kind"] == "hidden"), None),
            why="a hidden pop",
        )
        assert (pop["matches"], pop["call"]["number"]) == ([], None)
        await street.do(phone.wait, "ringing")


async def test_an_internal_call_pops_the_colleague(server: Server, street: Street) -> None:
    own, other = await street.phone("102"), await street.phone("103")
    async with Desk(server, "clara") as clara:
        await street.do(own.dial, "103")
        pop = await until(
            lambda: next((p for p in clara.all("screen_pop") if p["kind"] == "colleague"), None),
            why="a colleague's pop",
        )
        assert pop["colleague"] == "Борис Ким"
        await street.do(other.wait, "ringing")


async def test_several_matches_are_picked_once_and_remembered(server: Server, street: Street) -> None:
    await street.phone("103", ring_ms=100)
    async with Desk(server, "clara") as clara:
        client = await street.call(CLARA, caller="79355550210")
        pop = await clara.pop("+79355550210")
        assert pop["kind"] == "several"
        chosen = pop["matches"][-1]["client"]
        await clara.api("PUT", f"/calls/{pop['call']['id']}/client", {"client_id": chosen["id"]}, status=200)
        await clara.call_is("talking", pop["call"]["id"])
        await street.do(client.hang_up)
        await clara.call_is("ended", pop["call"]["id"])
        await street.call(CLARA, caller="79355550210")
        again = await clara.pop("+79355550210", after=pop["seq"])
        assert again["matches"][0]["client"]["id"] == chosen["id"]


async def test_an_unknown_number_saved_pops_next_time(server: Server, street: Street) -> None:
    phone = await street.phone("103")
    async with Desk(server, "clara") as clara:
        client = await street.call(CLARA, caller="79355559001")
        pop = await clara.pop("+79355559001")
        assert (pop["kind"], pop["matches"]) == ("unknown", [])
        body = {"name": "Новая Заря", "phones": [{"typed": "8 (935) 555-90-01", "label": "приёмная"}]}
        await clara.api("POST", "/clients", body, status=201)
        await street.do(phone.wait, "ringing")
        await street.do(client.hang_up)
        await street.do(phone.wait, "idle")
        await street.call(CLARA, caller="79355559001")
        again = await clara.pop("+79355559001", after=pop["seq"])
        assert [m["client"]["name"] for m in again["matches"]] == ["Новая Заря"]
