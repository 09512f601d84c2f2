"""What a supervisor does from the board: each by its right, up to his own team, with its line in the journal."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from cti.board import Caller, CallRow
from cti.desktop import SpyView
from cti.errors import ChannelError
from cti.features.board_actions import BoardActions, BoardWays
from cti.features.directory_admin import QueueDraft
from cti.features.spying import Spying
from cti.lines import Line
from cti.settings import PbxSettings
from cti.storage import access_log, desktop_events, role_rights, users
from cti.telephony.commands import ClearConnection, Redirect, RemoveMember, SetPenalty, Spy, SwitchSpy, TakeOver
from cti.telephony.events import CallRecord, LegRecord, Overhears, Party, Spied
from cti.telephony.numbering import NumberPlan
from tests.features.cast import ANNA, BORIS, CLARA, Cast, row
from tests.web.board import Board
from tests.web.panel import VERA, Browser, Panel, panel
from tests.web.visitor import Visitor
from web.api.board import OPERATIONS
from web.services import Services

SALES, SUPPORT = 1, 2
BODIES: dict[str, Any] = {
    "/board/calls/{id}/act": {"what": "end"},
    "/board/calls/{id}/pick": {"user_id": ANNA},
    "/board/agents/{id}/state": {"state": "not-ready"},
    "/board/agents/{id}/place": {"queue": "sales", "there": True, "penalty": 5},
    "/board/messages": {"text": "Come here", "user_id": ANNA},
    "/board/agents/{id}/spy": {"how": "whisper", "why": "a new colleague"},
}


def waiting() -> CallRecord:
    leg = LegRecord(leg="PJSIP/trunk-1", leg_id="1", device=None, answered=1.0)
    return CallRecord(call="waits", direction="inbound", caller=Party(number="1"), called="2", legs=(leg,))


def talking() -> CallRecord:
    legs = (
        LegRecord(leg="PJSIP/trunk-2", leg_id="2", device=None, answered=1.0),
        LegRecord(leg="PJSIP/102-2", leg_id="3", device="PJSIP/102", answered=2.0),
    )
    talked = (("PJSIP/102-2", "PJSIP/trunk-2"),)
    return CallRecord(call="talks", direction="inbound", caller=Party(number="1"), called="2", legs=legs, talked=talked)


class Desk:
    """A played PBX with two calls of the sales team and one of support."""

    def __init__(self) -> None:
        self.pbx = Board()
        self.cast = Cast()
        self.cast.rows.append(row(VERA, "Vera", "110", "Sales"))
        self.records = {"waits": waiting(), "talks": talking(), "theirs": replace_call(talking(), "theirs")}
        self.picked: list[tuple[str, bool]] = []
        self.standing = {"PJSIP/101": {"sales": (False, "")}}

    def line(self, device: str) -> Line:
        return Line(pbx=self.pbx, settings=PbxSettings(), plan=NumberPlan(), device=device)

    def row(self, call: str) -> CallRow | None:
        if call not in self.records:
            return None
        teams = frozenset({SUPPORT if call == "theirs" else SALES})
        who = Caller(call=call, number=None)
        state: Any = "waiting" if call == "waits" else "talking"
        return CallRow(
            id=call, who=who, direction="inbound", state=state, since=1.0, started=1.0, teams=teams, queue="sales"
        )

    def with_it(self, services: Services) -> Services:
        ways = BoardWays(
            line_of=self.line,
            status_of=lambda _device: "idle",
            record_of=self.records.get,
            row_of=self.row,
            pick=lambda call, on: self.picked.append((call, on)),
            choose=self.chosen,
            moved=self.moved,
            standing=lambda device: self.standing.get(device, {}),
            next_seq=lambda user_id: 1,
        )
        parts: dict[str, Any] = {"db": services.database, "directory": self.cast, "desktop": services.accounts.desktop}
        actions = BoardActions(**parts, ways=ways, clock=services.clock)
        spying = Spying(
            **parts,
            line_of=self.line,
            status_of=lambda _device: "idle",
            calls_at=lambda devices: [one for one in self.records.values() if one.legs[-1].device in devices],
            keep=services.access_journal.keep,
            next_seq=lambda user_id: 2,
            tells=True,
            clock=services.clock,
        )
        return replace(services, board_actions=actions, spying=spying)

    async def chosen(self, *_asked: object) -> bool:
        return True

    async def moved(self, _user_id: int) -> None:
        return None


def replace_call(record: CallRecord, call: str) -> CallRecord:
    return CallRecord(call=call, direction="inbound", caller=record.caller, called="2", legs=record.legs)


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
async def running(tmp_path: Path, desk: Desk) -> AsyncIterator[Panel]:
    async with panel(tmp_path, change=desk.with_it) as made:
        async with made.services.database.write() as conn:
            await users.set_queues(conn, ANNA, [QueueDraft(name="sales", penalty=0)])
        yield made


async def ask(browser: Browser, path: str, body: Any = None, **places: object) -> tuple[int, Any]:
    method = next(one.method for one in OPERATIONS if one.path == path)
    return await browser.ask(method, path.format(**places), body if body is not None else BODIES.get(path))


async def test_a_picked_caller_is_marked_before_the_pbx_is_asked_and_unmarked_where_it_refused(
    running: Panel, desk: Desk
) -> None:
    async with Browser(running, "vera") as vera:
        assert (await ask(vera, "/board/calls/{id}/pick", id="waits"))[0] == 202
        assert desk.picked == [("waits", True)]
        [asked] = desk.pbx.asked
        assert isinstance(asked, Redirect)
        assert (asked.leg, asked.number) == ("PJSIP/trunk-1", "101")
        status, said = await ask(vera, "/board/calls/{id}/pick", id="talks")
        assert (status, said["detail"]) == (409, "This caller does not wait any more.")

        async def refuses(*_asked: object, **_limits: object) -> None:
            raise ChannelError("The PBX refused.", permanent=True)

        desk.pbx.ask = refuses  # type: ignore[assignment, method-assign]
        assert (await ask(vera, "/board/calls/{id}/pick", id="waits"))[0] == 503
        assert desk.picked[-1] == ("waits", False)


async def test_a_call_is_ended_at_the_clients_end_and_taken_over_by_ones_own_phone(running: Panel, desk: Desk) -> None:
    act = "/board/calls/{id}/act"
    async with Browser(running, "vera") as vera:
        assert (await ask(vera, act, {"what": "take-over"}, id="talks"))[0] == 202
        assert (await ask(vera, act, {"what": "end"}, id="talks"))[0] == 202
        took, ended = desk.pbx.asked
        assert isinstance(took, TakeOver)
        assert isinstance(ended, ClearConnection)
        assert (took.device, took.leg, ended.leg) == ("PJSIP/110", "PJSIP/trunk-2", "PJSIP/trunk-2")
        assert (await ask(vera, act, {"what": "end"}, id="gone"))[0] == 404


async def test_a_person_gets_another_penalty_and_leaves_a_queue_at_the_pbx_and_in_the_settings(
    running: Panel, desk: Desk
) -> None:
    place = "/board/agents/{id}/place"
    async with Browser(running, "vera") as vera:
        await ask(vera, place, {"queue": "sales", "there": True, "penalty": 7}, id=ANNA)
        async with running.services.database.read() as conn:
            assert await users.queues_of(conn, ANNA) == [QueueDraft(name="sales", penalty=7)]
        await ask(vera, place, {"queue": "sales", "there": False}, id=ANNA)
        changed, left = desk.pbx.asked
        assert isinstance(changed, SetPenalty)
        assert isinstance(left, RemoveMember)
        assert (changed.penalty, left.device) == (7, "PJSIP/101")
        status, said = await ask(vera, place, {"queue": "nowhere", "there": True}, id=ANNA)
        assert (status, said["detail"]) == (
            409, "Nobody works in such a queue yet: an admin sets the first one.",
        )  # fmt: skip


async def test_words_stay_on_screens_until_they_were_seen(running: Panel) -> None:
    async with Browser(running, "vera") as vera:
        assert await ask(vera, "/board/messages", {"text": "Ten waiting", "team_id": SALES}) == (200, {"told": 2})
    async with running.services.database.read() as conn:
        kept = [len(await desktop_events.unshown(conn, user_id, "message")) for user_id in (ANNA, BORIS, CLARA, VERA)]
    assert kept == [1, 1, 0, 0]


async def test_who_listened_to_whom_when_and_why_is_in_the_access_journal(running: Panel, desk: Desk) -> None:
    path = "/board/agents/{id}/spy"
    async with Browser(running, "vera") as vera:
        assert (await ask(vera, path, id=BORIS))[0] == 202
        [asked] = desk.pbx.asked
        assert isinstance(asked, Spy)
        assert (asked.device, asked.leg, asked.how) == ("PJSIP/110", "PJSIP/102-2", "whisper")
        status, said = await ask(vera, path, id=ANNA)
        assert (status, said["detail"]) == (409, "This person does not talk now.")
        assert (await ask(vera, path, {"how": "listen", "why": " "}, id=BORIS))[0] == 409
    await running.services.spool.flush(5.0)
    async with running.services.database.read() as conn:
        [line] = await access_log.newest(conn, access_log.Asked(action="spy"))
        told = await desktop_events.unshown(conn, BORIS, "message")
    assert (line.login, line.thing, line.why) == ("vera", "call:talks whisper, boris", "a new colleague")
    assert len(told) == 1  # the settings of this panel say so


async def test_from_listening_one_goes_over_to_another_way_and_the_journal_has_each(running: Panel, desk: Desk) -> None:
    ear, spying = "trubka-move.1", running.services.spying
    async with Browser(running, "vera") as vera:
        assert (await ask(vera, "/board/spy", {"how": "barge"}))[0] == 409, "she hears nobody"
        assert (await ask(vera, "/board/agents/{id}/spy", id=BORIS))[0] == 202
        [asked] = desk.pbx.asked
        assert isinstance(asked, Spy)
        heard = Overhears(
            at=9.0,
            call=ear,
            leg="PJSIP/110-7",
            device="PJSIP/110",
            of="PJSIP/102-2",
            placed_by=f"move.{asked.request_id}",
        )
        await spying.overhears(heard, 0.0)
        desk.pbx.version = "16.7.0~dfsg"
        status, said = await ask(vera, "/board/spy", {"how": "barge"})
        assert (status, "too old" in said["detail"], desk.pbx.asked[1:]) == (409, True, [])
        desk.pbx.version = "certified/18.9-cert4"
        assert (await ask(vera, "/board/spy", {"how": "barge"}))[0] == 200
        assert (await ask(vera, "/board/spy", {"how": "barge"}))[0] == 200  # as it is: no line, no command
        assert desk.pbx.asked[1:] == [SwitchSpy(leg="PJSIP/110-7", how="barge")]
        assert spying.of(VERA) == SpyView(user_id=BORIS, name="Boris", how="barge", since=9.0, kind="desk")
        again = desk.with_it(running.services).spying  # the server was started anew
        await running.services.spool.flush(5.0)
        await again.overhears(heard, 0.0)
        found = again.of(VERA)
        assert found is not None
        assert (found.user_id, found.how) == (BORIS, "barge")
        await spying.overhears(structs.replace(heard, of=""), 0.0)
        assert spying.of(VERA) is None
    async with running.services.database.read() as conn:
        lines = await access_log.newest(conn, access_log.Asked(action="spy"))
    assert [line.thing for line in lines] == ["call:talks barge, boris", "call:talks whisper, boris"]


async def test_who_may_listen_may_not_by_that_whisper_or_join(running: Panel, desk: Desk) -> None:
    path, spying = "/board/agents/{id}/spy", running.services.spying
    async with running.services.database.write() as conn:
        await role_rights.keep(conn, "supervisor", {"calls.whisper": "none"})
    async with Browser(running, "vera") as vera, Visitor(running, "vera") as page:
        shown = (await page.get("/board")).text
        offered = [one for one in ('value="whisper"', 'value="barge"', 'data-how="whisper"') if one in shown]
        assert offered == ['value="barge"']
        assert (await ask(vera, path, id=BORIS))[0] == 403
        assert desk.pbx.asked == []
        assert (await ask(vera, path, {"how": "listen", "why": "a new colleague"}, id=BORIS))[0] == 202
        [asked] = desk.pbx.asked
        assert isinstance(asked, Spy)
        moved = f"move.{asked.request_id}"
        await spying.overhears(
            Overhears(at=9.0, call="1", leg="PJSIP/110-7", device="PJSIP/110", of="PJSIP/102-2", placed_by=moved), 0.0
        )
        assert (await ask(vera, "/board/spy", {"how": "whisper"}))[0] == 403
        assert (await ask(vera, "/board/spy", {"how": "barge"}))[0] == 200
        assert desk.pbx.asked[1:] == [SwitchSpy(leg="PJSIP/110-7", how="barge")]


async def test_a_board_is_as_its_person_has_set_it_up_and_nobody_elses(running: Panel) -> None:
    wanted = {"tiles": ["calls", "queues"], "team": "Sales", "queue": "", "sort": "state", "rotate_s": 20}
    async with Browser(running, "vera") as vera:
        assert (await ask(vera, "/board/layout", wanted))[0] == 200
        status, said = await ask(vera, "/board/layout", {"tiles": ["calls", "calls"]})
        assert (status, said["detail"]) == (409, "A board shows one part at least.")
    async with Browser(running, "anna") as anna:
        assert (await ask(anna, "/board/layout", wanted))[0] == 403
    for login, tiles in (("vera", '"tiles":["calls","queues"]'), ("pavel", '"tiles":["queues","agents","calls"]')):
        async with Visitor(running, login) as visitor:
            assert (await visitor.get("/board")).says(tiles)


async def test_who_listens_by_a_code_at_his_phone_is_in_the_journal_too(running: Panel, desk: Desk) -> None:
    await running.services.spying.heard(Spied(call="code", by="110", of="102", near="PJSIP/110"), 0.0)
    await running.services.spying.heard(Spied(call="code", by="999", of="102"), 0.0)  # nobody of ours
    await running.services.spool.flush(5.0)
    async with running.services.database.read() as conn:
        [line] = await access_log.newest(conn, access_log.Asked(action="spy"))
    assert (line.login, line.thing, line.why) == ("vera", "call:talks code, boris", "by a code at the phone")
