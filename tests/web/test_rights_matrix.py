"""The matrix of rights: each action of the board, each way to a recording, each report, for each role and scope.

What is expected stands in the tables; a route of these parts that has no row, or a row without its route, fails.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, update

from cti.access import DEFAULTS, ROLES, SCOPES, Right, Scope
from cti.channels.phone import recorded
from cti.features.directory_admin import QueueDraft
from cti.features.recordings import Recordings
from cti.storage import calls as journal
from cti.storage import role_rights, sessions, users
from cti.storage.disposition_tables import call_dispositions
from cti.storage.recording_tables import recordings as table
from cti.storage.tables import calls
from cti.telephony.events import CallRecord, LegRecord, Party, Wait
from tests.web.panel import ANNA, BORIS, CLARA, Browser, Panel, panel
from tests.web.test_board_actions import BODIES, Desk
from tests.web.visitor import Visitor
from web.app import ROUTES
from web.routes import Route
from web.services import Services

PARTS = re.compile(r"(/api/v1)?/(board|recordings|reports)(/|$)|.*/recordings?$|/settings/recordings(/|$)")
CALLS = {"mine": (ANNA, None), "team": (BORIS, None), "queue": (CLARA, "sales"), "other": (CLARA, "support")}
REACHES: Mapping[Scope, set[str]] = {
    "none": set(),
    "own": {"mine"},
    "team": {"mine", "team"},
    "queue": {"mine", "team", "queue"},
    "all": {"mine", "team", "queue", "other"},
}
DOORS = """
GET /board                                  -   all   all
PUT /api/v1/board/layout                    -   all   all
GET /board/screens                          -   own   all
POST /board/screens                         -   own   all
POST /board/screens/{id}                    -   own   all
POST /api/v1/board/calls/{id}/act           -   all   all
POST /api/v1/board/calls/{id}/pick          -   all   all
PUT /api/v1/board/agents/{id}/state         -   all   all
PUT /api/v1/board/agents/{id}/place         -   all   all
POST /api/v1/board/agents/{id}/spy          -   team  all
PUT /api/v1/board/spy                       -   team  all
DELETE /api/v1/board/spy                    -   team  all
POST /api/v1/board/messages                 -   all   all
GET /calls/{id}/recordings                  own all   all
GET /api/v1/calls/{id}/recordings           own all   all
GET /api/v1/calls/{id}/recording            own own   own
PUT /api/v1/calls/{id}/recording            own own   own
POST /api/v1/recordings/{id}/listens        own all   all
GET /recordings/{key}/sound                 own all   all
GET /recordings                             own all   all
GET /recordings/missing                     own all   all
POST /recordings/{id}/file                  -   all   all
POST /recordings/{id}/hold                  -   all   all
POST /recordings/{id}/release               -   all   all
GET /settings/recordings                    -   -     all
GET /settings/recordings/due                -   -     all
GET /settings/recordings/progress           -   -     all
POST /settings/recordings/rule              -   -     all
GET /reports/campaigns                      -   all   all
GET /reports/campaigns/file.{kind}          -   all   all
GET /reports/clients                        -   all   all
GET /reports/clients/file.{kind}            -   all   all
GET /api/v1/reports/clients                 -   all   all
GET /reports/schedules                      -   all   all
POST /reports/schedules                     -   all   all
POST /reports/schedules/{id}                -   all   all
GET /reports/own                            own own   own
GET /reports/own/calls                      own own   own
GET /reports/own/lines                      own own   own
GET /api/v1/reports/own                     own own   own
POST /reports/targets                       -   all   all
GET /reports/targets                        -   all   all
GET /api/v1/reports/definitions             -   all   all
GET /reports/queues                         -   all   all
GET /reports/queues/file.{kind}             -   all   all
GET /reports/queues/calls                   -   all   all
GET /api/v1/reports/queues                  -   all   all
GET /api/v1/reports/queues/calls            -   all   all
GET /reports/hours                          -   all   all
GET /reports/hours/file.{kind}              -   all   all
GET /reports/numbers                        -   all   all
GET /reports/numbers/file.{kind}            -   all   all
GET /reports/numbers/calls                  -   all   all
GET /reports/reached                        -   all   all
GET /reports/reached/file.{kind}            -   all   all
GET /reports/reached/calls                  -   all   all
GET /reports/answers                        -   all   all
GET /reports/answers/file.{kind}            -   all   all
GET /reports/answers/items                  -   all   all
GET /reports/why                            -   all   all
GET /reports/why/file.{kind}                -   all   all
GET /api/v1/reports/why                     -   all   all
GET /reports/agents                         -   all   all
GET /reports/agents/file.{kind}             -   all   all
GET /reports/agents/calls                   -   all   all
GET /reports/agents/lines                   -   all   all
GET /api/v1/reports/agents                  -   all   all
GET /api/v1/reports/agents/calls            -   all   all
GET /api/v1/reports/agents/lines            -   all   all
GET /api/v1/reports/hours                   -   all   all
GET /api/v1/reports/numbers                 -   all   all
GET /api/v1/reports/numbers/calls           -   all   all
GET /api/v1/reports/reached                 -   all   all
GET /api/v1/reports/reached/calls           -   all   all
GET /api/v1/reports/answers                 -   all   all
GET /api/v1/reports/answers/items           -   all   all
GET /api/v1/reports/campaigns               -   all   all
GET /reports/outcomes                       -   all   all
GET /reports/outcomes/file.{kind}           -   all   all
"""
ANYBODY = {"GET /reports": "leads to the first report one may see"}
DOOR = {  # by role: the scope that stands in the table
    line.split("  ")[0].strip(): dict(zip(ROLES, line.split()[2:], strict=True)) for line in DOORS.strip().splitlines()
}
HEARD = ("recordings.listen", "recordings.download", "recordings.keep")
KEYED = {"GET /recordings/{key}/sound"}  # by a key of one's own: tests/web/test_recordings.py
OWN_EAR = "/api/v1/board/spy"  # of what one hears already: whom, test_board_actions
ACTED = ("calls.manage", "agents.manage", "board.tell", "calls.spy", "calls.whisper", "calls.barge")


def named(route: Route) -> str:
    return f"{route.method} {route.path}"


@dataclass
class House:
    """A panel with one call and recording of each kind of reach, and Anna, who asks."""

    desk: Panel

    async def give(self, rights: Mapping[Right, Scope]) -> None:
        """What an agent may from now on."""
        async with self.desk.services.db.write() as conn:
            await role_rights.keep(conn, "agent", dict(rights))


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    played = Desk()

    def change(services: Services) -> Services:
        own = Recordings(
            db=services.database, spool=services.spool, folders={"": tmp_path}, files=recorded, pbx_of=lambda _: "",
            zone=services.zone, clock=services.clock,
        )  # fmt: skip
        return replace(played.with_it(services), recordings=own)

    async with panel(tmp_path, change=change) as made:
        async with made.services.database.write() as conn:
            await users.set_queues(conn, ANNA, [QueueDraft(name="sales", penalty=0)])
            await users.set_queues(conn, CLARA, [QueueDraft(name="support", penalty=0)])
        for name in CALLS:
            await add(made, tmp_path, name)
            await add(made, tmp_path, f"{name}-lost", state="absent", why="lost")
        yield House(made)


async def add(desk: Panel, folder: Path, call: str, **more: Any) -> None:
    """A call, and its recording of the same name."""
    user_id, queue = CALLS[call.removesuffix("-lost")]
    await desk.journal(call, user_id=user_id)
    (folder / f"{call}.wav").write_bytes(b"RIFF")
    row = {"id": f"r-{call}", "call_id": call, "pbx": "", "file": f"{call}.wav", "started_at": 105.0, "duration_s": 60}
    async with desk.services.database.write() as conn:
        times = {"started_at": 100.0, "answered_at": 105.0, "ended_at": 165.0}
        await conn.execute(update(calls).where(calls.c.id == call).values(queue=queue, **times))
        await conn.execute(insert(table).values(**(row | {"state": "there"} | more), size=1))


def test_SEC_21_each_route_of_board_recordings_and_reports_has_its_row() -> None:
    ours = {named(one): one for one in ROUTES if PARTS.match(one.path)}
    assert set(ours) - set(ANYBODY) == set(DOOR)
    of_figures = {named(one) for one in ours.values() if one.who == "figures.read"}
    assert of_figures == set(REPORTS) | set(OTHERS) | OF_NOBODY
    for name, wanted in DOOR.items():
        right = ours[name].right
        assert right is not None, name
        assert {role: DEFAULTS[right][role].replace("none", "-") for role in ROLES} == wanted, name


async def test_SEC_21_nobody_without_the_right_passes_any_of_these_doors(house: House) -> None:
    await house.give({one.right: "none" for one in ROUTES if PARTS.match(one.path) and one.right})
    async with Visitor(house.desk, "anna") as anna:
        for route in (one for one in ROUTES if named(one) in DOOR):
            path = re.sub(r"{(\w+)}", "csv" if "{kind}" in route.path else "1", route.path)
            headers = {"Origin": anna.panel.url, "X-CSRF-Token": anna.csrf}
            assert (await anna.ask(route.method, path, headers=headers)).status == 403, route


async def test_SEC_20_SEC_21_a_recording_is_reached_as_far_as_the_scope_goes(house: House) -> None:
    for wanted in SCOPES["recordings.listen"]:
        await house.give({"calls.read": "all", **dict.fromkeys(HEARD, wanted)})
        async with Visitor(house.desk, "anna") as anna:
            found = await listed(anna)
            for name in CALLS:
                for row, is_reached in (await reached(anna, name)).items():
                    found.setdefault(row, set()).update({name} if is_reached else ())
            assert found == dict.fromkeys(found, REACHES[wanted]), wanted
            assert found.keys() == {named(one) for one in ROUTES if one.right in HEARD} - KEYED


async def listed(anna: Visitor) -> dict[str, set[str]]:
    """Whose recordings, and talks without one, the lists show."""
    lists = {"GET /recordings": ("", "/"), "GET /recordings/missing": ("?day=1970-01-01", "-lost")}
    found = {}
    for name, (query, end) in lists.items():
        text = (await anna.get(address(name) + query)).text
        found[name] = {call for call in CALLS if f"/calls/{call}{end}" in text}
    return found


async def reached(anna: Visitor, call: str) -> dict[str, bool]:
    """By which routes of recordings she comes to that of a call; each says either that, or that there is none."""
    own, headers = f"r-{call}", {"Origin": anna.panel.url, "X-CSRF-Token": anna.csrf}
    found = {}
    for name in ("GET /calls/{id}/recordings", "GET /api/v1/calls/{id}/recordings"):
        found[name] = own in (await anna.get(address(name).replace("{id}", call))).text
    for name, path, fields in (
        ("POST /api/v1/recordings/{id}/listens", f"/api/v1/recordings/{own}/listens", None),
        ("POST /recordings/{id}/file", f"/recordings/{own}/file", {}),
        ("POST /recordings/{id}/hold", f"/recordings/{own}/hold", {"why": "a dispute"}),
        ("POST /recordings/{id}/release", f"/recordings/{own}/release", {}),
    ):
        data = None if fields is None else {"csrf": anna.csrf, **fields}
        status = (await anna.ask("POST", path, data=data, headers=headers)).status
        assert status in (200, 303, 403, 404), (name, status)
        found[name] = status in (200, 303)
    return found


async def test_SEC_20_each_action_of_the_board_ends_at_the_own_team_where_the_scope_does(house: House) -> None:
    ours = {"calls": "talks", "agents": BORIS, "waits": "waits", "to": ANNA}
    theirs = {"calls": "theirs", "agents": CLARA, "waits": "theirs", "to": CLARA}
    acts = [one for one in ROUTES if one.right in ACTED and named(one) in DOOR and one.path != OWN_EAR]
    assert len(acts) == 6
    for wanted in ("none", "team", "all"):
        await house.give(dict.fromkeys(ACTED, wanted))
        async with Browser(house.desk, "anna") as anna:
            for whose in (ours, theirs):
                for route in acts:
                    status = await act(anna, route, whose)
                    is_open = wanted == "all" or (wanted == "team" and whose is ours)
                    assert (status != 403) == is_open, (wanted, route, status)
                    assert status < 500, (route, status)
    async with house.desk.services.database.read() as conn:
        done = {one.action for one in await sessions.notes(conn) if one.action.startswith("board-")}
    assert done == {"board-end", "board-pick", "board-queue", "board-state", "board-tell"}


async def test_SEC_21_a_link_for_a_screen_is_its_makers_and_of_who_may_see_all(house: House) -> None:
    async with Visitor(house.desk, "vera") as vera:
        await vera.post("/board/screens", name="Link of Vera", tile="queues", days="30")
    for wanted in ("own", "all"):
        await house.give({"board.read": "team", "board.share": wanted})
        async with Visitor(house.desk, "anna") as anna:
            assert (await anna.post("/board/screens", name="Link of Anna", tile="queues", days="30")).status == 200
            shown = await anna.get("/board/screens")
            assert (shown.says("Link of Anna"), shown.says("Link of Vera")) == (True, wanted == "all")
            answers = [(await anna.post(f"/board/screens/{id_}", name="Again")).status for id_ in (1, 2)]
            assert answers == [303 if wanted == "all" else 409, 303]


async def act(browser: Browser, route: Route, whose: Mapping[str, Any]) -> int:
    path = route.path.removeprefix("/api/v1")
    kind = path.split("/")[2]
    id_ = whose["waits"] if path.endswith("/pick") else whose.get(kind, "")
    body = dict(BODIES[path])
    if "user_id" in body:
        body["user_id"] = whose["to"]
    status, _ = await browser.ask(route.method, path.replace("{id}", str(id_)), body)
    return status


DAY = "since=2026-11-20&until=2026-11-20"
FROM, TO = 1_795_122_000, 1_795_208_400  # of that day in Moscow
REPORTS = {  # a report with its question: of the team, its figures must not change by what others do
    "GET /reports/queues": DAY,
    "GET /reports/queues/file.{kind}": DAY,
    "GET /reports/queues/calls": f"what=entered&since={FROM}&until={TO}",
    "GET /api/v1/reports/queues": DAY,
    "GET /api/v1/reports/queues/calls": f"what=entered&since={FROM}&until={TO}",
    "GET /reports/hours": DAY,
    "GET /reports/hours/file.{kind}": DAY,
    "GET /reports/numbers": DAY,
    "GET /reports/numbers/file.{kind}": DAY,
    "GET /reports/numbers/calls": f"kind=calls&since={FROM}&until={TO}",
    "GET /reports/reached": DAY,
    "GET /reports/reached/file.{kind}": DAY,
    "GET /reports/reached/calls": f"kind=clients&{DAY}",
    "GET /api/v1/reports/hours": DAY,
    "GET /api/v1/reports/numbers": DAY,
    "GET /api/v1/reports/numbers/calls": f"kind=calls&since={FROM}&until={TO}",
    "GET /api/v1/reports/reached": DAY,
    "GET /api/v1/reports/reached/calls": f"kind=clients&{DAY}",
    "GET /reports/agents": DAY,
    "GET /reports/agents/file.{kind}": DAY,
    "GET /reports/agents/calls": f"what=answered&since={FROM}&until={TO}",
    "GET /api/v1/reports/agents": DAY,
    "GET /api/v1/reports/agents/calls": f"what=answered&since={FROM}&until={TO}",
    "GET /reports/outcomes": DAY,
    "GET /reports/outcomes/file.{kind}": DAY,
}


OTHERS = {  # asked for what is of another team: refused, and shown to who may see all
    "GET /reports/why": "day=2026-11-20&queue=support",
    "GET /reports/why/file.{kind}": "day=2026-11-20&queue=support",
    "GET /api/v1/reports/why": "day=2026-11-20&queue=support",
    "GET /reports/agents/lines": f"what=ready&user={CLARA}&since={FROM}&until={FROM + 900}",
    "GET /api/v1/reports/agents/lines": f"what=ready&user={CLARA}&since={FROM}&until={FROM + 900}",
}
OF_NOBODY = {  # of no queue or person
    "GET /reports/answers", "GET /reports/answers/file.{kind}", "GET /reports/answers/items",  # letters and SMS
    "GET /api/v1/reports/answers", "GET /api/v1/reports/answers/items", "GET /reports/targets",
    "GET /api/v1/reports/definitions",
}  # fmt: skip


async def test_SEC_21_a_report_of_the_own_team_does_not_change_by_what_others_do(house: House) -> None:
    seen: dict[Scope, list[dict[str, str]]] = {"team": [], "all": []}
    for queue, user_id in (("sales", BORIS), ("support", CLARA)):
        await happened(house.desk, queue, user_id)
        for wanted, answers in seen.items():
            await house.give({"figures.read": wanted})
            async with Visitor(house.desk, "anna") as anna:
                answers.append(await reports(anna))
    changed = {scope: {name for name in REPORTS if one[name] != two[name]} for scope, (one, two) in seen.items()}
    assert changed == {"team": set(), "all": set(REPORTS)}


async def test_SEC_21_what_is_asked_of_another_team_is_refused(house: House) -> None:
    await happened(house.desk, "support", CLARA)
    said: dict[Scope, dict[str, int]] = {"team": {}, "all": {}}
    for wanted, answers in said.items():
        await house.give({"figures.read": wanted})
        async with Visitor(house.desk, "anna") as anna:
            for name, query in OTHERS.items():
                answers[name] = (await anna.get(f"{address(name)}?{query}")).status
    assert set(said["all"].values()) == {200}
    assert not {*said["team"].values()} & {200}


async def happened(desk: Panel, queue: str, user_id: int) -> None:
    """A call answered by somebody, and one that was lost, by a queue."""
    kinds: tuple[tuple[int, Any], ...] = ((1, "answered"), (2, "abandoned"))
    for number, how in kinds:
        at, call = FROM + 36_000.0 + number * 60, f"{queue}-{number}"
        mine: dict[str, Any] = {"answered": at + 10, "ended": at + 70} if how == "answered" else {"ended": at + 20}
        result: Any = "talked" if how == "answered" else "no-answer"
        leg = LegRecord(leg=f"{call}-leg", leg_id=f"{call}-leg", device="PJSIP/1", rang=at + 5, result=result, **mine)
        wait = Wait(queue=queue, joined=at, left=at + 10, how=how)
        record = CallRecord(
            call=call, direction="inbound", caller=Party(number=f"7935555{user_id}0{number}"), called="74950000001",
            queue=queue, started=at, outcome=how, legs=(leg,), waits=(wait,), **mine,
        )  # fmt: skip
        async with desk.services.database.write() as conn:
            whose = {leg.leg_id: user_id}
            said = {"call_id": call, "user_id": user_id, "disposition_id": 1, "name": "Sold", "at": at + 80}
            await conn.execute(insert(call_dispositions).values(said))
            await journal.save(
                conn, record, number=f"+7935555{user_id}0{number}1", client_id=None, user_id=user_id, legs_users=whose
            )


async def reports(anna: Visitor) -> dict[str, str]:
    """What each report says."""
    found = {}
    for name, query in REPORTS.items():
        answer = await anna.get(f"{address(name)}?{query}")
        assert answer.status == 200, (name, answer.status, answer.text[:300])
        found[name] = answer.text.replace(anna.csrf, "")
    return found


def address(name: str) -> str:
    return name.removeprefix("GET ").replace("{kind}", "csv")
