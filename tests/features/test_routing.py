"""What a dialplan is told of a caller, on both engines' storage: whose client, who is free, tags, and when nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from cti.access import Person
from cti.channels.base import RouteAnswer, RouteQuestion
from cti.clients.card import ClientDraft, Phone
from cti.clients.filters import Condition
from cti.clients.segments import Group
from cti.directory import Directory
from cti.errors import Refused
from cti.features.agent_state import AgentStates
from cti.features.client_base import ClientBase
from cti.features.client_segments import ClientSegments
from cti.features.routing import FRESH_S, Asker, Routing
from cti.storage import number_lists, traces
from cti.storage.client_tables import clients
from cti.storage.database import Database
from cti.storage.spool import Spool
from cti.storage.tables import users
from cti.telephony.duty import Duty, State
from cti.telephony.events import DeviceChanged, DeviceStatus, LinkChanged, MemberChanged
from cti.telephony.numbering import NumberPlan
from tests.e2e.server import until
from tests.features.cast import Screens
from tests.made import new_database
from tests.storage.conftest import ANNA, BORIS, add_cast

NUMBER, RAW, CALL = "+79355550101", "79355550101", "1795690265.7"
ZONE = ZoneInfo("Europe/Moscow")
WHO = Person(id=ANNA, login="anna", name="Anna", role="admin")
PLAN = NumberPlan()


class Office:
    """The real features over a real base; the PBX says what a test tells it to say."""

    def __init__(self, db: Database, directory: Directory) -> None:
        self.db, self.now, self.prefix = db, 1_795_000_000.0, ""
        self.spool = Spool(db)
        self.states = AgentStates(
            desktop=Screens(), directory=directory, clock=lambda: self.now, online=lambda user_id: True
        )
        self.base = ClientBase(db=db, plan=PLAN, clock=lambda: self.now)
        self.segments = ClientSegments(db=db, zone=ZONE, clock=lambda: self.now)
        self.askers: dict[str, Asker] = {"": Asker(prefix="", plan=PLAN)}
        self.routing = Routing(
            db=db,
            spool=self.spool,
            asker_of=self.askers.get,
            free_device=self.states.free_device,
            default_plan=PLAN,
            zone=ZONE,
            clock=lambda: self.now,
        )

    async def client(self, name: str = "Алхимов", manager: int | None = BORIS) -> int:
        phones = (Phone(typed=NUMBER),)
        return await self.base.create(WHO, ClientDraft(name=name, phones=phones, responsible_id=manager))

    async def device(self, name: str, status: DeviceStatus) -> None:
        await self.states.device_changed(DeviceChanged(device=name, status=status), self.now)

    async def ask(self, number: str | None = RAW, pbx: str = "") -> RouteAnswer:
        return await self.routing.route(RouteQuestion(number=number, call=CALL, pbx=pbx))


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    db = await new_database(tmp_path)
    await add_cast(db)
    directory = Directory(db)
    await directory.reload()
    one = Office(db, directory)
    writer = asyncio.create_task(one.spool.run())
    yield one
    writer.cancel()
    await asyncio.gather(writer, return_exceptions=True)
    await db.close()


def codes(answer: RouteAnswer) -> list[str]:
    return [step for step, _ in answer.steps]


async def test_a_free_manager_is_told_with_the_clients_name(office: Office) -> None:
    await office.client()
    await office.device("PJSIP/102", "idle")
    answer = await office.ask()
    assert (answer.caller, answer.name, answer.extension, answer.device) == ("client", "Алхимов", "102", "PJSIP/102")
    assert codes(answer) == ["route-client", "route-manager"]


@pytest.mark.parametrize("status", ["unknown", "unreachable", "ringing", "in-call", "on-hold", "busy"])
async def test_a_manager_who_is_not_idle_is_not_told(office: Office, status: DeviceStatus) -> None:
    await office.client()
    await office.device("PJSIP/102", status)
    answer = await office.ask()
    assert (answer.name, answer.extension, answer.device) == ("Алхимов", "", "")
    assert codes(answer) == ["route-client", "route-manager-away"]


async def test_the_chosen_phone_is_rung_unless_he_talks_on_the_other(office: Office) -> None:
    await office.client(manager=ANNA)
    await office.device("PJSIP/101", "unreachable")
    await office.device("PJSIP/101-web", "idle")
    assert (await office.ask()).device == "PJSIP/101-web"
    await office.device("PJSIP/101", "in-call")
    assert (await office.ask()).device == ""


async def test_a_pause_in_any_queue_and_a_lost_link_count(office: Office) -> None:
    await office.client()
    await office.device("PJSIP/102", "idle")
    await office.states.member_changed(MemberChanged(queue="sales", device="PJSIP/102"), office.now)
    assert (await office.ask()).device == "PJSIP/102"
    await office.states.member_changed(MemberChanged(queue="support", device="PJSIP/102", paused=True), office.now)
    assert (await office.ask()).device == ""
    await office.states.member_changed(MemberChanged(queue="support", device="PJSIP/102", removed=True), office.now)
    assert (await office.ask()).device == "PJSIP/102"
    await office.states.link_changed(LinkChanged(state="down"), office.now)
    assert (await office.ask()).device == ""


@pytest.mark.parametrize(
    ("state", "told"), [("logged-off", True), ("ready", True), ("not-ready", False), ("after-call", False)]
)
async def test_what_he_chose_counts(office: Office, state: State, told: bool) -> None:
    await office.client()
    await office.device("PJSIP/102", "idle")
    office.states.duty_of = lambda _user: Duty(state=state)
    assert bool((await office.ask()).device) is told


async def test_who_was_let_go_is_nobodys_manager(office: Office) -> None:
    await office.client()
    await office.device("PJSIP/102", "idle")
    async with office.db.write() as conn:
        await conn.execute(update(users).where(users.c.id == BORIS).values(blocked_at=1.0))
    answer = await office.ask()
    assert (answer.name, answer.device) == ("Алхимов", "")
    assert codes(answer) == ["route-client", "route-no-manager"]


async def test_of_several_clients_only_their_one_manager_is_told(office: Office) -> None:
    await office.client("Гранит")
    await office.client("Гранит-Монтаж")
    await office.device("PJSIP/102", "idle")
    answer = await office.ask()
    assert (answer.caller, answer.name, answer.tags, answer.device) == ("several", "", (), "PJSIP/102")
    await office.client("Гранит-Сервис", manager=ANNA)
    assert (await office.ask()).device == ""


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (None, "route-no-number"),
        ("101", "route-no-number"),
        ("x" * 500, "route-no-number"),
        ("79355550102", "route-unknown"),
    ],
)
async def test_nobody_is_nobody(office: Office, number: str | None, code: str) -> None:
    await office.client()
    answer = await office.ask(number)
    assert (answer.name, answer.device, answer.tags, codes(answer)) == ("", "", (), [code])


async def test_a_client_whose_data_may_not_be_used_is_not_told_of(office: Office) -> None:
    client = await office.client()
    await office.device("PJSIP/102", "idle")
    async with office.db.write() as conn:
        await conn.execute(update(clients).where(clients.c.id == client).values(restricted_at=1.0))
    answer = await office.ask()
    assert (answer.caller, answer.name, answer.device, codes(answer)) == ("none", "", "", ["route-restricted"])


async def test_segments_that_tell_the_dialplan_give_tags_and_the_highest_priority(office: Office) -> None:
    client = await office.client()
    named = Group(conditions=(Condition(field="name", op="begins", value="Алх"),))
    other = Group(conditions=(Condition(field="name", op="is", value="Орион"),))
    silent = await office.segments.save(WHO, "Молчит", named)
    asking = Group(conditions=(Condition(field="segment", op="any-of", value=[silent]),))
    await office.segments.save(WHO, "Важные", asking, tag="vip", priority=7)
    frozen = await office.segments.save(WHO, "Должники", named, tag="debtor", priority=9)
    await office.segments.freeze(WHO, frozen)
    await office.segments.save(WHO, "Чужие", other, tag="other", priority=50)
    answer = await office.ask()
    assert (sorted(answer.tags), answer.priority) == (["debtor", "vip"], 9)
    assert answer.steps[-1] == ("route-tags", {"tags": ", ".join(answer.tags), "priority": "9"})
    await office.base.change(WHO, client, ClientDraft(name="Новый", phones=(Phone(typed=NUMBER),)), 1)
    assert (await office.ask()).tags == ("debtor",), "a frozen one keeps whom it had"
    await office.segments.save(WHO, "Должники", named, frozen, tag="")
    office.now += FRESH_S
    assert (await office.ask()).tags == ()


@pytest.mark.parametrize(("tag", "priority"), [("VIP", 0), ("вип", 0), ("v p", 0), ("vip", 101), ("vip", -1), ("1", 1)])
async def test_a_segments_word_is_plain(office: Office, tag: str, priority: int) -> None:
    with pytest.raises(Refused):
        await office.segments.save(
            WHO, "Важные", Group(conditions=(Condition(field="note", op="filled"),)), tag=tag, priority=priority
        )


async def test_with_several_pbxes_a_phone_is_told_to_its_own_only(office: Office) -> None:
    await office.client()
    await office.device("PJSIP/102", "idle")
    office.askers.clear()
    office.askers |= {"spb": Asker(prefix="spb:", plan=PLAN), "msk": Asker(prefix="PJSIP", plan=PLAN)}
    assert codes(await office.ask(pbx="spb"))[-1] == "route-manager-elsewhere"
    assert codes(await office.ask(pbx=""))[-1] == "route-manager-elsewhere", "which PBX asks cannot be told"
    assert (await office.ask(pbx="msk")).device == "/102", "the name there is without the prefix"


async def test_the_trace_says_what_the_dialplan_got(office: Office) -> None:
    await office.client()
    asked = RouteQuestion(number=RAW, call=CALL)
    office.routing.settled(asked, await office.routing.route(asked))
    office.routing.settled(asked, None)

    async def written() -> list[traces.Step]:
        async with office.db.read() as conn:
            return await traces.of_call(conn, CALL)

    rows = await until(written, why="the trace is written")
    assert [row.step for row in rows] == ["route-client", "route-manager-away", "route-late"]


async def test_the_list_of_a_number_is_told_with_its_reason_and_term_whoever_has_it(office: Office) -> None:
    said = {"reason": "угрозы", "until": office.now + 86_400, "created_by": ANNA}
    async with office.db.write() as conn:
        await number_lists.put(conn, "+79355550101", beginning=False, now=office.now, list="black", **said)
    answer = await office.ask()
    assert (answer.listed, answer.caller, codes(answer)) == ("black", "unknown", ["route-black-until", "route-unknown"])
    assert answer.steps[0][1] == {"reason": "угрозы", "until": "19.11.2026"}
    await office.client()
    assert (await office.ask()).listed == "black"
    office.now += 86_401
    assert (await office.ask()).listed == ""
