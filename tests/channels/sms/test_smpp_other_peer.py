"""The same line against a second SMSC of others' making (smpp34), in this process."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import smpp34

from lab.free_ports import free_port
from tests.channels.sms.smpp_house import house, out, until

LONG = "Ваш заказ готов. " * 38  # ten parts


@dataclass
class Smsc:
    """What was submitted, and the link that receives."""

    port: int
    submits: list[Any] = field(default_factory=list)
    link: Any = None


@contextlib.asynccontextmanager
async def smsc() -> AsyncIterator[Smsc]:
    made = Smsc(free_port())
    server = smpp34.Server("127.0.0.1", made.port, system_id="other")
    await server.start()
    serving = asyncio.create_task(_serve(server, made))
    try:
        yield made
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        await server.stop()


async def _serve(server: Any, made: Smsc) -> None:
    while True:
        came = await server.next()
        if isinstance(came, smpp34.Esme):
            made.link = came
        elif isinstance(came, smpp34.SubmitSmEvent):
            made.submits.append(came)
            came.accept(f"m-{len(made.submits)}")


async def test_both_peers_read_the_same_bytes() -> None:
    async with smsc() as peer, house(peer.port) as one:
        for text in ("Total: 5€ [a]", "Привет 😀", LONG):
            answers = await one.line.send(out(text))
            assert {answer.state for answer in answers} == {"accepted"}
        simple, wide, *parts = peer.submits
        assert (simple.data_coding, simple.short_message) == (0, b"Total: 5\x1b\x65 \x1b\x3ca\x1b\x3e")
        assert (wide.data_coding, wide.short_message) == (8, "Привет 😀".encode("utf-16-be"))
        parts.sort(key=lambda part: part.short_message[5])  # this peer tells of them in any order
        assert [part.short_message[:3] + part.short_message[4:6] for part in parts] == [
            b"\x05\x00\x03" + bytes((10, number)) for number in range(1, 11)
        ]
        assert b"".join(part.short_message[6:] for part in parts).decode("utf-16-be") == LONG


@pytest.mark.parametrize(("state", "told"), [(2, "delivered"), (5, "undeliverable"), (3, "expired"), (8, "rejected")])
async def test_a_receipt_by_fields_alone_is_read(state: int, told: str) -> None:
    async with smsc() as peer, house(peer.port) as one:
        await until(lambda: peer.link)
        tlvs = [
            smpp34.Tlv(smpp34.TLV_RECEIPTED_MESSAGE_ID, b"0A1F\0"),
            smpp34.Tlv(smpp34.TLV_MESSAGE_STATE, bytes((state,))),
        ]
        await peer.link.deliver_sm("Trubka", b"", source_addr="79355550101", esm_class=4, tlvs=tlvs)
        await until(lambda: one.taker.receipts)
    assert (one.taker.receipts[0].far_id, one.taker.receipts[0].state) == ("0A1F", told)
