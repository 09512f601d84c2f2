"""Sounds and people of a dialplan, in a browser without scripts."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from cti.settings import OwnerSettings, PbxSettings, PhonesSettings
from cti.storage import users
from dialplan.plan import Plan, Say
from tests.dialplan.house import HOUSE
from tests.dialplan.test_phones import read
from tests.sound.made_sounds import as_wav, tone
from tests.web.panel import Panel, panel
from tests.web.visitor import Answer, Visitor

PEOPLE, SOUNDS = "/dialplan/people", "/dialplan/sounds"


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Panel]:
    stock = tmp_path / "stock"
    (stock / "ru/digits").mkdir(parents=True)
    (stock / "ru/vm-goodbye.sln").write_bytes(tone(rate=8000, seconds=0.3))
    (stock / "ru/digits/1.sln").write_bytes(tone(rate=8000, seconds=0.3))
    (stock / "ru/readme.txt").write_text("no sound")
    pbx = PbxSettings(
        port=1, secret=SecretStr("x"), owner=OwnerSettings(folder=tmp_path, sounds=stock),
        phones=PhonesSettings(server="10.0.1.5", fetch=True),
    )  # fmt: skip
    async with panel(tmp_path / "data", sections={"pbx": {"main": pbx}}) as made:
        async with made.services.db.read() as conn:
            pavel = await users.by_login(conn, "pavel")
        assert pavel
        await made.services.dialplan_drafts.change(pavel.person, "main", 0, lambda _plan: HOUSE)
        yield made


@pytest.fixture
async def admin(running: Panel) -> AsyncIterator[Visitor]:
    async with Visitor(running, "pavel") as visitor:
        yield visitor


async def plan_of(running: Panel) -> Plan:
    return (await running.services.dialplan_drafts.get("main")).plan


async def revision(running: Panel) -> str:
    return str((await running.services.dialplan_drafts.get("main")).revision)


async def bring(admin: Visitor, sound: bytes, name: str = "Hello.wav", query: str = "language=ru") -> Answer:
    headers = {
        "X-CSRF-Token": admin.csrf, "Origin": admin.panel.url, "X-File-Name": name, "Accept": "application/json",
        "Content-Type": "application/octet-stream",
    }  # fmt: skip
    return await admin.ask("POST", f"{SOUNDS}?{query}", data=sound, headers=headers)


async def test_a_sound_is_brought_heard_renamed_replaced_and_kept_while_it_is_played(
    running: Panel, admin: Visitor
) -> None:
    assert (await bring(admin, as_wav(tone()))).status == 201
    plan = await plan_of(running)
    sound = plan.sounds[-1]
    assert (sound.name, sound.title, sound.takes[0].seconds) == ("trubka/hello", "Hello", 1.0)
    page = await admin.get(SOUNDS)
    heard = await admin.ask("GET", f"{SOUNDS}/heard/{sound.takes[0].sha256}", headers={"Range": "bytes=0-3"})
    assert (heard.status, heard.headers["Content-Type"], heard.text) == (206, "audio/wav", "RIFF")
    assert sound.takes[0].sha256 in page.text
    done = await admin.post(f"{SOUNDS}/rename", name=sound.name, title="Greeting", revision=await revision(running))
    assert done.status == 303
    assert (await bring(admin, as_wav(tone(hz=880)), query=f"language=en&name={sound.name}")).status == 201
    after = (await plan_of(running)).sounds[-1]
    assert (after.name, after.title) == (sound.name, "Greeting")
    assert [take.language for take in after.takes] == ["ru", "en"]
    say = Say(id="say", sound=sound.name, then="")
    drafts = running.services.dialplan_drafts
    async with running.services.db.read() as conn:
        pavel = await users.by_login(conn, "pavel")
    assert pavel
    draft = await drafts.get("main")
    await drafts.change(pavel.person, "main", draft.revision, lambda plan: replace(plan, nodes=(*plan.nodes, say)))
    refused = await admin.post(f"{SOUNDS}/remove", name=sound.name, revision=await revision(running))
    assert refused.status == 409
    assert refused.says("Steps play this sound")
    one = await admin.post(f"{SOUNDS}/remove", name=sound.name, language="en", revision=await revision(running))
    assert one.status == 303
    assert [take.language for take in (await plan_of(running)).sounds[-1].takes] == ["ru"]


async def test_SEC_38_a_file_that_is_no_sound_is_refused_in_words_and_leaves_nothing(
    running: Panel, admin: Visitor
) -> None:
    answer = await bring(admin, b"Channel: PJSIP/101\nApplication: System\n", "evil.call")
    assert answer.status == 409
    assert answer.says("This is no sound")
    assert (await bring(admin, b"x" * 100, "big.wav", "language=ru&name=trubka/none")).status == 409
    store = running.services.settings.data / "sounds"
    assert not list(store.glob("*"))
    for hash_ in ("..%2f..%2fsecrets.key", "a" * 64, "none"):
        assert (await admin.get(f"{SOUNDS}/heard/{hash_}")).status == 404


async def test_sounds_of_the_pbx_are_found_by_their_words_heard_and_taken(running: Panel, admin: Visitor) -> None:
    page = await admin.get(f"{SOUNDS}/stock?q=goodbye")
    assert "vm-goodbye" in page.text
    assert "digits/1" not in page.text
    assert (await admin.get(f"{SOUNDS}/stock")).says("digits/1")
    heard = await admin.ask("GET", f"{SOUNDS}/stock/heard?name=vm-goodbye&language=ru", headers={"Range": "bytes=0-3"})
    assert heard.text == "RIFF"
    for name in ("readme", "../secrets", "digits/2", ""):
        assert (await admin.get(f"{SOUNDS}/stock/heard?name={name}&language=ru")).status == 409
    taken = await admin.post(f"{SOUNDS}/stock", name="vm-goodbye", revision=await revision(running))
    assert taken.status == 303
    assert (await plan_of(running)).sounds[-1].name == "vm-goodbye"
    async with Visitor(running, "vera") as vera:
        assert (await vera.get(f"{SOUNDS}/stock")).status == 200
        assert (await vera.post(f"{SOUNDS}/stock", name="beep", revision="1")).status == 403


async def test_a_guest_is_told_why_nothing_is_spoken(running: Panel, admin: Visitor) -> None:
    assert (await admin.get(SOUNDS)).says("Only where the dialplan is ours can a sound be spoken")
    refused = await admin.post(f"{SOUNDS}/speak", title="X", language="ru")
    assert refused.status == 409
    assert (await admin.get(f"{SOUNDS}/spoken/none")).status == 409


async def test_a_person_is_found_and_set_otherwise(running: Panel, admin: Visitor) -> None:
    assert "103" in (await admin.get(f"{PEOPLE}?q=клар")).text
    assert (await admin.get(f"{PEOPLE}?q=nobody")).says("Nobody is found")
    assert (await admin.get(f"{PEOPLE}/999")).status == 404
    fields = {"name": "Клара Н.", "extension": "203", "devices": "203 203b", "browsers": "203-web", "voicemail": "yes"}
    done = await admin.post(f"{PEOPLE}/103", **fields, revision=await revision(running))
    assert (done.status, done.place) == (303, f"{PEOPLE}/203?said=saved")
    one = (await plan_of(running)).people[0]
    assert (one.extension, one.devices, one.browsers, one.voicemail) == ("203", ("203", "203b"), ("203-web",), True)
    wrong = await admin.post(f"{PEOPLE}/203", **{**fields, "devices": "a;b"}, revision=await revision(running))
    assert wrong.status == 409
    assert wrong.says("A device is a plain word")
    assert 'value="a;b"' in wrong.text
    stale = await admin.post(f"{PEOPLE}/203", **fields, revision="0")
    assert stale.status == 409


async def test_passwords_and_addresses_are_shown_once(running: Panel, admin: Visitor) -> None:
    page = await admin.post(f"{PEOPLE}/103/secret", device="103")
    secret = re.findall(r"<code>([^<]{20,})</code>", page.text)[0]
    assert page.headers["Cache-Control"] == "no-store"
    assert secret not in (await admin.get(f"{PEOPLE}/103")).text
    assert (await admin.post(f"{PEOPLE}/103/secret", device="999")).status == 409
    mac = "00:15:65:AA:BB:CC"
    file = await admin.post(f"{PEOPLE}/103/settings", device="103", kind="yealink", mac=mac, file="yes")
    assert file.headers["Content-Disposition"] == 'attachment; filename="001565aabbcc.cfg"'
    assert read("yealink", file.text)["account.1.password"] == secret
    linked = await admin.post(f"{PEOPLE}/103/settings", device="103", kind="linphone", mac="", link="yes")
    address = re.findall(r"<code>(http[^<]+)</code>", linked.text)[0].removeprefix(running.url)
    assert 'class="qr" src="data:image/svg+xml' in linked.text
    assert address not in (await admin.get(f"{PEOPLE}/103")).text
    async with Visitor(running) as phone:
        assert read("linphone", (await phone.get(address)).text)["auth_info_0/passwd"] == secret
        assert (await phone.get(address)).status == 404
    assert (await admin.post(f"{PEOPLE}/103/settings", device="103", kind="yealink", mac="x", file="yes")).status == 409
    data = {"csrf": admin.csrf, "kind": "grandstream", "lines": f"103 {mac}\n"}
    headers = {"Origin": running.url}
    async with admin.http.post(f"{running.url}{PEOPLE}/settings.zip", data=data, headers=headers) as answer:
        assert answer.status == 200
        packed = zipfile.ZipFile(io.BytesIO(await answer.read()))
    assert packed.namelist() == ["cfg001565aabbcc.xml"]
    assert (await admin.post(f"{PEOPLE}/settings.zip", kind="yealink", lines="999 x")).status == 409


async def test_somebody_leaves_by_the_page(running: Panel, admin: Visitor) -> None:
    page = await admin.get(f"{PEOPLE}/103/leave")
    assert page.says("Nobody else is named there")
    done = await admin.post(f"{PEOPLE}/103/leave", revision=await revision(running), block="yes")
    assert done.status == 303
    assert (await plan_of(running)).people == ()
    async with Visitor(running, "vera") as vera:
        assert (await vera.get(f"{PEOPLE}/103/leave")).status == 403


@pytest.mark.parametrize("path", [PEOPLE, f"{PEOPLE}/103", f"{PEOPLE}/103/leave", SOUNDS, f"{SOUNDS}/stock"])
@pytest.mark.parametrize("language", ["ru", "en"])
async def test_every_page_has_one_h1_and_labelled_fields(admin: Visitor, path: str, language: str) -> None:
    await admin.post("/profile/look", language=language, theme="dark")
    page = (await admin.get(path)).text
    assert page.count("<h1>") == 1
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
