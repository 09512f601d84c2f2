"""Two newcomers of a real PBX: their phones register as their settings say, call, play what was brought, record."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest

from cti.access import Person
from cti.features.newcomers import Newcomer
from cti.features.plan_sounds import Spoken
from cti.settings import OwnerSettings, PbxSettings, PhonesSettings
from cti.storage import users
from dialplan.phones import Kind
from dialplan.plan import End, Number, Plan, Say
from dialplan.sounds import placed
from lab.phones import Phone
from tests.dialplan.house import DID, HOUSE
from tests.dialplan.owned import OwnedPbx
from tests.dialplan.test_phones import read
from tests.e2e.server import until
from tests.lab.ami import Ami
from tests.sound.made_sounds import as_file, hertz, tone
from tests.sound.made_sounds import read as samples_of
from tests.web.panel import PAVEL, Panel, panel

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import audioop

pytestmark = pytest.mark.lab
MACS: dict[Kind, str] = {"yealink": "001565aabbcc", "grandstream": "000b82aabbcc"}


@pytest.fixture(scope="module")
def pbx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnedPbx]:
    with OwnedPbx(tmp_path_factory.mktemp("pbx")) as one:
        yield one


@pytest.fixture
async def running(tmp_path: Path, pbx: OwnedPbx) -> AsyncIterator[Panel]:
    settings = PbxSettings(
        port=pbx.ports.ami,
        secret_file=pbx.secret_file,
        owner=OwnerSettings(folder=pbx.etc, command=pbx.command, sounds=pbx.sounds),
        phones=PhonesSettings(server="127.0.0.1", port=pbx.ports.sip, fetch=True),
    )
    async with panel(tmp_path, sections={"pbx": {"main": settings}}) as made:
        yield made


async def settings_of(running: Panel, actor: Person, device: str, kind: Kind) -> dict[str, str]:
    """What the telephone fetches, read strictly."""
    mac = MACS[kind]
    offered = await running.services.phone_settings.offer(actor, "main", device, kind, mac)
    name = f"{mac}.cfg" if kind == "yealink" else f"cfg{mac}.xml"
    async with aiohttp.ClientSession() as http, http.get(f"{running.url}{offered.path}{name}") as answer:
        assert answer.status == 200
        return read(kind, (await answer.text()).replace(mac, "001565aabbcc"))


async def test_two_newcomers_call_are_called_hear_and_record(running: Panel, pbx: OwnedPbx, tmp_path: Path) -> None:
    services = running.services
    async with services.db.read() as conn:
        user = await users.by_id(conn, PAVEL)
    assert user
    actor = user.person
    await services.dialplan_drafts.set_mode(actor, "main", "owner")
    said = (Say(id="hello", sound="trubka/privet", then="bye"), End(id="bye"))
    house = Plan(numbers=(Number(digits=DID, first="hello"),), nodes=said, queues=HOUSE.queues)
    draft = await services.dialplan_drafts.get("main")
    draft = await services.dialplan_drafts.change(actor, "main", draft.revision, lambda _plan: house)
    for name, hz in (("privet", 440.0), ("other", 880.0)):
        file = await asyncio.to_thread(as_file, tmp_path / name, "mp3", tone(hz=hz, seconds=2, quiet_s=0.3))
        revision = (await services.dialplan_drafts.get("main")).revision
        title, own = ("Привет", "") if name == "privet" else ("x", "trubka/privet")
        await services.plan_sounds.bring(
            actor, "main", revision, file, language="ru" if name == "privet" else "en", title=title, name=own
        )
    wanted = [
        Newcomer(name="Pavel", extension="104", browser=True, user_id=PAVEL),
        Newcomer(name="Ева", extension="105", voicemail=True, browser=False, queues=("sales",)),
    ]
    revision = (await services.dialplan_drafts.get("main")).revision
    await services.newcomers.admit(actor, "main", revision, wanted)
    kept = await services.dialplan_drafts.secrets("main")
    await until(lambda: services.link().state == "up", why="the link is up")
    draft = await services.dialplan_drafts.get("main")
    job = await services.dialplan_publish.publish(actor, "main", draft.revision)
    await job.over.wait()
    assert job.why == "", job.said
    assert (await services.phones.browser(actor)).password == kept["104-web"], "of what was published"

    first = await settings_of(running, actor, "104", "yealink")
    second = await settings_of(running, actor, "105", "grandstream")
    port = int(first["account.1.sip_server.1.port"])
    here = Phone(first["account.1.user_name"], port, secret=first["account.1.password"])
    there = Phone(second["P35"], port, secret=second["P34"], ring_ms=0)
    try:
        await asyncio.to_thread(here.start)
        await asyncio.to_thread(there.start)
        await asyncio.to_thread(here.dial, "105")
        for phone in (here, there):
            await asyncio.to_thread(phone.wait, "talking")
        assert there.caller == ("104", "Pavel")
        await asyncio.to_thread(here.hang_up)
        await asyncio.to_thread(there.wait, "idle")
        await heard(here, pbx)
        await spoken(running, here, actor)
    finally:
        await asyncio.to_thread(here.stop)
        await asyncio.to_thread(there.stop)


async def heard(phone: Phone, pbx: OwnedPbx) -> None:
    """Who calls the number hears the Russian take, by its pitch and its length."""
    phone.audio.kept, phone.ring_ms = bytearray(), 0
    with Ami(pbx, within_s=20.0) as ami:
        there = {"Context": "from-outside", "Exten": DID, "Priority": "1"}
        ami.action("Originate", Channel="PJSIP/104", Async="true", Timeout="9000", **there)
    await asyncio.to_thread(phone.wait, "talking")
    await asyncio.to_thread(phone.wait, "idle", within_s=15.0)
    sound = audioop.ulaw2lin(bytes(phone.audio.kept), 2)
    loud = [at for at in range(0, len(sound) - 320, 320) if audioop.rms(sound[at : at + 320], 2) > 1000]
    assert 1.8 < len(loud) / 50 < 2.4, "two seconds of a tone"
    middle = sound[loud[len(loud) // 4] : loud[len(loud) * 3 // 4]]
    assert abs(hertz(middle, 8000) - 440) < 3


async def spoken(running: Panel, phone: Phone, actor: Person) -> None:
    """What is spoken into the phone becomes a take of the sound."""
    sounds = running.services.plan_sounds
    await until(lambda: running.services.link().state == "up", why="the link is up")
    phone.ring_ms = None
    begun = await sounds.speak(actor, "main", shown="Запись звука")
    assert begun.state == "rings"
    await asyncio.to_thread(phone.wait, "ringing")
    assert phone.caller[1] == "Запись звука"
    phone.audio.voice = b"\xff" * 8000 * 1 + audioop.lin2ulaw(tone(hz=600, seconds=2.5, rate=8000), 2)
    await asyncio.to_thread(phone.answer)
    await until(lambda: not phone.audio.voice, within_s=10.0, why="the phone has spoken")
    assert (await sounds.spoken(actor, begun.id)).state == "spoken"
    await asyncio.to_thread(phone.hang_up)

    async def over() -> Spoken | None:
        now = await sounds.spoken(actor, begun.id)
        return None if now.state == "spoken" else now

    state = await until(over, why="the call is over")
    assert state.made, state.why
    assert 1.5 < state.made.seconds < 3.0
    draft = await running.services.dialplan_drafts.get("main")
    await sounds.keep_spoken(actor, "main", draft.revision, begun.id, language="ru", title="-", name="trubka/privet")
    plan = (await running.services.dialplan_drafts.get("main")).plan
    takes = {take.language: take for take in plan.sounds[0].takes}
    assert takes["ru"].sha256 == state.made.sha256
    file = running.services.settings.data / "sounds" / placed(plan)["ru/trubka/privet.wav"]
    samples, rate = await asyncio.to_thread(samples_of, file)
    assert abs(hertz(samples[len(samples) // 3 & ~1 : len(samples) // 3 * 2 & ~1], rate) - 600) < 4
