"""SIP for a browser phone whose person may not see numbers: none in any header, the PBX's own words on the way back."""

from __future__ import annotations

import re

from cti.clients.masking import mask
from cti.telephony.sip import parse
from cti.telephony.sip_veil import Veil

INVITE = (
    "INVITE sip:101-web@127.0.0.1:5060;transport=ws SIP/2.0\r\n"
    "Via: SIP/2.0/WS 127.0.0.1:8088;branch=z9hG4bK12345678\r\n"
    'From: "Пётр 8 935 555-01-01" <sip:79355550101@pbx>;tag=as79355550\r\n'
    "To: <sip:101-web@127.0.0.1>\r\n"
    "Contact: <sip:asterisk@127.0.0.1:5060;transport=ws>\r\n"
    "Call-ID: 79355550-1234567@pbx\r\n"
    "CSeq: 1234567 INVITE\r\n"
    'P-Asserted-Identity: "79355550101" <sip:+79355550101@pbx>, <tel:+79355550101>\r\n'
    "Remote-Party-ID: 79355550101 <sip:79355550101@pbx>;party=calling\r\n"
    "Content-Length: 12\r\n"
    "\r\n"
    "o=- 79355550"
)


def test_DP_11_no_header_holds_a_number_and_the_message_is_still_one() -> None:
    veil = Veil(mask)
    told = veil.to_browser(INVITE)
    assert not re.search(r"5\W{0,3}5\W{0,3}5\W{0,3}0\W{0,3}1\W{0,3}0\W{0,3}1", told.partition("\r\n\r\n")[0])
    read, was = parse(told), parse(INVITE)
    assert read.exchange == was.exchange
    assert read.sender.tag == was.sender.tag
    assert read.sender.user.startswith("000")
    assert "Пётр 8 935 •••-••-01" in told
    assert 'Remote-Party-ID: "7935•••••01" <sip:000' in told
    assert told.endswith("o=- 79355550")


def test_a_caller_without_a_name_is_called_by_his_mask() -> None:
    told = Veil(mask).to_browser(INVITE.replace('"Пётр 8 935 555-01-01" ', ""))
    assert 'From: "7935•••••01" <sip:000' in told
    assert parse(told).sender.tag == "as79355550"


def test_the_pbx_hears_its_own_words_again() -> None:
    veil = Veil(mask)
    told = veil.to_browser(INVITE)
    stand_in = parse(told).sender.user
    bye = f"BYE sip:asterisk@127.0.0.1 SIP/2.0\r\nFrom: <sip:101-web@pbx>\r\nTo: <sip:{stand_in}@pbx>;tag=1\r\n\r\n"
    assert "<sip:79355550101@pbx>;tag=1" in veil.to_pbx(bye)
    assert veil.to_pbx("To: <sip:000999999999999@pbx>\r\n\r\n") == "To: <sip:000999999999999@pbx>\r\n\r\n"
    assert parse(veil.to_browser(INVITE)).sender.user == stand_in
    answer = "SIP/2.0 200 OK\r\nFrom: <sip:102@pbx>;tag=1\r\nCSeq: 7 INVITE\r\n\r\n"
    assert veil.to_browser(answer) == answer
