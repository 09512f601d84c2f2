"""A modem on the PBX, in the shapes that its drivers' sources have; and a PBX that has no such driver."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from base64 import b64encode
from collections.abc import AsyncIterator

import pytest

from cti.channels.phone.ami import AmiLink
from cti.channels.sms.modem import ModemLine
from cti.channels.texts import Answer, SmsTrouble
from cti.messages.gateways import ModemGiven
from tests.channels.fake_ami import Action, FakeAmi, event, said
from tests.channels.links import until
from tests.channels.sms.smpp_house import Taker, out

MARK = hashlib.sha256(b"k").hexdigest()[:32]
GSM = {"Privilege": "call,all", "Device": "gsm-1"}


class Modem:
    """A line that runs."""

    def __init__(self, link: AmiLink, driver: str) -> None:
        self.taker, self.found = Taker(), list[str]()
        given = ModemGiven(driver=driver, device="gsm-1")  # type: ignore[arg-type] - one of the two
        self.line = ModemLine(7, given, rate=100, taker=self.taker, found=self._find, modems=link)

    async def _find(self, stored: str) -> None:
        self.found.append(stored)


@contextlib.asynccontextmanager
async def modem(link: AmiLink, driver: str = "quectel") -> AsyncIterator[Modem]:
    made = Modem(link, driver)
    running = asyncio.create_task(made.line.run())
    await until(lambda: link._listeners)
    try:
        yield made
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@pytest.mark.parametrize(("driver", "name"), [("quectel", "QuectelSendSMS"), ("dongle", "DongleSendSMS")])
async def test_a_text_goes_and_its_report_comes(pbx: FakeAmi, link: AmiLink, driver: str, name: str) -> None:
    pbx.answers[name] = lambda action: said(action, Message="[gsm-1] SMS queued for send")
    kind = driver.capitalize()
    async with modem(link, driver) as one:
        assert await one.line.send(out("Привет,\nАнна")) == (Answer(state="accepted", far_id=MARK),)
        pbx.send(event(f"{kind}Report", **GSM, Payload=MARK, SCTS="", DT="", Success="1", Type="0", Report=""))
        pbx.send(event(f"{kind}Report", **GSM, Payload=MARK, SCTS="x", DT="x", Success="1", Type="1", Report="000,"))
        pbx.send(event(f"{kind}Report", **GSM, Payload=MARK, SCTS="", DT="", Success="0", Type="2", Report=""))
        await until(lambda: len(one.taker.receipts) == 3)
    (asked,) = pbx.told(name)
    assert {key: asked[key] for key in ("Device", "Number", "Message", "Validity", "Report", "Payload")} == {
        "Device": "gsm-1", "Number": "+79355550101", "Message": "Привет, Анна", "Validity": "1440", "Report": "yes",
        "Payload": MARK,
    }  # fmt: skip
    assert [told.state for told in one.taker.receipts] == ["sent", "delivered", "undeliverable"]
    assert {told.far_id for told in one.taker.receipts} == {MARK}


async def test_an_old_driver_tells_by_an_id_of_its_own(pbx: FakeAmi, link: AmiLink) -> None:
    pbx.answers["DongleSendSMS"] = lambda action: said(action, Message="[gsm-1] SMS queued for send", ID="0x7f01")
    async with modem(link, "dongle") as one:
        await one.line.send(out("Hi"))
        pbx.send(event("DongleSMSStatus", **GSM, ID="0x7f01", Status="Sent"))
        await until(lambda: one.taker.receipts)
    assert (one.taker.receipts[0].far_id, one.taker.receipts[0].state) == (MARK, "sent")


async def test_an_sms_comes_by_the_modem_once_and_is_no_part_of_calls(pbx: FakeAmi, link: AmiLink) -> None:
    text = b64encode("Привет\nиз города".encode()).decode()
    async with modem(link) as one:
        await until(lambda: link.events.qsize())  # that the link is up
        before = link.events.qsize()
        pbx.send(event("QuectelNewSMS", **GSM, From="+79355550101", LineCount="1", MessageLine0="Привет"))
        pbx.send(event("QuectelNewSMSBase64", **{**GSM, "Device": "gsm-2"}, From="+79355550109", Message=text))
        pbx.send(event("QuectelNewSMSBase64", **GSM, From="+79355550101", Message=text))
        await until(lambda: one.taker.texts)
        assert link.events.qsize() == before
    assert [(came.number, came.text) for came in one.taker.texts] == [("+79355550101", "Привет\nиз города")]


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("Permission denied", "no-right"),
        ("Invalid/unknown command: QuectelSendSMS. Use Action: ListCommands to show available commands.", "no-driver"),
        ("[gsm-1] Device disconnected", "down"),
        ("[gsm-1] Invalid number", "bad-number"),
    ],
)
async def test_what_the_pbx_does_not_take_is_told(pbx: FakeAmi, link: AmiLink, message: str, code: str) -> None:
    def answer(action: Action) -> bytes:
        return said(action, "Error", Message=message)

    pbx.answers["QuectelSendSMS"] = answer
    async with modem(link) as one:
        with pytest.raises(SmsTrouble) as trouble:
            await one.line.send(out("Hi"))
    assert trouble.value.code == code
    assert one.found[0].startswith(code)


async def test_a_modem_that_goes_is_down_until_it_is_back(pbx: FakeAmi, link: AmiLink) -> None:
    async with modem(link) as one:
        pbx.send(event("QuectelStatus", **GSM, Status="Disconnect"))
        await until(lambda: one.line.health == "down")
        pbx.send(event("QuectelStatus", **GSM, Status="Free"))
        await until(lambda: one.line.health == "up")
    assert one.found == ["down|Disconnect", ""]


async def test_an_answer_that_is_lost_leaves_it_unknown(pbx: FakeAmi, link: AmiLink) -> None:
    def lost(_action: Action) -> None:
        pbx.cut()

    pbx.answers["QuectelSendSMS"] = lost
    async with modem(link) as one:
        assert await one.line.send(out("Hi")) == (Answer(state="unknown"),)
        with pytest.raises(SmsTrouble):
            await one.line.send(out("ж" * 600))  # longer than an action's line
