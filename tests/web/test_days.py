"""A person's day as a page: his own for everybody, others' for supervisors, who correct it by records of their own."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path

from cti.storage import duty as stored
from cti.telephony.duty import Duty
from tests.web.panel import ANNA, BORIS, VERA, Browser, Panel, panel
from tests.web.visitor import Visitor


async def work(desk: Panel, day: date) -> None:
    """Anna's eight hours of that day, with a break that a supervisor set, at a shared phone."""
    midnight = datetime.combine(day, time(), desk.services.zone).timestamp()
    lines = [
        (9.0, Duty(state="ready"), None),
        (13.0, Duty(state="not-ready", reason="<Обед>", by="supervisor"), VERA),
        (14.0, Duty(state="after-call", by="server", queue="sales", call="c1"), None),
        (17.0, Duty(state="logged-off"), ANNA),
    ]
    async with desk.services.database.write() as conn:
        for hour, duty, by in lines:
            at = midnight + hour * 3600
            moved = Duty(state=duty.state, reason=duty.reason, since=at, by=duty.by, queue=duty.queue, call=duty.call)
            await stored.append(conn, ANNA, moved, by, "PJSIP/777")


async def test_a_supervisor_sees_a_day_and_corrects_it_and_its_owner_sees_who_did(tmp_path: Path) -> None:
    async with panel(tmp_path) as desk:
        day = datetime.fromtimestamp(desk.services.clock(), desk.services.zone).date() - timedelta(days=1)
        await work(desk, day)
        place = f"/agents/{ANNA}/day?day={day.isoformat()}"
        async with Visitor(desk, "vera") as vera, Visitor(desk, "anna") as anna, Visitor(desk, "boris") as boris:
            page = await vera.get(place)
            assert page.status == 200
            for words in ("09:00:00", "4:00:00", "PJSIP/777", "Vera", "/calls/c1", "not ready: <Обед>"):
                assert page.says(words), words
            assert page.text.count("<rect") == 3
            form = await vera.get(place + "&correct=2")
            assert form.says("Why it is corrected")
            told = await vera.post(f"/agents/{ANNA}/day/2?day={day.isoformat()}", state="ready:", why=" ")
            assert (told.status, told.says("Why it is corrected")) == (409, True)
            strange = await vera.post(f"/agents/{ANNA}/day/2", state="asleep:", why="x")
            assert strange.status == 400
            done = await vera.post(f"/agents/{ANNA}/day/2?day={day.isoformat()}", state="ready:", why="<b>Забыла снять")
            assert (done.status, done.place) == (303, f"{place}&said=saved#line-2")
            own = await anna.get(f"/agents/me/day?day={day.isoformat()}")
            for words in (
                "<b>Забыла снять",
                "corrected by Vera",
                "not ready: <Обед>",
                'ready <span class="num">5:00:00',
            ):
                assert own.says(words), words
            assert not own.says("&correct=")
            assert (await anna.post(f"/agents/{ANNA}/day/1", state="ready:", why="x")).status == 403
            assert (await boris.get(place)).status == 404
            assert (await vera.get(f"/agents/{ANNA}/day?whose={BORIS}&day=2020-02-30")).place.startswith(
                "/agents/2/day"
            )
            assert (await vera.get(f"/agents/{BORIS}/day?day=x")).says("was in no queue this day")
            assert (await vera.get("/agents/99/day")).status == 404
            assert (await anna.get("/profile")).says("/agents/me/day")
        async with Browser(desk, "vera") as program:
            _, rows = await program.ask("GET", f"/agents/{ANNA}/states?since=1")
            assert [one["user_name"] for row in rows for one in row["corrections"]] == ["Vera"]
