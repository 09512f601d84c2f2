"""Bytes to headers and commands to bytes, without a connection."""

from __future__ import annotations

import random
import time

import pytest

from cti.channels.phone.codec import FRAME_LIMIT, Decoder, FrameTooLong, Headers, normalise, to_action, to_wire
from cti.telephony import commands as c
from tests.channels.fake_ami import BANNER, event, frame

NAME = "Иванов Пётр №5 «Ромашка»"


def one(data: bytes) -> dict[str, str | list[str]]:
    (headers,) = Decoder().feed(data)
    return headers


def test_A12_a_thousand_names_byte_by_byte_come_out_the_same() -> None:
    names = [f"{NAME} {n} 😀" for n in range(1000)]
    decoder = Decoder()
    wire = BANNER + b"".join(event("Newstate", CallerIDName=name) for name in names)
    got = [headers for at in range(len(wire)) for headers in decoder.feed(wire[at : at + 1])]
    assert [headers["CallerIDName"] for headers in got] == names
    assert decoder.banner == "Asterisk Call Manager/11.0.0"
    assert decoder.malformed == 0


def test_A12_torn_anywhere_in_two() -> None:
    wire = BANNER + event("Newstate", CallerIDName=NAME) + event("Hangup", Cause="16")
    for at in range(len(wire)):
        decoder = Decoder()
        assert [h["Event"] for h in [*decoder.feed(wire[:at]), *decoder.feed(wire[at:])]] == ["Newstate", "Hangup"]


@pytest.mark.parametrize("name", ["Иванов Пётр", "ЁЖ", "Ромашка №1", "Сбыт", "я"])
def test_A12_cp1251_is_shown_right(name: str) -> None:
    wire = b"Event: Newstate\r\nCallerIDName: " + name.encode("cp1251") + b"\r\nExten: 101\r\n\r\n"
    assert one(wire) == {"Event": "Newstate", "CallerIDName": name, "Exten": "101"}


def test_A12_a_name_the_pbx_cut_inside_a_letter_is_marked_not_garbled() -> None:
    wire = b"Event: Newstate\r\nCallerIDName: " + NAME.encode()[:-1] + b"\r\n\r\n"
    assert one(wire)["CallerIDName"] == NAME[:-1] + "\ufffd"


def test_A12_what_no_code_page_knows_is_marked() -> None:
    assert one(b"Event: X\r\nName: \x98\r\n\r\n")["Name"] == "\ufffd"


def test_unwanted_events_are_dropped_unparsed_and_counted() -> None:
    decoder = Decoder()
    assert decoder.feed(event("VarSet", Value="x") * 3 + event("RTCPSent") + event("CEL") + event("Cdr")) == []
    assert (decoder.filtered, decoder.malformed) == (6, 0)
    assert one(event("Newstate", CallerIDName="Event: VarSet"))["CallerIDName"] == "Event: VarSet"
    assert Decoder(unwanted=()).feed(event("VarSet")) == [{"Event": "VarSet"}]


def test_A22_a_repeated_header_is_a_list_in_order() -> None:
    assert one(b"Event: X\r\nV: 1\r\nV: \r\nV: \r\nV: 2\r\n\r\n") == {"Event": "X", "V": ["1", "", "", "2"]}


def test_values_keep_colons_spaces_and_emptiness() -> None:
    wire = b"Event: X\r\nA: sip:1@x: y\r\nB:z\r\nC:\r\nD:  two \r\n\r\n"
    assert one(wire) == {"Event": "X", "A": "sip:1@x: y", "B": "z", "C": "", "D": " two "}


def test_an_answer_is_what_the_pbx_named_without_the_librarys_addition() -> None:
    wire = frame(Response="Success", ActionID="trubka/1", Message="Authentication accepted")
    assert one(wire) == {"Response": "Success", "ActionID": "trubka/1", "Message": "Authentication accepted"}
    assert normalise(None) == {}


@pytest.mark.parametrize("word", ["Follows", "Failure"])
def test_an_answer_that_the_library_takes_for_a_body_keeps_its_last_header(word: str) -> None:
    assert one(frame(Response=word, ActionID="7")) == {"Response": word, "ActionID": "7"}


def test_SEC_35_garbage_is_counted_and_never_raises() -> None:
    dice, decoder = random.Random(35), Decoder()
    for _ in range(3000):
        decoder.feed(dice.randbytes(dice.randrange(200)) + dice.choice([b"\r\n\r\n", b"\r\n", b"", b": "]))
    decoder.start()
    before = decoder.malformed
    assert before > 0
    assert decoder.feed(b"no colon\r\n\r\nName: without event\r\n\r\n") == []
    assert decoder.malformed > before
    assert decoder.feed(event("Newstate")) == [{"Event": "Newstate"}]


@pytest.mark.parametrize("end", [b"", b"\r\n\r\n"])
def test_A17_a_frame_over_the_limit_is_refused_with_or_without_an_end(end: bytes) -> None:
    decoder = Decoder()
    with pytest.raises(FrameTooLong):
        decoder.feed(b"Event: X\r\nA: " + b"x" * FRAME_LIMIT + end)
    assert decoder.malformed == 1
    decoder.start()
    assert decoder.feed(event("Newstate")) == [{"Event": "Newstate"}]


def test_A17_a_banner_without_an_end_is_refused() -> None:
    with pytest.raises(FrameTooLong):
        Decoder().feed(b"Asterisk Call Manager" + b"x" * FRAME_LIMIT)


def test_A17_many_frames_in_one_read_are_no_long_frame() -> None:
    assert len(Decoder().feed(event("Newstate", A="x" * 1000) * 1000)) == 1000


def test_A17_the_longest_honest_frame_is_parsed() -> None:
    wire = b"Response: Success\r\n" + b"".join(b"Command%d: does\r\n" % n for n in range(1500)) + b"\r\n"
    assert len(one(wire)) == 1501


def test_SEC_35_a_frame_of_repeated_headers_takes_no_time() -> None:
    began = time.process_time()
    assert len(one(b"Event: X\r\n" + b"A: 1\r\n" * 1900 + b"\r\n")["A"]) == 1900
    assert Decoder().feed(b"Event: X\r\n" + b"A:\r\n" * 50_000 + b"\r\n") == []
    assert time.process_time() - began < 0.15


async def test_an_action_has_its_id_and_each_of_its_variables() -> None:
    call = c.MakeCall(
        device="PJSIP/101", number="79355550101", context="from-internal", request_id="r1", caller_id_number="101",
        caller_id_name='Пётр "Первый" <\\', headers=(("Call-Info", "<sip:x>;answer-after=0"), ("Alert-Info", "x")),
    )  # fmt: skip
    lines = to_wire(to_action(call), "trubka-r1").decode().split("\r\n")
    assert lines[-2:] == ["", ""]
    assert "ActionID: trubka-r1" in lines
    assert "CallerID: \"Пётр 'Первый' (/\" <101>" in lines
    assert "Variable: PJSIP_HEADER(add,Call-Info)=<sip:x>;answer-after=0" in lines
    assert "Variable: PJSIP_HEADER(add,Alert-Info)=x" in lines
    assert "Async: true" in lines


@pytest.mark.parametrize(
    "bad", ["\r", "\n", "\r\n", "\0", "\x85", "\u2028", "\u2029", "\x1b", "\x7f", "\ud800", "\x0b"]
)
async def test_A9_a_control_character_goes_out_in_no_key_and_no_value(bad: str) -> None:
    evil = f"x{bad}Action: Originate"
    cases: tuple[tuple[Headers, str], ...] = (
        ({"Action": "Ping", "Value": evil}, "1"),
        ({"Action": "Ping", "Value": ["fine", evil]}, "1"),
        ({"Action": "Ping", evil: "x"}, "1"),
        ({"Action": evil}, "1"),
        ({"Action": "Ping"}, evil),
    )
    for action, action_id in cases:
        with pytest.raises(ValueError, match="control character"):
            to_wire(action, action_id)


async def test_the_pbxs_limits_are_kept() -> None:
    assert to_wire({"Action": "Ping", "V": ["x"] * 126}, "1")
    with pytest.raises(ValueError, match="128 headers"):
        to_wire({"Action": "Ping", "V": ["x"] * 127}, "1")
    assert to_wire({"Action": "Ping", "V": "x" * 1019}, "1")
    with pytest.raises(ValueError, match="longer than"):
        to_wire({"Action": "Ping", "V": "x" * 1020}, "1")
    with pytest.raises(ValueError, match="longer than"):
        to_wire({"Action": "Ping", "V": "ы" * 512}, "1")
