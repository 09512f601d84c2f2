"""A guest: a PBX with the dialplan of an old office, no line of it ours. Its account gives cards, queues and clicks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from dialplan.doctor.snippets import lines
from dialplan.model import Step
from dialplan.recipes.conference import conference
from dialplan.render import HEADER, render
from lab.pbx import Pbx
from tests.e2e.conftest import Street
from tests.e2e.server import Desk, Server, until
from tests.e2e.test_click_to_dial import click, registered

pytestmark = pytest.mark.lab
ALHIMOV, DOCTOR = "+79355550101", "/dialplan/doctor"
OLD_OFFICE = """\
[general]
static=yes
[globals]
FRONT=PJSIP/101&PJSIP/103
[from-outside]
exten => _X.,1,Verbose(call from ${CALLERID(num)})
 same => n,Hangup(1)
exten => 74950000001,1,Answer()
exten => 74950000001,2,Queue(sales,t,,,60)
exten => 74950000001,3,Hangup()
exten => 74950000002,1,Dial(${FRONT},20,t)
 same => n,Voicemail(100@default,u)
 same => n,Hangup()
[from-internal]
include => phones
include => city
[phones]
exten => _1XX,1,Dial(PJSIP/${EXTEN},20,tT)
exten => 601,1,Queue(sales)
[city]
exten => _7XXXXXXXXXX,1,Set(CALLERID(num)=74950000001)
 same => n,Dial(PJSIP/${EXTEN}@trunk,60,T)
exten => _8XXXXXXXXXX,1,Goto(7${EXTEN:1},1)
"""
BETTER = (
    "conference",
    "queue-end",
    "route",
    "steps",
    "voicemail",
    "callback",
    "callback-ask",
    "desks",
    "echo",
    "choice",
)
LESS_EXACT = {f"snippet-{one}" for one in BETTER}


@pytest.fixture(scope="module")
def server(pbx: Pbx, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    pbx.reload_dialplan(OLD_OFFICE)
    try:
        settings = pbx.settings() | pbx.sip_settings() | {"CTI_AGENTS__WRAP_UP_S": "0"}
        with Server(tmp_path_factory.mktemp("guest"), settings).prepare() as one:
            yield one
    finally:
        pbx.reload_dialplan(render(pbx.contexts()))


async def codes(desk: Desk, level: str, path: str = DOCTOR) -> set[str]:
    """Checks of a level on the page."""
    text = await desk.text(path)
    return set(re.findall(rf'data-code="([^"]+)" data-level="{level}"', text))


async def test_a_guests_own_dialplan_gives_cards_queues_and_clicks(server: Server, street: Street) -> None:
    one, two = await street.phone("101"), await street.phone("103")
    world = await street.world()
    async with Desk(server, "anna") as anna, Desk(server, "clara") as clara:
        client = await street.call("74950000001", caller="79355550101")
        pop = await anna.pop(ALHIMOV)
        assert (pop["call"]["queue"], pop["matches"][0]["client"]["name"]) == ("sales", "Алхимов")
        await street.do(one.wait, "ringing")
        await street.do(one.answer)
        await anna.call_is("talking", pop["call"]["id"])
        await street.do(client.hang_up)
        await anna.call_is("ended", pop["call"]["id"])
        group = await street.call("74950000002", caller="79355550419")
        both = [await desk.pop("+79355550419") for desk in (anna, clara)]
        assert both[0]["call"]["id"] == both[1]["call"]["id"]
        await street.do(two.wait, "ringing")
        await street.do(group.hang_up)
        await street.do(two.wait, "idle")
        await registered(clara, "103")
        body = click(ALHIMOV)
        await clara.api("POST", "/calls", body, status=202)
        await street.do(two.wait, "ringing")
        await street.do(two.answer)
        await clara.call_is("talking", request_id=body["request_id"])
        assert world.calls[-1].start.startswith("INVITE sip:79355550101@")


async def test_the_doctor_says_what_is_less_exact_and_pasted_lines_turn_green(
    server: Server, pbx: Pbx, street: Street
) -> None:
    await street.phone("103")
    async with Desk(server, "pavel") as pavel:
        assert await codes(pavel, "wrong") == set()
        assert await codes(pavel, "warning") >= LESS_EXACT | {"hints", "parking"}
        told = await pavel.text("/dialplan/lines?kind=freepbx")
        assert "/etc/asterisk/extensions_custom.conf" in told
        assert "[trubka-conference]" in told
        pasted = render([conference()]).removeprefix(HEADER)
        step = lines(Step(app="UserEvent", args=("TrubkaStep", "Node: front", "Kind: ToPeople")))
        ring = "exten => _1XX,1,Dial("
        pbx.reload_dialplan(OLD_OFFICE.replace(ring, f"exten => _1XX,1,NoOp()\n{step} same => n,Dial(") + pasted)
        better = await codes(pavel, "warning")
        assert LESS_EXACT - better == {"snippet-conference", "snippet-steps"}
        assert await codes(pavel, "ok") >= {"snippet-conference", "snippet-steps", "write-originate"}


async def test_a_test_call_proves_the_way_it_took(server: Server, pbx: Pbx, street: Street) -> None:
    await street.phone("103")
    tested = "[from-tests]\ninclude => phones\n"
    step = lines(Step(app="UserEvent", args=("TrubkaStep", "Node: front", "Kind: ToPeople")))
    ring = "exten => _1XX,1,Dial("
    pbx.reload_dialplan(OLD_OFFICE.replace(ring, f"exten => _1XX,1,NoOp()\n{step} same => n,Dial(") + tested)
    async with Desk(server, "pavel") as pavel:
        await pavel.form(f"{DOCTOR}/proof/main")

        async def shown() -> str:
            text = await pavel.text(f"{DOCTOR}?proof=main")
            return text if "check-way" in text else ""

        text = await until(shown, why="the steps of the call are written")
        assert "«front»" in text
        assert re.search(r'<strong class="num">\d+ мс', text)


async def test_files_that_are_given_are_read_for_one_answer(server: Server, folder: Path) -> None:
    (folder / "queues.conf").write_text("[general]\n[sales]\nringinuse=yes\n#exec /bin/id\n#include more/*.conf\n")
    (folder / "more").mkdir()
    (folder / "more/one.conf").write_text("[support]\nautopause=all\nringinuse=no\n")
    done = server.cti("check", "--config", str(folder))
    assert done.returncode == 1
    assert "to do    pbx main Who talks is not rung: sales: ringinuse=yes." in done.stdout
    assert "to do    pbx main The PBX pauses nobody by itself: support: autopause=all." in done.stdout
    assert "#exec, which is not done here" in done.stdout
    async with Desk(server, "pavel") as pavel:
        data = {"csrf": pavel.csrf, "name": "queues.conf", "text": "[sales]\r\nringinuse=yes\r\n"}
        async with pavel.http.post(f"{server.url}{DOCTOR}", data=data, headers={"Origin": server.url}) as answer:
            text = await answer.text()
        assert answer.status == 200, text[:500]
        assert 'data-code="queue-ringinuse" data-level="wrong"' in text
        assert 'data-level="wrong"' not in await pavel.text(DOCTOR)
