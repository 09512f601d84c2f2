"""The link against a real Asterisk, with the least rights it is given (SEC-30)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from cti.channels.phone.ami import AmiLink, LinkDown, LinkUp, Received
from cti.channels.texts import SmsTrouble
from cti.errors import ChannelError
from cti.telephony import commands as c
from lab.pbx import Pbx
from tests.channels.links import SOAK, lived, until
from tests.channels.sms.smpp_house import out
from tests.channels.sms.test_modem import modem
from tests.e2e.server import quickest

pytestmark = pytest.mark.lab
CUTS = 20 if SOAK else 4


@pytest.fixture(scope="module")
def pbx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pbx]:
    with Pbx(tmp_path_factory.mktemp("pbx")) as running:
        running.add_members()
        yield running


@asynccontextmanager
async def linked(pbx: Pbx, secret: str | None = None) -> AsyncIterator[AmiLink]:
    link = AmiLink("127.0.0.1", pbx.ports.ami, "trubka", secret or pbx.secret_file.read_text().strip())
    task = asyncio.create_task(link.run())
    try:
        yield link
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def link(pbx: Pbx) -> AsyncIterator[AmiLink]:
    async with linked(pbx) as link:
        await until(lambda: link.health().state == "up")
        yield link


async def wait_for(link: AmiLink, event: str, within_s: float = 5.0) -> Received:
    async with asyncio.timeout(within_s):
        while True:
            item = await link.events.get()
            if isinstance(item, Received) and item.headers.get("Event") == event:
                return item


async def test_signs_in_by_challenge_and_hears_that_the_pbx_is_ready(link: AmiLink) -> None:
    assert (await wait_for(link, "FullyBooted")).headers["Event"] == "FullyBooted"
    answer = await link.ask(c.Ping())
    assert answer.ok
    assert answer.headers["Ping"] == "Pong"
    settings = await link.ask(c.CoreSettings())
    assert str(settings.headers["AsteriskVersion"])[:2].isdigit()
    assert (await link.ask(c.CoreStatus())).headers["CoreCurrentCalls"] == "0"


async def test_hears_its_own_event_and_none_of_the_noise(link: AmiLink) -> None:
    await link.ask(c.SendUserEvent(name="Heard"))
    item = await wait_for(link, "UserEvent")
    assert item.headers["UserEvent"] == "Heard"
    assert abs(item.at - float(str(item.headers["Timestamp"]))) < 1


async def test_F_17_a_clock_that_differs_is_measured_within_ms_and_taken_off_the_times(pbx: Pbx) -> None:
    def ours() -> float:
        return time.time() + 37.0

    secret = pbx.secret_file.read_text().strip()
    link = AmiLink("127.0.0.1", pbx.ports.ami, "trubka", secret, clock=ours)
    task = asyncio.create_task(link.run())
    try:
        await until(lambda: link.health().state == "up")
        assert link.far.ahead_s == pytest.approx(-37.0, abs=0.05)
        await link.ask(c.SendUserEvent(name="Late"))
        item = await wait_for(link, "UserEvent")
        assert float(str(item.headers["Timestamp"])) == pytest.approx(item.at - 37.0, abs=0.5), "as it came"
        assert float(str(link.far.corrected(item.headers)["Timestamp"])) == pytest.approx(item.at, abs=0.5)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_the_snapshot_tells_queues_members_and_devices(link: AmiLink) -> None:
    items = await link.snapshot()
    assert await quickest(link.snapshot) < 2
    kinds = {str(item["Event"]) for item in items}
    assert {"QueueParams", "QueueMember", "DeviceStateChange"} <= kinds
    members = {(item["Queue"], item["Location"]) for item in items if item["Event"] == "QueueMember"}
    assert any(queue == "sales" for queue, _ in members)


async def test_A8_members_come_and_go_within_a_second(link: AmiLink) -> None:
    add = c.AddMember(queue="support", device="PJSIP/103", name="Клара")
    pause = c.PauseMember(device="PJSIP/103", paused=True, queue="support", reason="ОБЕД")
    remove = c.RemoveMember(queue="support", device="PJSIP/103")

    async def come_and_go() -> None:
        for command in (add, pause, remove):
            answer = await link.ask(command)
            assert answer.ok, answer.message

    assert await quickest(come_and_go) < 1
    paused = await wait_for(link, "QueueMemberPause")
    assert (paused.headers["MemberName"], paused.headers["PausedReason"]) == ("Клара", "ОБЕД")
    assert link.pending == 0


async def test_SEC_30_the_account_may_not_run_programs_or_change_the_pbx(link: AmiLink) -> None:
    allowed = (await link.ask(c.ListCommands())).headers
    assert {"Originate", "QueueAdd", "CoreShowChannels", "Getvar", "BlindTransfer", "Atxfer"} <= set(allowed)
    assert not {"Command", "UpdateConfig", "GetConfig", "ModuleLoad", "Reload", "MixMonitor", "DBPut"} & set(allowed)


async def test_a_call_to_a_phone_that_is_not_there_is_refused_by_an_event(link: AmiLink) -> None:
    command = c.MakeCall(
        device="PJSIP/no-such", number="600", context="from-internal", request_id="real1", caller_id_number="101",
        caller_id_name='Иванов "Ваня" <\\', headers=(("Call-Info", "<sip:pbx>;answer-after=0"),),
    )  # fmt: skip
    assert (await link.ask(command)).ok
    response = await wait_for(link, "OriginateResponse")
    assert response.headers["ActionID"] == "trubka-real1"
    assert response.headers["Response"] == "Failure"


async def test_a_leg_that_is_not_there_is_refused_in_the_pbxs_words(link: AmiLink) -> None:
    leg = "PJSIP/101-ffffffff"
    for command in (
        c.ClearConnection(leg=leg),
        c.SendDigit(leg=leg, digit="5"),
        c.Redirect(leg=leg, context="from-internal", number="600"),
        c.BlindTransfer(leg=leg, context="from-internal", number="600"),
        c.AttendedTransfer(leg=leg, context="from-internal", number="600"),
    ):
        answer = await link.ask(command)
        assert not answer.ok
        assert "ermission" not in answer.message
        assert answer.message


async def test_the_dialplan_can_be_read_and_a_phones_contact_asked_for(link: AmiLink) -> None:
    items = (await link.ask(c.ShowDialplan(context="from-internal"))).items
    assert any(item.get("Event") == "ListDialplan" for item in items)
    assert (await link.ask(c.GetVariable(name="PJSIP_AOR(101,contact)"))).ok


async def test_A13_a_wrong_secret_is_told_and_not_tried_again(pbx: Pbx) -> None:
    async with linked(pbx, "wrong") as link:
        took = await until(lambda: link.health().state == "refused")
        assert took < 5
        assert "trubka" in link.health().detail
        assert "wrong" not in link.health().detail.replace("check username and secret", "")
        with pytest.raises(ChannelError):
            await link.ask(c.Ping())


async def test_F_01_a_cut_link_is_back_within_five_seconds(link: AmiLink) -> None:
    for _ in range(CUTS):
        assert link._writer is not None
        link._writer.transport.abort()
        async with asyncio.timeout(5):
            while not isinstance(await link.events.get(), LinkDown):
                pass
            while not isinstance(await link.events.get(), LinkUp):
                pass
        assert await link.snapshot()


async def _clicked(link: AmiLink) -> None:
    command = c.MakeCall(device="PJSIP/101", number="600", context="from-internal", request_id="late")
    await link.ask(command, timeout_s=1)


async def test_A7_F02_a_frozen_pbx_is_noticed_within_fifteen_seconds_and_dials_nothing_later(
    pbx: Pbx, link: AmiLink
) -> None:
    await link.ask(c.Ping())
    pbx.pause()
    try:
        began = time.monotonic()
        took = await lived(lambda: time.monotonic() - began > 1, 15)
        clicked = asyncio.create_task(_clicked(link))
        took += await lived(clicked.done, 1.1)
        with pytest.raises(ChannelError, match="was not asked"):
            await clicked
        took += await lived(lambda: link.health().state != "up", 16)
        assert took <= 15.2
    finally:
        pbx.resume()
    await until(lambda: link.health().state == "up", 40)
    calls = await link.ask(c.ShowChannels())
    assert not calls.items


async def test_F_03_a_restarted_pbx_is_waited_for_until_it_is_ready(pbx: Pbx, link: AmiLink) -> None:
    await link.snapshot()
    pbx.stop()  # gently: what it remembers is written a second later
    await until(lambda: link.health().state != "up")
    pbx.start_again()
    await until(lambda: link.health().state == "up", 15)
    items = await link.snapshot()
    assert any(item["Event"] == "QueueMember" for item in items), "members are known when the link is up"


async def test_a_pbx_without_a_modem_says_that_it_has_no_driver_for_one(link: AmiLink) -> None:
    async with modem(link) as one:
        with pytest.raises(SmsTrouble) as trouble:
            await one.line.send(out("Hi"))
    assert trouble.value.code == "no-driver"
