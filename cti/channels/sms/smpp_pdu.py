"""What goes over an SMPP 3.4 link as bytes: what we ask, and what an SMSC tells, read as the field really writes it.

What we write is made by aiosmpplib, always with the alphabet said and the header of long texts made here. What comes is
read here: the library's reader gives up on receipts with seconds or letters in them, on texts with a 16-bit reference,
on receipts without a text, and on states that SMSCs have made up (0.7.4, 2026-05: tests/channels/sms/test_smpp_pdu.py).
"""

from __future__ import annotations

import re
import struct
from datetime import timedelta

import msgspec
from aiosmpplib import NPI, TON, OptionalParam, PhoneNumber, SubmitSm
from aiosmpplib.state import SAR_MSG_REF_NUM, SAR_SEGMENT_SEQNUM, SAR_TOTAL_SEGMENTS
from gsm0338 import Codec

from cti.channels.texts import InText, OutText, Receipt, SmsTrouble
from cti.messages.deliveries import Told
from cti.messages.sms import alphabet_of

HEAD = struct.Struct("!IIII")  # length, command, status, sequence
MOST_BYTES = 1 << 17  # of one PDU: a message_payload holds 64 KiB
GENERIC_NACK, SUBMIT, SUBMIT_RESP = 0x80000000, 0x00000004, 0x80000004
DELIVER, DELIVER_RESP = 0x00000005, 0x80000005
ENQUIRE, ENQUIRE_RESP, UNBIND, UNBIND_RESP = 0x00000015, 0x80000015, 0x00000006, 0x80000006
OK, BAD_COMMAND, SYSTEM_ERROR, THROTTLED, FULL, TRY_LATER = 0x00, 0x03, 0x08, 0x58, 0x14, 0x64
UDHI = 0x40
LONGEST = timedelta(weeks=60)
_GSM = Codec()
_PAYLOAD, _RECEIPTED, _STATE = 0x0424, 0x001E, 0x0427
_SAR_REF, _SAR_TOTAL, _SAR_NUMBER = 0x020C, 0x020E, 0x020F
# What an SMSC says to a submit: our code, and whether it would say so for ever (SMPP 3.4, 5.1.3)
_SUBMIT_CODES: dict[int, tuple[str, bool]] = {
    0x01: ("bad-text", True), 0x0A: ("bad-sender", True), 0x0B: ("bad-number", True), 0x14: ("full", False),
    0x48: ("bad-sender", True), 0x49: ("bad-sender", True), 0x50: ("bad-number", True), 0x51: ("bad-number", True),
    0x58: ("throttled", False), 0x08: ("other", False), 0x04: ("down", False), 0x43: ("bad-text", True),
    0x62: ("other", True), 0xC0: ("other", True), 0xC1: ("other", True), 0xC2: ("bad-text", True),
    0x45: ("other", True), 0x66: ("other", True), 0x65: ("other", True),
}  # fmt: skip
# message_state of a receipt (5.2.28), and the words that stand for it in its text (appendix B)
_STATES: dict[int, Told] = {
    1: "sent", 2: "delivered", 3: "expired", 4: "undeliverable", 5: "undeliverable", 6: "sent", 7: "unknown",
    8: "rejected",
}  # fmt: skip
_WORDS: dict[str, Told] = {
    "DELIVRD": "delivered", "DELIVERED": "delivered", "EXPIRED": "expired", "DELETED": "undeliverable",
    "UNDELIV": "undeliverable", "UNDELIVERABLE": "undeliverable", "ACCEPTD": "sent", "ENROUTE": "sent",
    "BUFFERED": "sent", "SENT": "sent", "UNKNOWN": "unknown", "REJECTD": "rejected", "REJECTED": "rejected",
    "FAILED": "undeliverable",
}  # fmt: skip
_ID = re.compile(r"\bid:\s*(\S+)", re.IGNORECASE)
_STAT = re.compile(r"\bstat:\s*([A-Za-z]+)", re.IGNORECASE)
_ERR = re.compile(r"\berr:\s*([0-9A-Za-z]{1,8})\b", re.IGNORECASE)


class Delivered(msgspec.Struct, frozen=True):
    """A deliver_sm. told: what it says; None: nothing that we could read. sequence: 0 of what is not thanked for."""

    sequence: int
    told: Receipt | InText | None


def head(command: int, status: int, sequence: int, body: bytes = b"") -> bytes:
    """A PDU of its header and body."""
    return HEAD.pack(HEAD.size + len(body), command, status, sequence) + body


def submit(text: OutText, part: int, ref: int, sequence: int, *, sar: bool) -> bytes:
    """The submit_sm of a part (from 0). ref: of all its parts, 0-255. sar: parts as fields, not as a header.

    Raises SmsTrouble bad-sender, bad-number, bad-text where it cannot be written.
    """
    number, sender = text.number.removeprefix("+"), _address(text.sender)
    if not (number.isascii() and number.isdecimal() and 3 <= len(number) <= 20):
        raise SmsTrouble("bad-number", permanent=True)
    several, words = len(text.parts) > 1, text.parts[part]
    ucs2 = alphabet_of(text.text) == "ucs2"
    raw = _encoded(words, ucs2=ucs2)
    if several and not sar:
        raw = bytes((5, 0, 3, ref, len(text.parts), part + 1)) + raw
    made = SubmitSm(
        sequence_num=sequence,
        short_message=words,
        source=sender,
        destination=PhoneNumber(number, TON.INTERNATIONAL, NPI.ISDN),
        esm_class=UDHI if several and not sar else 0,
        encoding="ucs2" if ucs2 else "gsm0338",
        validity_period=min(timedelta(seconds=round(text.lasts_s)), LONGEST) if text.lasts_s > 0 else None,
        registered_delivery=1,
        auto_message_payload=False,
        optional_params=_sar(ref, len(text.parts), part + 1) if several and sar else [],
    )
    made.set_encoded_message(raw)
    return bytes(made.pdu())


def refusal(status: int) -> SmsTrouble:
    """What an SMSC's answer to a submit means. One that nobody has described is for this message, and for good."""
    code, permanent = _SUBMIT_CODES.get(status, ("other", True))
    return SmsTrouble(code, f"SMPP 0x{status:08X}", permanent=permanent)


def far_id(body: bytes) -> str:
    """The id of a message in the answer to its submit."""
    return body.partition(b"\0")[0].decode("latin-1").strip()[:64]


def delivered(body: bytes, sequence: int, now: float) -> Delivered:
    """What a deliver_sm says; never raises."""
    try:
        told = _delivered(body, now)
    except (ValueError, IndexError, struct.error):
        told = None
    return Delivered(sequence, told)


def _delivered(body: bytes, now: float) -> Receipt | InText | None:
    _, at = _string(body, 0)
    source, at = _string(body, at + 2)
    destination, at = _string(body, at + 2)
    esm_class = body[at]
    _, at = _string(body, at + 3)
    _, at = _string(body, at)
    coding, length = body[at + 2], body[at + 4]
    raw = body[at + 5 : at + 5 + length]
    fields = _fields(body, at + 5 + length)
    raw = fields.get(_PAYLOAD, raw) or raw
    if esm_class & 0x3C in (0x04, 0x20):  # a receipt; one on the way
        return _receipt(raw, coding, fields, now)
    if esm_class & 0x3C:  # of phones, of no use to us
        return None
    ref, part, parts = _sar_of(fields)
    if esm_class & UDHI and raw:
        ref, part, parts = _udh_of(raw[1 : 1 + raw[0]]) or (ref, part, parts)
        raw = raw[1 + raw[0] :]
    text = _decoded(raw, coding)
    return InText(number=source, sender=destination, text=text, at=now, ref=ref, part=part, parts=parts)


def _receipt(raw: bytes, coding: int, fields: dict[int, bytes], now: float) -> Receipt | None:
    words = _decoded(raw, coding)
    named, stat, err = _ID.search(words), _STAT.search(words), _ERR.search(words)
    given = fields.get(_RECEIPTED, b"").rstrip(b"\0").decode("latin-1").strip()
    state = _STATES.get(fields[_STATE][0]) if fields.get(_STATE) else None
    if stat is not None and state is None:
        state = _WORDS.get(stat[1].upper(), "unknown")
    name = given or (named[1] if named else "")
    if not name or state is None:
        return None
    said = " ".join(one for one in (stat[1].upper() if stat else "", f"err:{err[1]}" if err else "") if one)
    return Receipt(far_id=name[:64], state=state, said=said, at=now)


def _address(sender: str) -> PhoneNumber:
    """Who it comes from: a number, a short one of the network's own, or a name."""
    bare = sender.removeprefix("+")
    if not sender:
        return PhoneNumber("", TON.UNKNOWN, NPI.UNKNOWN)
    if bare.isascii() and bare.isdecimal():
        if len(bare) > 15:
            raise SmsTrouble("bad-sender", permanent=True)
        short = len(bare) < 7 and not sender.startswith("+")
        return PhoneNumber(bare, *((TON.NETWORK_SPECIFIC, NPI.UNKNOWN) if short else (TON.INTERNATIONAL, NPI.ISDN)))
    if not sender.isascii() or not sender.isprintable() or len(sender) > 11:
        raise SmsTrouble("bad-sender", permanent=True)
    return PhoneNumber(sender, TON.ALPHANUMERIC, NPI.UNKNOWN)


def _encoded(words: str, *, ucs2: bool) -> bytes:
    try:
        raw = words.encode("utf-16-be") if ucs2 else bytes(_GSM.encode(words)[0])
    except UnicodeError:
        raise SmsTrouble("bad-text", permanent=True) from None
    if not raw or len(raw) > 160:
        raise SmsTrouble("bad-text", permanent=True)
    return raw


def _decoded(raw: bytes, coding: int) -> str:
    """A text by its data_coding (5.2.19; 3GPP TS 23.038 for the groups from 0x10 on). Never raises."""
    if coding == 8 or (coding >= 0x10 and coding < 0xF0 and coding & 0x0C == 0x08):
        return raw.decode("utf-16-be", "replace")
    if coding in (1, 3):
        return raw.decode("latin-1")
    if coding == 6:
        return raw.decode("iso8859-5", "replace")
    try:
        return str(_GSM.decode(raw)[0])
    except UnicodeError:
        return raw.decode("latin-1")


def _sar(ref: int, total: int, number: int) -> list[OptionalParam]:
    given = ((SAR_MSG_REF_NUM, ref), (SAR_TOTAL_SEGMENTS, total), (SAR_SEGMENT_SEQNUM, number))
    return [OptionalParam(tag, value) for tag, value in given]


def _sar_of(fields: dict[int, bytes]) -> tuple[int, int, int]:
    ref, total, number = (
        int.from_bytes(fields.get(tag, b"")[:2], "big") for tag in (_SAR_REF, _SAR_TOTAL, _SAR_NUMBER)
    )
    return (ref, number, total) if 1 <= number <= total else (0, 1, 1)


def _udh_of(udh: bytes) -> tuple[int, int, int] | None:
    """Reference, number and count of a part: information elements 0x00 and 0x08 (3GPP TS 23.040, 9.2.3.24)."""
    at = 0
    while at + 2 <= len(udh):
        kind, length = udh[at], udh[at + 1]
        value = udh[at + 2 : at + 2 + length]
        if (kind, len(value)) in ((0x00, 3), (0x08, 4)) and 1 <= value[-1] <= value[-2]:
            return int.from_bytes(value[:-2], "big"), value[-1], value[-2]
        at += 2 + length
    return None


def _string(body: bytes, at: int) -> tuple[str, int]:
    end = body.index(b"\0", at)
    return body[at:end].decode("latin-1"), end + 1


def _fields(body: bytes, at: int) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    while at + 4 <= len(body):
        tag, length = struct.unpack_from("!HH", body, at)
        found[tag] = body[at + 4 : at + 4 + length]
        at += 4 + length
    return found
