"""What a browser's phone may say: only its owner's own words, however they are written."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.telephony.sip import COMPACT, NotSip, address, digest_user, parse, refusal
from cti.telephony.sip_gate import MOST_OPEN, Gate
from cti.telephony.web_secrets import passwords

BODY = "v=0\r\n"


def message(first: str = "INVITE sip:102@pbx.invalid SIP/2.0", *, body: str = BODY, **headers: str | list[str]) -> str:
    """A message of Anna's browser phone; headers by name with _ for -, None of a name drops it."""
    method = first.split()[0] if not first.startswith("SIP") else "INVITE"
    all_headers: dict[str, str | list[str]] = {
        "Via": "SIP/2.0/WS a.invalid;branch=z9hG4bK1",
        "From": '"Anna" <sip:101-web@pbx.invalid>;tag=abc',
        "To": "<sip:102@pbx.invalid>",
        "Call-ID": "c1",
        "CSeq": f"1 {method}",
        "Contact": "<sip:101-web@a.invalid;transport=ws>",
        "Content-Length": str(len(body.encode())),
    }
    all_headers |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [first]
    for name, values in all_headers.items():
        lines += [f"{name}: {value}" for value in ([values] if isinstance(values, str) else values)]
    return "\r\n".join([*lines, "", body])


def gate() -> Gate:
    return Gate("101-web", "101")


REGISTER = "REGISTER sip:pbx.invalid SIP/2.0"
OWN = "<sip:101-web@pbx.invalid>"
CONTACT = '<sip:101-web@a.invalid;transport=ws>;+sip.ice;reg-id=1;+sip.instance="<urn:uuid:1>";expires=120'


def test_the_phones_own_words_pass() -> None:
    one = gate()
    digest = 'Digest algorithm=MD5, username="101-web", realm="asterisk", nonce="1", uri="sip:x", response="0"'
    assert one.to_pbx(message(REGISTER, body="", To=OWN, Contact=CONTACT, Authorization=digest)) == "pass"
    assert one.to_pbx(message()) == "pass"
    assert one.to_pbx(message("ACK sip:102@pbx.invalid SIP/2.0", body="")) == "pass"
    assert one.to_pbx(message("BYE sip:102@pbx.invalid SIP/2.0", body="", To="<sip:102@x>;tag=9")) == "pass"
    again = message(To="<sip:102@x>;tag=9")  # hold: within the call, its number is not dialled
    assert one.to_pbx(again) == "pass"


def test_compact_names_and_odd_spaces_are_read_as_the_pbx_reads_them() -> None:
    long_of = {name: short for short, name in COMPACT.items()}
    text = message()
    for name in ("Via", "From", "To", "Call-ID", "Contact", "Content-Length"):
        text = text.replace(f"{name}: ", f"{long_of[name.lower()]} :\t")
    assert gate().to_pbx(text) == "pass"
    assert gate().to_pbx(text.replace("101-web@pbx", "102-web@pbx")) == "drop"


@pytest.mark.parametrize(
    "text",
    [
        message(From="<sip:102-web@pbx.invalid>;tag=abc"),
        message(From="<sip:101-web@pbx.invalid>;tag=a, <sip:102-web@pbx.invalid>;tag=b"),
        message(From=["<sip:101-web@pbx.invalid>;tag=abc", "<sip:102-web@pbx.invalid>;tag=abc"]),
        message(f="<sip:102-web@pbx.invalid>;tag=abc"),
        message(From="<sip:101%2Dweb@pbx.invalid>;tag=abc"),
        message(From="<sip:101-web:secret@pbx.invalid>;tag=abc"),
        message(From='"<sip:101-web@pbx.invalid>" <sip:102-web@pbx.invalid>;tag=abc'),
        message(From="<tel:101-web>;tag=abc"),
        message(From="<sip:101-web@pbx.invalid>;tag=a;tag=b"),
        message(REGISTER, body="", To="<sip:102-web@pbx.invalid>", Contact=CONTACT),
        message(REGISTER, body="", To=OWN, Contact=CONTACT.replace("101-web", "102-web")),
        message(REGISTER, body="", To=OWN, Contact=f"{CONTACT}, <sip:102-web@x>"),
        message(REGISTER, body="", To=OWN, Contact="*", Expires="0"),
        message(Authorization='Digest username="102-web", realm="a"'),
        message(Proxy_Authorization='Digest username="101-web", username="102-web", realm="a"'),
        message(Authorization="Digest username*=UTF-8''102-web, username=\"101-web\""),
        message(Authorization="Basic MTAx"),
        message("MESSAGE sip:102@pbx.invalid SIP/2.0"),
        message("SUBSCRIBE sip:102@pbx.invalid SIP/2.0"),
        message("PUBLISH sip:102@pbx.invalid SIP/2.0"),
        message("SIP/2.0 200 OK"),  # an answer to nothing
        message(CSeq="1 BYE"),
        message(Content_Length="0"),
        message(body=BODY + message(From="<sip:102-web@x>;tag=b"), Content_Length=str(len(BODY))),
        message().replace("Content-Length: 5\r\n", ""),
        message().replace('From: "Anna"', 'From:\r\n "Anna"'),
        message().replace("\r\n", "\n"),
        message(From='"A\x00" <sip:101-web@pbx.invalid>;tag=abc'),
        message(Via=[]),
        message(Call_ID="a b"),
        message(Refer_To=["<sip:102@x>", "<sip:103@x>"]),
        message(Replaces="c;to-tag=a;from-tag=b"),  # takes over, and names somebody else's number
        message("REFER sip:x@pbx.invalid SIP/2.0", body="", To="<sip:x@x>;tag=9"),
        "",
        "\r\n\r\n\r\n\r\n",
        "SIP/2.0\r\n\r\n",
    ],
)
def test_SEC_33_what_is_not_his_own_or_not_clear_does_not_pass(text: str) -> None:
    assert gate().to_pbx(text) == "drop"


def test_whom_a_message_calls_or_transfers_to_is_said() -> None:
    one = gate()
    refer = "REFER sip:x@pbx.invalid SIP/2.0"
    inside = "<sip:x@x>;tag=9"
    joined = "<sip:102@x?Replaces=c%3Bto-tag%3Da%3Bfrom-tag%3Db>"
    for said, called in (
        (message("INVITE sip:79355550101@pbx.invalid SIP/2.0"), "79355550101"),
        (message("INVITE sip:*43@pbx.invalid SIP/2.0"), "*43"),
        (message("INVITE sip:79355550101@pbx.invalid SIP/2.0", To="<sip:102@x>;tag=9"), None),
        (message(refer, body="", To=inside, Refer_To="<sip:102@x>"), "102"),
        (message(refer, body="", To=inside, Refer_To=joined), None),
        (message("INVITE sip:101@pbx.invalid SIP/2.0", Replaces="c;to-tag=a;from-tag=b"), None),
    ):
        assert (one.to_pbx(said), one.called) == ("pass", called)


def test_an_answer_passes_only_where_the_pbx_asked_and_never_forwards() -> None:
    one = gate()
    answer = message(
        "SIP/2.0 200 OK", From="<sip:79355550101@pbx>;tag=p", To=f"{OWN};tag=b", Call_ID="p1", CSeq="7 INVITE"
    )
    assert one.to_pbx(answer) == "drop"
    one.from_pbx(
        message(
            "INVITE sip:101-web@a.invalid SIP/2.0", From="<sip:79355550101@pbx>;tag=p", Call_ID="p1", CSeq="7 INVITE"
        )
    )
    assert one.to_pbx(answer) == "pass"
    assert one.to_pbx(answer.replace("7 INVITE", "8 INVITE")) == "drop"
    assert one.to_pbx(answer.replace("200 OK", "302 Moved")) == "drop"
    for number in range(MOST_OPEN + 1):
        one.from_pbx(message("OPTIONS sip:101-web@a.invalid SIP/2.0", body="", Call_ID=f"o{number}"))
    assert one.to_pbx(answer) == "drop"


def test_a_refusal_is_an_answer_to_its_request() -> None:
    asked = parse(message(Via=["SIP/2.0/WS a;branch=1", "SIP/2.0/WS b;branch=2"]))
    said = parse(refusal(asked, 403, "Forbidden", {"X-Trubka-Why": "no"}))
    assert (said.code, said.exchange, said.receiver.tag) == (403, asked.exchange, "door")
    assert said.all("via") == asked.all("via")


@given(st.text(max_size=400))
def test_nothing_raises_but_not_sip(text: str) -> None:
    for read in (parse, address, digest_user):
        with contextlib.suppress(NotSip):
            read(text)
    one = gate()
    one.from_pbx(text)
    assert one.to_pbx(text) == "drop"


@given(
    st.sampled_from(["From", "To", "Contact", "Call-ID", "CSeq", "Authorization", "Via", "Refer-To", "f", "X"]),
    st.text(alphabet=st.characters(min_codepoint=1, max_codepoint=0x17F), max_size=80),
    st.integers(0, 6),
)
def test_what_passes_is_from_the_owner_whatever_header_is_put_in(name: str, value: str, at: int) -> None:
    lines = message().split("\r\n")
    lines.insert(1 + at, f"{name}: {value}")
    text = "\r\n".join(lines)
    one = gate()
    if one.to_pbx(text) == "pass":
        senders = [v for n, v in parse(text).headers if n == "from"]
        assert [address(v).user for v in senders] == ["101-web"]


@given(st.text(alphabet='sip:10web@<>";=,%?tag- \t\\', max_size=60))
def test_an_address_that_is_read_has_one_user(value: str) -> None:
    try:
        found = address(value)
    except NotSip:
        return
    assert found.user == "" or f"{found.user}@" in value
    assert "," not in value.replace(found.user, "") or '"' in value


def test_passwords_are_those_of_the_pbxs_own_file() -> None:
    text = """
; [103-web] was here ;--
[101-web] ; Anna
type = auth
auth_type=userpass
username => 101-web
password = a\\;b  ; not shown
[102-web](!)
type=auth
username=102-web
password=template
;-- [104-web]
type=auth
username=104-web
password=hidden --;
[trunk-auth]
type=registration
username=trunk
password=no
[md5]
type=auth
auth_type=md5
username=105-web
password=no
[one]
type=auth
username=twice
password=1
[two]
type=auth
username=twice
password=2
"""
    assert passwords(text) == {"101-web": "a;b"}


@given(st.text(max_size=300))
def test_any_file_gives_passwords_or_none(text: str) -> None:
    assert all(user and password for user, password in passwords(text).items())
