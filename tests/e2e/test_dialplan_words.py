"""What the dialplan of the real PBX says of a call is on its card and stays with it."""

from __future__ import annotations

from typing import Any

import pytest

from lab.pbx import Pbx
from tests.e2e.conftest import Street
from tests.e2e.planned import press
from tests.e2e.server import Desk, Server, until

pytestmark = pytest.mark.lab
MENU, SERGEEV = "74950000098", "+79355550102"
RECORDED, NO, OTHER = "74950000006", "0", "5"


def says(pbx: Pbx, *lines: str) -> None:
    """A number of the PBX that does these things and rings Clara then."""
    for place, line in enumerate((*lines, "Goto(74950000002,1)"), 1):
        words = line.replace(" ", "\\ ")
        pbx.console(f"dialplan add extension {MENU},{place},{words} into from-outside replace")


async def test_what_the_dialplan_says_is_on_the_card_in_bounds_and_with_the_call(
    server: Server, street: Street, pbx: Pbx
) -> None:
    await street.do(
        says,
        pbx,
        "UserEvent(TrubkaCard,Заказ: А-17,Тариф: <b>Золотой</b>)",
        f"UserEvent(TrubkaCard,long: {'x' * 300},Заказ: А-18)",
    )
    phone = await street.phone("103")
    async with Desk(server, "clara") as clara:
        client = await street.call(MENU, caller=SERGEEV.removeprefix("+"))
        view = await clara.call_is("ringing")
        told = {one["name"]: one["value"] for one in view["variables"]}
        assert told == {"Заказ": "А-18", "Тариф": "<b>Золотой</b>", "long": "x" * 200}
        await street.do(phone.wait, "ringing")
        await street.do(phone.answer)
        call = view["id"]
        await clara.call_is("talking", call)
        await street.do(client.hang_up)
        await clara.call_is("ended", call)

        async def kept() -> Any:
            found = await clara.api("GET", f"/calls/{call}")
            return found if "variables" in found else None

        row = await until(kept, why="the journal has it")
        assert {one["name"]: one["value"] for one in row["variables"]} == told
        page = await clara.text(f"/calls/{call}")
        assert "&lt;b&gt;Золотой&lt;/b&gt;" in page


async def test_DP_09_a_recording_is_paused_in_the_talk_and_the_gap_is_silence_and_told(
    server: Server, street: Street, pbx: Pbx
) -> None:
    await street.do(
        says,
        pbx,
        f"MixMonitor({pbx.recordings}/paused.wav,b)",
        "UserEvent(TrubkaRecording,File: paused.wav,Announced: yes)",
    )
    phone = await street.phone("103")
    async with Desk(server, "clara") as clara:
        client = await street.call(MENU, caller=SERGEEV.removeprefix("+"), echo=True)
        call = (await clara.call_is("ringing"))["id"]
        await street.do(phone.wait, "ringing")
        await street.do(phone.answer)
        await clara.call_is("talking", call)
        assert (await clara.api("GET", f"/calls/{call}/recording"))["running"] is True
        paused = await clara.api("PUT", f"/calls/{call}/recording", {"paused": True})
        assert paused["until"] - paused["paused_at"] == 120
        again = await clara.api("PUT", f"/calls/{call}/recording", {"paused": True, "why": "field"})
        assert again == paused, "it is paused already"
        heard = phone.heard
        await street.do(phone.wait, lambda one: one.heard > heard + 40)
        assert (await clara.api("PUT", f"/calls/{call}/recording", {"paused": False}))["paused_at"] is None
        await street.do(client.hang_up)
        await clara.call_is("ended", call)

        async def there() -> Any:
            (one,) = await clara.api("GET", f"/calls/{call}/recordings") or [{"state": "not yet"}]
            return one if one["state"] == "there" else None

        one = await until(there, why="the file is found")
        assert (one["announced"], len(one["sha256"])) == (True, 64)
        page = await clara.text(f"/calls/{call}")
        assert 'class="gap"' in page


@pytest.mark.parametrize(("keys", "is_kept"), [((OTHER,), True), ((NO,), False)])
async def test_DP_09_who_says_no_at_the_announcement_is_not_recorded_and_the_call_says_so(
    server: Server, street: Street, pbx: Pbx, keys: tuple[str, ...], is_kept: bool
) -> None:
    phone, number = await street.phone("101"), f"+7935555080{keys[0]}"
    before = {*pbx.recordings.rglob("*.wav")}
    async with Desk(server, "anna") as anna:
        client = await street.call(RECORDED, caller=number.removeprefix("+"), echo=True)
        for key in keys:  # another key than his no: it is said once more
            await street.do(press, pbx, key)
        call = (await anna.pop(number))["call"]["id"]
        await street.do(phone.wait, "ringing")
        await street.do(phone.answer)
        await anna.call_is("talking", call)

        async def running() -> bool:
            return (await anna.api("GET", f"/calls/{call}/recording"))["running"] is is_kept

        await until(running, why=f"the call is recorded: {is_kept}")
        heard = phone.heard
        await street.do(phone.wait, lambda one: one.heard > heard + 50)
        await street.do(client.hang_up)
        await anna.call_is("ended", call)

        async def told() -> Any:
            found = await anna.api("GET", f"/calls/{call}/recordings")
            return found if found and found[0]["state"] in ("there", "deleted") else None

        (one,) = await until(told, why="the call says what became of its recording")
        files = {*pbx.recordings.rglob("*.wav")} - before
        page = await anna.text(f"/calls/{call}")
        if is_kept:
            assert (one["state"], one["announced"], len(files)) == ("there", True, 1)
            assert "без предупреждения" not in page
        else:
            assert (one["state"], one["why"], files) == ("deleted", "refused", set())
            assert "Клиент отказался от записи" in page
