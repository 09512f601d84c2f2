"""What the features make of several PBXes: a link that is down or a snapshot speaks of one of them alone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs

from cti.access import Person
from cti.channels.base import Health
from cti.clients.masking import OPEN
from cti.desktop import LinkView, PbxView
from cti.directory import Directory
from cti.errors import ChannelError, Refused
from cti.features.agent_state import AgentStates
from cti.features.call_control import CallControl
from cti.features.directory_admin import DeviceDraft, DirectoryAdmin, UserDraft
from cti.features.live_calls import LiveCalls
from cti.features.screen_pop import ScreenPops
from cti.lines import Line
from cti.passwords import Passwords
from cti.settings import DialSettings, PbxSettings
from cti.storage.database import Database
from cti.storage.spool import Spool
from cti.telephony.commands import ClearConnection, Command, GetVariable, MakeCall
from cti.telephony.events import (
    CallRecord,
    Delivered,
    DeviceChanged,
    LegRecord,
    LinkChanged,
    MemberChanged,
    Party,
    SnapshotTaken,
)
from cti.telephony.numbering import NumberPlan
from tests.features.cast import Screens, no_offers
from tests.made import new_database
from web import wire

ANNA, BORIS = 1, 2
HERE, THERE = "msk:PJSIP/101", "spb:PJSIP/101"
PLANS = {"msk": NumberPlan(), "spb": NumberPlan(area_code="812")}


def plan_of(id_: str) -> NumberPlan:
    return PLANS[id_.partition(":")[0]]


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    base = await new_database(tmp_path)
    yield base
    await base.close()


@pytest.fixture
def people(db: Database) -> DirectoryAdmin:
    return DirectoryAdmin(db=db, clock=lambda: 1.0, passwords=Passwords(), pbxes=("msk", "spb"))


@pytest.fixture
async def directory(db: Database, people: DirectoryAdmin) -> Directory:
    """Anna in Moscow and Boris in Petersburg, each with a 101."""
    for login, device in (("anna", HERE), ("boris", THERE)):
        draft = UserDraft(login=login, name=login.title(), role="agent", team="Sales")
        made = await people.add(None, draft, password="")
        await people.set_devices(None, made, [DeviceDraft(name=device, extension="101", kind="desk", chosen=True)])
    found = Directory(db)
    await found.reload()
    return found


def states(directory: Directory, screens: Screens) -> AgentStates:
    return AgentStates(desktop=screens, directory=directory, clock=lambda: 1.0, online=lambda _user: True)


async def test_a_link_that_is_down_hides_its_own_devices_alone(directory: Directory) -> None:
    screens = Screens()
    seen = states(directory, screens)
    for device in (HERE, THERE):
        await seen.device_changed(DeviceChanged(device=device, status="idle"), 1.0)
        await seen.member_changed(MemberChanged(queue="sales", device=device), 1.0)
    screens.agents.clear()
    await seen.link_changed(LinkChanged(state="down", prefix="spb:"), 2.0)
    assert (seen.device_status(HERE), seen.device_status(THERE)) == ("idle", "unknown")
    assert [(view.name, view.device) for view in screens.agents] == [("Boris", "unknown")]
    assert [member.device for member in seen.queues()["sales"]] == [HERE]
    await seen.link_changed(LinkChanged(state="down", prefix="msk:"), 3.0)
    assert seen.queues() == {}


async def test_a_snapshot_forgets_its_own_calls_alone(directory: Directory) -> None:
    screens = Screens()
    views = LiveCalls(desktop=screens, directory=directory, plan_of=plan_of, dialled=_nobody)
    for device in (HERE, THERE):
        await views.delivered(ring(device, "2345678"), 1.0)
    assert [view.number for _, view in screens.calls] == ["+74952345678", "+78122345678"], "each by its own plan"
    await views.snapshot_taken(SnapshotTaken(open_calls=frozenset(), prefix="spb:"), 2.0)
    assert [view.id for view in views.views_of(ANNA)] == ["msk:1.1"]
    assert views.views_of(BORIS) == ()


async def _nobody(_request: str) -> None:
    return None


def ring(device: str, number: str) -> Delivered:
    pbx = device.partition(":")[0]
    return Delivered(
        call=f"{pbx}:1.1", leg="PJSIP/101-1", leg_id="1.2", device=device, calling=Party(number=number), called="1",
        targets=(device,),
    )  # fmt: skip


async def test_the_card_names_the_colleague_of_the_same_pbx(db: Database, directory: Directory) -> None:
    screens = Screens()
    pops = ScreenPops(
        db=db,
        spool=Spool(db),
        desktop=screens,
        directory=directory,
        plan_of=plan_of,
        record_of=lambda _call: None,
        clock=lambda: 1.0,
    )
    await pops.start()
    for device in (HERE, THERE):
        await pops.delivered(ring(device, "101"), 1.0)
    assert [(agent, pop.colleague) for agent, pop in screens.pops] == [(ANNA, "Anna"), (BORIS, "Boris")]
    await pops.snapshot_taken(SnapshotTaken(open_calls=frozenset(), prefix="spb:"), 2.0)
    for device in (HERE, THERE):
        await pops.delivered(ring(device, "101"), 3.0)
    assert [agent for agent, _ in screens.pops] == [ANNA, BORIS, BORIS], "msk's card stands, it is not shown again"


class Board:
    """A PBX that notes what it was asked."""

    def __init__(self, state: str = "up") -> None:
        self.asked: list[Command] = []
        self.state = state

    async def ask(self, command: Command, *, timeout_s: float = 5.0) -> Board:
        if not isinstance(command, GetVariable):
            self.asked.append(command)
        return self

    ok, message = True, ""
    headers: dict[str, str | list[str]] = {}  # noqa: RUF012 - an answer without headers, never changed

    def health(self) -> Health:
        return Health(state=self.state, since=0.0)  # type: ignore[arg-type]  # one of the closed list


class Busy(Board):
    """One that is too late with its first answer about a phone."""

    late = True

    async def ask(self, command: Command, *, timeout_s: float = 5.0) -> Board:
        if isinstance(command, GetVariable):
            if self.late:
                self.late = False
                raise ChannelError("The PBX did not answer in time; try again.")
            self.headers = {"Value": "101;@abc" if "AOR" in command.name else "Yealink SIP-T31"}
        return await super().ask(command, timeout_s=timeout_s)


def person(user_id: int) -> Person:
    return Person(id=user_id, login="x", name="X", role="agent", team_id=1, language="ru")


def control(
    db: Database, directory: Directory, boards: dict[str, Board], records: Sequence[CallRecord] = ()
) -> CallControl:
    def line_of(device: str) -> Line | None:
        name, _, own = device.partition(":")
        settings = PbxSettings(dial_context=f"from-{name}", caller_id="+7812" + "0000001" if name == "spb" else "")
        return Line(pbx=boards[name], settings=settings, plan=PLANS[name], device=own) if name in boards else None

    return CallControl(
        db=db,
        line_of=line_of,
        dial=DialSettings(caller_id="+74950000001"),
        directory=directory,
        device_status=lambda _device: "idle",
        calls_of=lambda _user: 0,
        record_of=lambda call: next((record for record in records if record.call == call), None),
        offers=no_offers,
        clock=lambda: 1.0,
    )


async def test_a_click_goes_to_the_persons_own_pbx_by_its_plan(db: Database, directory: Directory) -> None:
    boards = {"msk": Board(), "spb": Board()}
    calls = control(db, directory, boards)
    for user in (ANNA, BORIS):
        await calls.dial(person(user), "234-56-78", client_id=None, request_id=f"click-{user}")
    made = {name: [one for one in board.asked if isinstance(one, MakeCall)] for name, board in boards.items()}
    assert {name: [(m.device, m.number, m.context, m.caller_id_number) for m in made[name]] for name in made} == {
        "msk": [("PJSIP/101", "74952345678", "from-msk", "+74950000001")],
        "spb": [("PJSIP/101", "78122345678", "from-spb", "+78120000001")],
    }


async def test_a_phone_whose_model_came_too_late_is_asked_again_by_the_next_click(
    db: Database, directory: Directory
) -> None:
    busy = Busy()
    calls = control(db, directory, {"msk": busy, "spb": busy})
    for number in range(3):
        await calls.dial(person(ANNA), "+79355550101", client_id=None, request_id=f"click-{number}")
    made = [bool(one.headers) for one in busy.asked if isinstance(one, MakeCall)]
    assert made == [False, True, True]


async def test_a_pbx_that_is_away_refuses_its_own_people_alone(db: Database, directory: Directory) -> None:
    calls = control(db, directory, {"msk": Board(), "spb": Board("down")})
    await calls.dial(person(ANNA), "+79355550101", client_id=None, request_id="click-1")
    with pytest.raises(Refused) as refused:
        await calls.dial(person(BORIS), "+79355550101", client_id=None, request_id="click-2")
    assert refused.value.code == "pbx-down"
    calls = control(db, directory, {"msk": Board()})
    with pytest.raises(Refused) as refused:
        await calls.dial(person(BORIS), "+79355550101", client_id=None, request_id="click-3")
    assert refused.value.code == "no-pbx"


async def test_a_hang_up_goes_to_the_pbx_of_the_leg(db: Database, directory: Directory) -> None:
    leg = LegRecord(leg="PJSIP/101-00000001", leg_id="1.2", device=THERE)
    record = CallRecord(call="spb:1.1", direction="inbound", caller=Party(), called="1", legs=(leg,))
    boards = {"msk": Board(), "spb": Board()}
    other = structs.replace(record, call="msk:1.1", legs=(structs.replace(leg, device=HERE),))
    calls = control(db, directory, boards, [record, other])
    await calls.hang_up(person(BORIS), "spb:1.1")
    assert boards["spb"].asked == [ClearConnection(leg="PJSIP/101-00000001")]
    assert boards["msk"].asked == []
    with pytest.raises(Refused):
        await calls.hang_up(person(BORIS), "msk:1.1")


@pytest.mark.parametrize("name", ["PJSIP/110", "kzn:PJSIP/110", ":PJSIP/110", "msk:spb:PJSIP/110", "msk:PJSIP", "msk:"])
async def test_a_phone_without_its_pbx_is_refused(people: DirectoryAdmin, directory: Directory, name: str) -> None:
    with pytest.raises(Refused):
        await people.set_devices(None, ANNA, [DeviceDraft(name=name, extension="110", kind="desk", chosen=True)])
    await people.set_devices(None, ANNA, [DeviceDraft(name="msk:PJSIP/110", extension="110", kind="desk", chosen=True)])


def test_the_bar_names_the_pbx_that_is_away() -> None:
    up, down = PbxView(name="msk", state="up"), PbxView(name="spb", state="down", since=5.0)
    bar = wire.link(LinkView(state="down", since=5.0, pbxes=(up, down)), wire.Reader("en", OPEN))
    assert bar["text"] == "No link to the PBX “spb”. Its calls go on, the panel does not see them."
    assert bar["since"] == 5.0
    both = wire.link(
        LinkView(state="refused", since=5.0, pbxes=(down, replace(up, state="refused"))), wire.Reader("ru", OPEN)
    )
    assert all(name in both["text"] for name in ("«spb»", "«msk»"))
    assert both["since"] == 0.0, "each has its own"
    one = wire.link(LinkView(state="down", since=5.0, pbxes=(down,)), wire.Reader("en", OPEN))
    assert one["text"] == "No link to the PBX. Calls go on, the panel does not see them."
