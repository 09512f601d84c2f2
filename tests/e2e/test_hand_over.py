"""A client is handed over on the real PBX: by the panel's API, and by the desk phone's own second call."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lab.callers import Caller
from lab.phones import Phone
from tests.e2e.conftest import Street
from tests.e2e.server import Desk, Server, until

pytestmark = pytest.mark.lab
CLARA, ALHIMOV, NOVIKOV = "74950000002", "+79355550101", "+79355550419"


async def asked(desk: Desk, kind: str, **more: Any) -> dict[str, Any]:
    """The newest view of a call in which a colleague asks, or has handed over."""

    def found() -> dict[str, Any] | None:
        views = [view for view in desk.all("call") if view["hand_over"] and view["hand_over"]["kind"] == kind]
        views = [view for view in views if all(view[name] == value for name, value in more.items())]
        return views[-1] if views else None

    return await until(found, why=f"{desk.login} is told of a call that is {kind} {more}")


async def reads(desk: Desk, *texts: str) -> list[dict[str, Any]]:
    """The notes of a call once who is asked reads these in them."""

    def notes() -> list[dict[str, Any]]:
        told = [view["hand_over"] for view in desk.all("call") if view["hand_over"]]
        found: list[dict[str, Any]] = told[-1]["notes"] if told else []
        return found if [note["text"] for note in found] == list(texts) else []

    return await until(notes, why=f"{desk.login} reads {texts}")


async def talks(clara: Desk, street: Street, number: str, note: str = "") -> tuple[str, Phone, Caller]:
    """Clara talks with a client, and writes about it: the call, her phone, the client."""
    own = await street.phone("103")
    before = max((pop["seq"] for pop in clara.all("screen_pop")), default=0)
    client = await street.call(CLARA, caller=number.removeprefix("+"))
    call = (await clara.pop(number, after=before))["call"]["id"]
    await street.do(own.wait, "ringing")
    await street.do(own.answer)
    await clara.call_is("talking", call)
    if note:
        await clara.api("PUT", f"/calls/{call}/note", {"text": note}, status=200)
    return call, own, client


async def test_who_is_asked_reads_card_note_and_wait_while_ringing(server: Server, street: Street) -> None:
    await street.phone("102")
    async with Desk(server, "clara") as clara, Desk(server, "boris") as boris:
        call, _, _ = await talks(clara, street, ALHIMOV, "Просит счёт")
        await clara.api("POST", f"/calls/{call}/transfer", {"to": "102", "ask": True}, status=202)
        ringing = (await asked(boris, "asks", state="ringing"))["hand_over"]
        pop = await boris.pop(ALHIMOV)
        assert [match["client"]["name"] for match in pop["matches"]] == ["Алхимов"]
        assert (ringing["by"], ringing["number"], ringing["waits_since"] > 0) == ("Клара Ли", ALHIMOV, True)
        [note] = await reads(boris, "Просит счёт")
        assert note["by"] == "Клара Ли"
        await clara.api("PUT", f"/calls/{call}/note", {"text": "Просит счёт и акт"}, status=200)
        await reads(boris, "Просит счёт и акт")  # what is written meanwhile
        await clara.api("DELETE", f"/calls/{call}/transfer", status=200)
        await asked(boris, "back", state="ended")
        await until(lambda: clara.all("call")[-1]["state"] == "talking", why="Clara is back with the client")


async def test_by_the_panel_the_client_is_whose_answer_it_was(server: Server, street: Street) -> None:
    other = await street.phone("102")
    async with Desk(server, "clara") as clara, Desk(server, "boris") as boris:
        call, _, client = await talks(clara, street, ALHIMOV)
        await clara.api("POST", f"/calls/{call}/transfer", {"to": "102", "ask": True}, status=202)
        await street.do(other.wait, "ringing")
        await street.do(other.answer)
        await asked(boris, "asks", state="talking")
        await clara.call_is("talking", call, asking="Борис Ким")
        await clara.api("DELETE", f"/calls/{call}", status=200)
        assert (await asked(boris, "given", state="talking"))["number"] == ALHIMOV
        await clara.call_is("ended", call, outcome="transferred", by="Борис Ким")
        await street.do(client.hang_up)
        await boris.call_is("ended", call)


async def test_a_desk_phones_own_second_call_asks_and_its_own_key_hands_over(server: Server, street: Street) -> None:
    other = await street.phone("102")
    async with Desk(server, "clara") as clara, Desk(server, "boris") as boris:
        call, own, _ = await talks(clara, street, NOVIKOV)
        await street.do(own.hold)
        second = await street.phone("103")
        await street.do(second.dial, "102")
        ringing = await asked(boris, "asks", state="ringing")
        assert (ringing["hand_over"]["call"], ringing["hand_over"]["by"]) == (call, "Клара Ли")
        assert ringing["id"] != call
        await street.do(other.wait, "ringing")
        await street.do(other.answer)
        await asked(boris, "asks", state="talking")
        await street.do(second.wait, "talking")
        await street.do(own.transfer_to, second)
        given = await asked(boris, "given", state="talking")
        assert (given["id"], given["number"]) == (call, NOVIKOV)
        await until(lambda: boris.all("screen_pop")[-1]["call"]["id"] == call, why="the card is that of the call")
        await clara.call_is("ended", call, outcome="transferred", by="Борис Ким")

        async def one_card() -> bool:
            state = json.loads(await boris.text("/desk/state"))
            return {pop["call"]["id"] for pop in state["pops"]} == {call}

        await until(one_card, why="the card of the asking is this call's now")


async def test_a_client_sent_on_at_once_comes_with_name_and_note(server: Server, street: Street) -> None:
    other = await street.phone("102")
    async with Desk(server, "clara") as clara, Desk(server, "boris") as boris:
        call, _, _ = await talks(clara, street, NOVIKOV, "Сразу к вам")
        await clara.api("POST", f"/calls/{call}/transfer", {"to": "102"}, status=202)
        await asked(boris, "given", state="ringing")
        await reads(boris, "Сразу к вам")
        await street.do(other.wait, "ringing")
        await street.do(other.answer)
        await clara.call_is("ended", call, by="Борис Ким")
