"""People come in one act and go the same way; what they are handed is told once, and opens once."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
from pydantic import SecretStr

from cti.access import Person
from cti.errors import NotAllowed, Refused
from cti.features.newcomers import Newcomer, read_lines
from cti.features.phone_settings import APP_S, DAY_S, DESK_TIMES, PhoneSettings
from cti.settings import PbxSettings, PhonesSettings
from cti.storage import sessions, users
from cti.storage.desks import DeskDraft
from dialplan.plan import Plan, ToPeople
from tests.dialplan.house import HOUSE
from tests.dialplan.test_phones import read
from tests.web.panel import ANNA, Panel, panel
from tests.web.visitor import Visitor

REACH = PhonesSettings(server="10.0.1.5", fetch=True)
PBX = {"main": PbxSettings(port=1, secret=SecretStr("x"), phones=REACH)}
MAC = "00:15:65:aa:bb:cc"
HIRE = "/settings/people/hire"


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Panel]:
    async with panel(tmp_path, sections={"pbx": PBX}) as made:
        draft = await made.services.dialplan_drafts.get("main")
        await made.services.dialplan_drafts.change(await pavel(made), "main", draft.revision, lambda _plan: HOUSE)
        yield made


@pytest.fixture
async def admin(running: Panel) -> AsyncIterator[Visitor]:
    async with Visitor(running, "pavel") as visitor:
        yield visitor


async def pavel(running: Panel) -> Person:
    async with running.services.db.read() as conn:
        user = await users.by_login(conn, "pavel")
    assert user
    return user.person


async def plan_of(running: Panel) -> Plan:
    return (await running.services.dialplan_drafts.get("main")).plan


async def send(admin: Visitor, **more: str) -> str:
    """The form, looked at, and done: the page with what is handed over."""
    fields = {"name": "Дарья Смирнова", "desk": "yes", "browser": "yes", "voicemail": "yes", "queue": "sales", **more}
    looked = await admin.post(HIRE, **fields)
    assert looked.status == 200, looked.text
    revision = re.search(r'name="revision" value="(\d+)"', looked.text)
    assert revision
    done = await admin.post(HIRE, **fields, revision=revision[1], do="yes")
    assert done.status == 200, done.text
    assert done.headers["Cache-Control"] == "no-store"
    return unescape(done.text)


def codes(page: str) -> list[str]:
    return re.findall(r"<code>([^<]+)</code>", page)


async def test_a_newcomer_has_all_at_once_and_is_told_once(running: Panel, admin: Visitor) -> None:
    looked = await admin.post(HIRE, name="Дарья Смирнова", desk="yes", browser="yes", queue="sales", voicemail="yes")
    assert looked.says("darya.smirnova")
    assert "104, 104-web" in looked.text
    assert len((await plan_of(running)).people) == 1, "looking does nothing"
    page = await send(admin)
    device, secret, server, pin = codes(page)
    assert (device, server, len(pin)) == ("104", "10.0.1.5:5060", 6)
    assert len(secret) >= 32
    person = (await plan_of(running)).people[-1]
    assert (person.extension, person.name, person.devices, person.browsers, person.voicemail) == (
        "104", "Дарья Смирнова", ("104",), ("104-web",), True,
    )  # fmt: skip
    kept = await running.services.dialplan_drafts.secrets("main")
    assert kept["104"] == secret
    assert kept["box-104"] == pin
    assert len({kept["104-web"], secret}) == 2
    async with running.services.db.read() as conn:
        user = await users.by_login(conn, "darya.smirnova")
        assert user
        devices = await users.devices_of(conn, user.id)
        assert [(one.name, one.kind, one.chosen) for one in devices] == [
            ("PJSIP/104", "desk", True), ("PJSIP/104-web", "browser", False),
        ]  # fmt: skip
        assert [one.name for one in await users.queues_of(conn, user.id)] == ["sales"]
        said = " ".join(f"{one.action} {one.detail}" for one in await sessions.notes(conn))
    assert not [one for one in (secret, pin, kept["104-web"]) if one in said], "the journal tells no password"
    for path in ("/settings/people", f"/settings/people/{user.id}", "/settings/journal", HIRE):
        assert not [one for one in (secret, pin) if one in (await admin.get(path)).text]


async def test_the_first_way_in_opens_once_and_its_password_is_the_persons_own(running: Panel, admin: Visitor) -> None:
    found = re.search(r"/welcome/[\w-]+", await send(admin))
    assert found
    async with Visitor(running) as daria, Visitor(running) as another:
        page = await daria.get(found[0])
        assert page.says("darya.smirnova")
        assert (await daria.post(found[0], password="short", again="short")).status == 409
        assert (await daria.post(found[0], password="a long sentence", again="another one")).status == 409
        done = await daria.post(found[0], password="a long sentence", again="a long sentence")
        assert (done.status, done.place) == (303, "/")
        assert (await daria.get("/profile")).status == 200
        assert (await another.get(found[0])).status == 404
        again = await another.post(found[0], password="mine it is now", again="mine it is now")
        assert again.status in (404, 409)
        assert (await another.sign_in("darya.smirnova", "a long sentence")).status == 303
        assert (await another.get("/welcome/" + "x" * 43)).status == 404


async def test_several_come_from_pasted_lines_all_or_none(running: Panel, admin: Visitor) -> None:
    lines = "Пётр Иванов; 201; sales\nОльга Белова\t\tsales\nПётр Иванов;103"
    refused = await admin.post(HIRE, lines=lines, desk="yes", revision="1", do="yes")
    assert refused.status == 409
    assert refused.says("the number is somebody's already")
    assert refused.says("petr.ivanov2"), "two of one name have two logins"
    assert len((await plan_of(running)).people) == 1
    page = await send(admin, name="", lines=lines.replace("103", "203"))
    assert page.count("/welcome/") == 6, "an address and its text for each"
    assert [one.extension for one in (await plan_of(running)).people] == ["103", "104", "201", "203"]
    wrong = await admin.post(HIRE, lines="Анна; 1x; nowhere", desk="yes")
    assert wrong.says("no such queue in the plan")
    assert wrong.says("the number is none: 2 to 16 digits")


async def test_what_cannot_be_done_to_the_end_is_not_begun(running: Panel, admin: Visitor) -> None:
    before = await running.services.dialplan_drafts.get("main")
    fields = {"name": "Дарья", "desk": "yes", "do": "yes"}
    stale = await admin.post(HIRE, **fields, revision="0")
    assert stale.status == 409
    assert await plan_of(running) == before.plan
    await running.services.hot_desks.keep(await pavel(running), [DeskDraft(name="PJSIP/104", extension="900")])
    refused = await admin.post(HIRE, **fields, revision=str(before.revision))
    assert refused.status == 409, "a shared desk has this telephone"
    assert await plan_of(running) == before.plan
    async with running.services.db.read() as conn:
        assert await users.by_login(conn, "daria") is None


async def test_who_has_an_account_is_given_telephones(running: Panel, admin: Visitor) -> None:
    assert (await admin.get(f"{HIRE}?user={ANNA}")).says("has an account already")
    page = await send(admin, user=str(ANNA), name="Anna")
    assert "/welcome/" not in page
    async with running.services.db.read() as conn:
        assert [one.name for one in await users.devices_of(conn, ANNA)] == ["PJSIP/104", "PJSIP/104-web"]
    again = await admin.post(HIRE, user=str(ANNA), name="Anna", desk="yes")
    assert again.says("has telephones already")


async def test_only_who_changes_people_and_dialplans(running: Panel) -> None:
    for login in ("vera", "anna"):
        async with Visitor(running, login) as visitor:
            assert (await visitor.get(HIRE)).status == 403
            assert (await visitor.post(HIRE, name="X", desk="yes")).status == 403
    async with running.services.db.read() as conn:
        vera = await users.by_login(conn, "vera")
    assert vera
    with pytest.raises(NotAllowed):
        await running.services.newcomers.look(vera.person, "main", [Newcomer(name="X")])


async def test_who_goes_is_named_nowhere_and_comes_in_no_more(running: Panel, admin: Visitor) -> None:
    page = await send(admin)
    way_in = re.search(r"/welcome/[\w-]+", page)
    services, actor = running.services, await pavel(running)
    draft = await services.dialplan_drafts.get("main")
    ring = ToPeople(id="both", people=("103", "104"), otherwise="box")
    await services.dialplan_drafts.change(
        actor, "main", draft.revision, lambda plan: replace(plan, nodes=(*plan.nodes, ring))
    )
    leaving = await services.newcomers.look_leaving(actor, "main", "104")
    assert [(one.id, one.alone) for one in leaving.mentions] == [("both", False)]
    with pytest.raises(Refused, match="draft"):
        await services.newcomers.dismiss(actor, "main", leaving.revision - 1, "104", block=True)
    await services.newcomers.dismiss(actor, "main", leaving.revision, "104", block=True)
    plan = await plan_of(running)
    assert [one.extension for one in plan.people] == ["103"]
    assert next(node for node in plan.nodes if node.id == "both") == replace(ring, people=("103",))
    async with services.db.read() as conn:
        user = await users.by_login(conn, "darya.smirnova")
        assert user
        assert user.blocked_at
        assert await users.devices_of(conn, user.id) == []
        assert await users.queues_of(conn, user.id) == []
    assert way_in
    async with Visitor(running) as stranger:
        assert (await stranger.get(way_in[0])).status == 404
    with pytest.raises(Refused):
        await services.newcomers.look_leaving(actor, "main", "104")


# Telephones -----------------------------------------------------------------------------------------------------------
class Clock:
    """Time as the test says."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


def phones_of(running: Panel, clock: Clock, reach: PhonesSettings = REACH) -> PhoneSettings:
    services = running.services
    return PhoneSettings(
        db=services.database, drafts=services.dialplan_drafts, settings_of={"main": reach}.get, clock=clock
    )


async def test_a_telephone_fetches_its_settings_at_an_address_of_its_own(running: Panel, admin: Visitor) -> None:
    secret = codes(await send(admin))[1]
    actor, phones = await pavel(running), running.services.phone_settings
    offered = await phones.offer(actor, "main", "104", "yealink", MAC)
    async with Visitor(running) as phone:
        answer = await phone.get(f"{offered.path}001565aabbcc.cfg")
        assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        told = read("yealink", answer.text)
        assert (told["account.1.user_name"], told["account.1.password"]) == ("104", secret)
        assert told["account.1.display_name"] == "Дарья Смирнова"
        for other in (
            "001565aabbcd.cfg",
            "cfg001565aabbcc.xml",
            "linphone.xml",
            "",
            "..%2f001565aabbcc.cfg",
            "y000.cfg",
        ):
            assert (await phone.get(f"{offered.path}{other}")).status == 404
        assert (await phone.get("/phones/" + "x" * 43 + "/001565aabbcc.cfg")).status == 404
        fresh = await running.services.newcomers.new_secret(actor, "main", "104")
        assert (await phone.get(f"{offered.path}001565aabbcc.cfg")).status == 404, "a new password closes the address"
        again = await phones.offer(actor, "main", "104", "grandstream", MAC)
        xml = (await phone.get(f"{again.path}cfg001565AABBCC.xml")).text
        assert read("grandstream", xml)["P34"] == fresh != secret


async def test_an_address_gets_old_is_used_up_and_is_off_by_default(running: Panel, admin: Visitor) -> None:
    await send(admin)
    actor, clock = await pavel(running), Clock()
    phones = phones_of(running, clock)
    app = (await phones.offer(actor, "main", "104", "linphone", "")).path.split("/")[2]
    desk = (await phones.offer(actor, "main", "104", "yealink", MAC)).path.split("/")[2]
    assert await phones.fetch(app, "linphone.xml")
    assert await phones.fetch(app, "linphone.xml") is None, "an app asks once"
    for _ in range(DESK_TIMES):
        assert await phones.fetch(desk, "001565aabbcc.cfg")
    assert await phones.fetch(desk, "001565aabbcc.cfg") is None
    for kind, file, lasts in (("linphone", "linphone.xml", APP_S), ("yealink", "001565aabbcc.cfg", DAY_S)):
        token = (await phones.offer(actor, "main", "104", kind, MAC)).path.split("/")[2]
        clock.now += lasts + 1
        assert await phones.fetch(token, file) is None, "too old"
    token = (await phones.offer(actor, "main", "104", "yealink", MAC)).path.split("/")[2]
    off = phones_of(running, clock, PhonesSettings(server="10.0.1.5"))
    assert await off.fetch(token, "001565aabbcc.cfg") is None
    with pytest.raises(Refused, match="fetch"):
        await off.offer(actor, "main", "104", "yealink", MAC)
    assert (await off.take(actor, "main", "104", "yealink", MAC)).name == "001565aabbcc.cfg", "by hand it is given"
    with pytest.raises(Refused, match="MAC"):
        await off.take(actor, "main", "104", "yealink", "none")
    with pytest.raises(Refused, match="server"):
        await phones_of(running, clock, PhonesSettings()).take(actor, "main", "104", "yealink", MAC)
    with pytest.raises(Refused):
        await phones.take(actor, "main", "103", "yealink", MAC)  # it was never given a password here


def test_pasted_lines_in_any_hand() -> None:
    like = Newcomer(name="", queues=("sales",))
    found = read_lines("\n  Анна ; 101 ; a, b b\nBoris\t102\t\n;;\nClara", like)
    assert [(one.name, one.extension, one.queues) for one in found] == [
        ("Анна", "101", ("a", "b")), ("Boris", "102", ("sales",)), ("Clara", "", ("sales",)),
    ]  # fmt: skip
    assert len(read_lines("x\n" * 1000, like)) == 201
