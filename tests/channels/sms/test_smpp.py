"""SMS through an SMSC: what it is given, byte by byte, what it tells, and what comes from it."""

from __future__ import annotations

import pytest

from cti.channels.texts import Answer, InText, SmsTrouble
from lab.smsc import Smsc
from tests.channels.sms.smpp_house import NUMBER, fault, house, out, tell, until

LONG = "Уважаемый клиент, ваш заказ ждёт вас. " * 17  # 646 signs of UCS-2: ten parts


async def test_texts_arrive_byte_by_byte(peer: Smsc) -> None:
    async with house(peer.port) as one:
        assert [answer.state for answer in await one.line.send(out("Total: 5€ [a]"))] == ["accepted"]
        await one.line.send(out("Привет 😀"))
        ten = await one.line.send(out(LONG))
    simple, wide, *parts = peer.submits()
    assert (simple["data_coding"], simple["raw"]) == (0, b"Total: 5\x1b\x65 \x1b\x3ca\x1b\x3e".hex())
    assert (wide["data_coding"], wide["raw"]) == (8, "Привет 😀".encode("utf-16-be").hex())
    assert len(parts) == len(ten) == len({one.far_id for one in ten}) == 10
    assert [one["id"] for one in parts] == [one.far_id for one in ten], "answers are in the order of the parts"
    raw = [bytes.fromhex(one["raw"]) for one in parts]
    assert {one["esm_class"] for one in parts} == {0x40}
    assert {one[:3] for one in raw} == {b"\x05\x00\x03"}
    assert [tuple(one[4:6]) for one in raw] == [(10, number) for number in range(1, 11)]
    assert len({one[3] for one in raw}) == 1, "one reference"
    assert b"".join(one[6:] for one in raw).decode("utf-16-be") == LONG
    assert max(len(one) for one in raw) <= 140


@pytest.mark.parametrize(
    ("sender", "address"),
    [("Trubka", ("Trubka", 5, 0)), ("+74950000009", ("74950000009", 1, 1)), ("4040", ("4040", 3, 0)), ("", ("", 0, 0))],
)
async def test_a_sender_is_a_name_or_a_number(peer: Smsc, sender: str, address: tuple[str, int, int]) -> None:
    async with house(peer.port) as one:
        await one.line.send(out("Hi", sender=sender))
    (sent,) = peer.submits()
    assert (sent["source_addr"], sent["source_addr_ton"], sent["source_addr_npi"]) == address
    assert (sent["destination_addr"], sent["dest_addr_ton"], sent["dest_addr_npi"]) == (NUMBER[1:], 1, 1)
    assert sent["registered_delivery"] == 1
    assert sent["validity_period"]


async def test_parts_may_be_told_by_fields(peer: Smsc) -> None:
    async with house(peer.port, long="sar") as one:
        await one.line.send(out("x" * 200))
    first, second = peer.submits()
    assert first["sar"][0] == second["sar"][0]
    assert [first["sar"][1:], second["sar"][1:]] == [[2, 1], [2, 2]]
    assert bytes.fromhex(first["raw"] + second["raw"]) == b"x" * 200
    assert first["esm_class"] == 0


@pytest.mark.parametrize(
    ("status", "code", "permanent"),
    [(0x0B, "bad-number", True), (0x0A, "bad-sender", True), (0x08, "other", False), (0x0400, "other", True)],
)
async def test_what_is_refused_was_not_taken(peer: Smsc, status: int, code: str, permanent: bool) -> None:
    await fault(peer, reject=status)
    async with house(peer.port) as one:
        with pytest.raises(SmsTrouble) as trouble:
            await one.line.send(out("Hi"))
        assert (trouble.value.code, trouble.value.permanent) == (code, permanent)
        assert one.line.health == "up"


@pytest.mark.parametrize("number", ["", "+7 935", "abc", "+" + "7" * 21])
async def test_what_cannot_be_written_is_not_sent(peer: Smsc, number: str) -> None:
    async with house(peer.port) as one:
        for wrong in (out("Hi", number), out("Hi", sender="Трубка"), out("Hi", sender="much too long")):
            with pytest.raises(SmsTrouble):
                await one.line.send(wrong)
        await one.line.send(out("Hi"))
    assert len(peer.submits()) == 1


@pytest.mark.parametrize(
    "faults",
    [{}, {"receipt_tlv": True}, {"ids": "hex"}, {"receipt_times": 2}, {"receipt_first": True}],
    ids=["text", "fields", "hex", "twice", "before-the-answer"],
)
async def test_F_45_receipts_are_read_as_they_are_written(peer: Smsc, faults: dict[str, object]) -> None:
    await fault(peer, receipts=True, **faults)
    async with house(peer.port) as one:
        (answer,) = await one.line.send(out("Hi"))
        await until(lambda: len(one.taker.receipts) >= (2 if faults.get("receipt_times") else 1))
    told = one.taker.receipts[0]
    assert told.state == "delivered"
    assert not one.taker.texts
    assert told.far_id == (f"{int(answer.far_id):X}" if faults.get("ids") else answer.far_id)
    assert told.said == ("" if faults.get("receipt_tlv") else "DELIVRD err:00A")


async def test_an_sms_comes_in_and_is_thanked_for_when_it_is_written_down(peer: Smsc) -> None:
    async with house(peer.port) as one:
        one.taker.fails = True
        brought = {"source_addr": "79355550101", "destination_addr": "4040", "hex": "4f4b"}
        assert await tell(peer, deliver=brought) == {"status": 0x64}, "the SMSC keeps it and comes again"
        assert not one.taker.texts
        one.taker.fails = False
        await tell(peer, sms={"from": NUMBER, "to": "74950000009", "text": "СТОП"})
        await tell(peer, sms={"from": NUMBER, "to": "74950000009", "text": LONG})
    short, *parts = one.taker.texts
    assert (short.number, short.sender, short.text) == ("79355550101", "74950000009", "СТОП")
    assert (short.ref, short.part, short.parts) == (0, 1, 1)
    assert [(one.part, one.parts) for one in parts] == [(number, 10) for number in range(1, 11)]
    assert len({one.ref for one in parts}) == 1
    assert "".join(one.text for one in parts) == LONG


UDH_16 = "06080402010302" + "Ж".encode("utf-16-be").hex()
FORMS = {
    "16-bit-reference": ({"esm_class": 0x40, "data_coding": 8, "hex": UDH_16}, ("Ж", 0x0201, 3, 2)),
    "fields": (
        {"hex": "6869", "sar_msg_ref_num": 513, "sar_total_segments": 2, "sar_segment_seqnum": 2},
        ("hi", 513, 2, 2),
    ),
    "extension": ({"hex": "1b65"}, ("€", 0, 1, 1)),
    "latin-1": ({"data_coding": 3, "hex": "e9"}, ("é", 0, 1, 1)),
    "class-0": ({"data_coding": 0x18, "hex": "0416"}, ("Ж", 0, 1, 1)),
    "payload": ({"data_coding": 8, "hex": "", "message_payload": "Ж" * 100}, ("Ж" * 100, 0, 1, 1)),
    "a-port": ({"esm_class": 0x40, "hex": "06050400010001" + "6869"}, ("hi", 0, 1, 1)),
}


@pytest.mark.parametrize("form", FORMS)
async def test_texts_are_read_in_all_forms(peer: Smsc, form: str) -> None:
    fields, (text, ref, parts, part) = FORMS[form]
    async with house(peer.port) as one:
        sent = await tell(peer, deliver={"source_addr": "79355550101", "destination_addr": "4040", **fields})
    assert sent == {"status": 0}
    (told,) = one.taker.texts
    assert told == InText(number="79355550101", sender="4040", text=text, at=told.at, ref=ref, part=part, parts=parts)


async def test_a_pair_of_links_sends_by_one_and_hears_by_the_other(peer: Smsc) -> None:
    await fault(peer, receipts=True)
    async with house(peer.port, bind="pair", binds=2) as one:
        await until(lambda: peer.tell()["links"] == 3)
        assert (await one.line.send(out("Hi")))[0].state == "accepted"
        await until(lambda: one.taker.receipts)
    assert one.line.window == 20
    assert one.found == [""]


async def test_no_number_and_no_text_is_in_a_log(peer: Smsc, capsys: pytest.CaptureFixture[str]) -> None:
    async with house(peer.port) as one:
        await one.line.send(out("kanareyka", "+79355557101"))
        one.taker.fails = True
        await tell(peer, deliver={"source_addr": "79355557101", "destination_addr": "4040", "hex": b"kanareyka".hex()})
        with pytest.raises(SmsTrouble):
            await one.line.send(out("kanareyka", "+79355557101", sender="канарейка"))
    said = "".join(capsys.readouterr())
    assert "sms.smpp" in said, "it does write a log"
    assert "kanareyka" not in said
    assert "канарейка" not in said
    assert "7101" not in said


async def test_an_answer_holds_what_the_far_side_calls_it(peer: Smsc) -> None:
    async with house(peer.port) as one:
        assert await one.line.send(out("Hi")) == (Answer(state="accepted", far_id=peer.submits()[0]["id"]),)
