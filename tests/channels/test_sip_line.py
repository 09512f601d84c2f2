"""A watch line against a PBX that misbehaves: T-V2, T-V3, T-V4, T-V7, T-V10, T-V11, T-V13, T-V14.

What an ordinary PBX does is tried with a real Asterisk in tests/e2e/test_sip_lines.py.
"""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Iterator

import pytest

from cti.channels.phone.sip_timing import RENEW, Timing
from tests.channels.sip_peer import Child, Packet, Peer, answer, challenge, invite, registrar, request

SOON_S = 0.2 * 3  # a figure of 0.2 s on a busy machine


@pytest.fixture
def peer() -> Iterator[Peer]:
    one = Peer()
    one.script = registrar
    yield one
    one.close()


@pytest.fixture
def child(peer: Peer) -> Iterator[Child]:
    with Child(peer.port) as one:
        one.wait("line", line="front", state="up")
        yield one


def alive(peer: Peer) -> None:
    """It answers; asked again where the kernel dropped the question in a flood."""
    to, before = line_at(peer), len(peer.all("200"))
    deadline = time.monotonic() + 20
    while len(peer.all("200")) == before:
        assert time.monotonic() < deadline, "it does not answer"
        peer.send(request("OPTIONS", "alive"), to)
        with peer.changed:
            peer.changed.wait(0.1)


def line_at(peer: Peer) -> tuple[str, int]:
    return peer.all("REGISTER")[-1].sender


def test_a_call_rings_and_is_told_once_however_often_its_invite_comes(peer: Peer, child: Child) -> None:
    to = line_at(peer)
    for count in (1, 2, 3):
        peer.send(invite("c1", caller='"Event: sip:9@9 \\"q\\"" <sip:79355550101@pbx>'), to)
        peer.wait("180", count)
    told = child.wait("rang")
    assert (told["number"], told["name"]) == ("79355550101", 'Event: sip:9@9 "q"')
    assert child.count("rang") == 1
    assert len({packet.get("To") for packet in peer.all("180")}) == 1, "one tag"


@pytest.mark.parametrize(
    ("caller", "number", "name"),
    [
        ("<sip:79355550101@pbx>", "79355550101", ""),
        ("sip:79355550101@pbx", "79355550101", ""),
        ("Пётр <sip:+79355550101@pbx;user=phone>", "+79355550101", "Пётр"),
        ('"Иванов: отдел" <tel:+79355550101>', "+79355550101", "Иванов: отдел"),
        ('"<sip:1@2>" <sip:79355550101@pbx>', "79355550101", "<sip:1@2>"),
        ('"Anonymous" <sip:anonymous@anonymous.invalid>', "anonymous", "Anonymous"),
        ("<sip:pbx.example>", "pbx.example", ""),
    ],
)
def test_T_V11_who_calls_is_read_in_any_legal_form(
    peer: Peer, child: Child, caller: str, number: str, name: str
) -> None:
    peer.send(invite("c1", caller=caller), line_at(peer))
    told = child.wait("rang")
    assert (told["number"], told["name"]) == (number, name)


def test_T_V11_compact_folded_lower_case_and_cp1251_headers_are_read(peer: Peer, child: Child) -> None:
    text = (
        "INVITE sip:190@x SIP/2.0\r\nv:SIP/2.0/UDP 127.0.0.1:5060 ; branch=z9hG4bKq\r\n"
        'f: "Пётр"\r\n <sip:101@x>;x=y;tag=1\r\n'
        "t:<sip:190@x>\r\ni:c9\r\ncseq:1 INVITE\r\nX-Odd:   a: b: c\r\nbroken\r\nl:0\r\n\r\n"
    )
    peer.send(text.encode("cp1251"), line_at(peer))
    told = child.wait("rang")
    assert (told["number"], told["name"]) == ("101", "Пётр")
    assert peer.wait("180").get("Via") == "SIP/2.0/UDP 127.0.0.1:5060 ; branch=z9hG4bKq"


def test_T_V11_garbage_ends_nothing(peer: Peer, child: Child) -> None:
    rng, to = random.Random(11), line_at(peer)
    whole = invite("c1").encode()
    for _ in range(500):
        cut = bytearray(whole[: rng.randrange(len(whole))])
        for _ in range(rng.randrange(6)):
            cut[rng.randrange(len(cut)) : rng.randrange(len(cut) + 1)] = (
                rng.randbytes(rng.randrange(4)) if cut else b"x"
            )
            cut = cut or bytearray(b"x")
        peer.send(bytes(cut), to)
    for odd in (b"", b"\r\n\r\n", b"\0\0\0\0", b"SIP/2.0 999 x\r\n\r\n", b"SIP/2.0 abc\r\n\r\n", b"A" * 60_000):
        peer.send(odd, to)
    alive(peer)
    child.wait("beat")


def test_T_V4_options_is_answered_and_an_unknown_method_refused(peer: Peer, child: Child) -> None:
    begin = time.monotonic()
    peer.send(request("OPTIONS", "o1"), line_at(peer))
    assert peer.wait("200").at - begin < SOON_S
    for method in ("NOTIFY", "REFER", "UPDATE", "INFO", "PRACK", "MESSAGE", "SUBSCRIBE"):
        peer.send(request(method, f"o-{method}"), line_at(peer))
    assert peer.wait("405", 7).get("Allow") == "INVITE, ACK, BYE, CANCEL, OPTIONS"
    peer.send(request("BYE", "nobody"), line_at(peer))
    peer.wait("481")


@pytest.mark.parametrize(
    ("reason", "how"),
    [
        ("", "unsaid"),
        ('Reason: SIP;cause=200;text="Call completed elsewhere"', "elsewhere"),
        ("Reason: Q.850;cause=26", "elsewhere"),
        ("Reason: Q.850 ;cause=16", "unanswered"),
        ("reason: SIP ;cause=487", "unanswered"),
    ],
)
def test_T_V7_cancel_is_answered_the_call_over_and_its_end_as_told(
    peer: Peer, child: Child, reason: str, how: str
) -> None:
    to = line_at(peer)
    peer.send(invite("c1"), to)
    peer.wait("180")
    call = child.wait("rang")["call"]
    begin = time.monotonic()
    peer.send(request("CANCEL", "c1", *([reason] if reason else [])), to)
    ok, gone = peer.wait("200"), peer.wait("487")
    assert max(ok.at, gone.at) - begin < SOON_S
    assert child.wait("over", call=call)["how"] == how
    assert gone.get("To") == peer.all("180")[0].get("To")
    peer.wait("487", 2)  # until it is acknowledged
    peer.send(request("ACK", "c1", to=gone.get("To")), to)
    peer.send(request("OPTIONS", "o1"), to)
    peer.wait("200", 2)
    count = len(peer.all("487"))
    peer.send(invite("c2"), to)
    peer.wait("180", 2)
    assert len(peer.all("487")) == count


def test_T_V7_a_cancel_of_another_transaction_ends_nothing(peer: Peer, child: Child) -> None:
    to = line_at(peer)
    peer.send(invite("c1"), to)
    peer.wait("180")
    peer.send(request("CANCEL", "c1", branch="other"), to)
    peer.send(request("CANCEL", "c1", cseq=8), to)
    peer.send(request("CANCEL", "c2"), to)
    peer.wait("481", 3)
    assert child.count("over") == 0


def test_T_V2_a_stranger_is_not_heard(peer: Peer, child: Child) -> None:
    to = line_at(peer)
    peer.send(invite("c1"), to)
    call = child.wait("rang")["call"]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind(("127.0.0.1", 0))
        for number in range(1000):
            for text in (invite(f"s{number}"), request("CANCEL", "c1"), request("BYE", "c1")):
                stranger.sendto(text.encode(), to)
        stranger.settimeout(0.3)
        with pytest.raises(TimeoutError):
            stranger.recv(100)
    peer.send(request("OPTIONS", "o1"), to)
    peer.wait("200")
    assert (child.count("rang"), child.count("over")) == (1, 0)
    peer.send(request("CANCEL", "c1"), to)
    child.wait("over", call=call)


def test_T_V13_a_flood_of_calls_takes_no_threads_and_little_memory(peer: Peer, child: Child) -> None:
    to = line_at(peer)
    before = child.status("VmRSS")
    begin = time.monotonic()
    for number in range(3000):
        peer.send(invite(f"f{number}"), to)
        while time.monotonic() < begin + number / 1000:
            time.sleep(0.0005)
    alive(peer)
    assert child.count("rang") == 20
    assert len(peer.all("486")) > 100
    assert child.status("Threads") <= 5
    assert child.status("VmRSS") - before < 10 * 1024


def test_a_call_that_nobody_ends_is_given_up(peer: Peer) -> None:
    with Child(peer.port, ring_s=0.5) as child:
        child.wait("line", state="up")
        peer.send(invite("c1"), line_at(peer))
        assert child.wait("over")["how"] == "lost"
        peer.wait("480")


def test_T_V14_what_was_granted_is_renewed_in_time(peer: Peer) -> None:
    peer.script = lambda packet: registrar(packet, granted=5)
    with Child(peer.port) as child:
        child.wait("line", state="up")
        first, second = peer.wait("REGISTER", 2).at, peer.wait("REGISTER", 3).at
        assert second - first <= 5 * 0.9
        assert second - first >= 5 * RENEW - 0.1
        child.wait("beat")
        assert child.count("line") == 1, "it stayed up"


def test_T_V3_an_absent_pbx_is_asked_for_ever_and_soon(peer: Peer) -> None:
    peer.script = lambda packet: None
    with Child(peer.port, register_s=0.2, quiet_s=0.1, quiet_cap_s=0.4) as child:
        assert child.wait("line")["state"] == "down"
        peer.wait("REGISTER", 8)
        peer.script = registrar
        begin = time.monotonic()
        child.wait("line", state="up")
        assert time.monotonic() - begin < 2
        peer.close()  # the port is closed: refused by the kernel
        child.order(line="test", do="end", id="none")
        assert child.process.poll() is None
    assert Timing().quiet_cap_s * 1.2 + Timing().register_s < 30


@pytest.mark.parametrize("code", [403, 404, 407, 423, 486, 603])
def test_T_V3_a_refusal_is_told_and_not_hammered(peer: Peer, code: int) -> None:
    peer.script = lambda packet: answer(packet, code)
    with Child(peer.port, refused_s=1.0, register_s=5) as child:
        assert child.wait("line")["state"] == "refused"
        tries = [packet.at for packet in (peer.wait("REGISTER", 1), peer.wait("REGISTER", 3 if code == 423 else 2))]
        assert tries[1] - tries[0] > 0.9
    assert 600 / Timing().refused_s <= 4


def test_T_V3_a_wrong_secret_is_two_packets_and_a_long_pause(peer: Peer) -> None:
    peer.script = challenge
    with Child(peer.port, refused_s=30) as child:
        assert child.wait("line")["state"] == "refused"
        child.wait("beat")
        assert len(peer.all("REGISTER")) == 2


def test_a_pbx_that_wants_a_longer_time_gets_it(peer: Peer) -> None:
    def patient(packet: Packet) -> str | None:
        return answer(packet, 423, "Min-Expires: 300") if packet.get("Expires") == "120" else registrar(packet)

    peer.script = patient
    with Child(peer.port) as child:
        assert child.wait("line")["state"] == "up"
    assert peer.all("REGISTER")[-1].get("Expires") == "0", "it signs off"


def test_T_V10_no_silent_downgrade_of_the_sign_in(peer: Peer) -> None:
    peer.script = lambda packet: challenge(packet, algorithm="SHA-256")
    with Child(peer.port) as child:
        assert "not MD5" in child.wait("line", state="refused")["detail"]
        assert len(peer.all("REGISTER")) == 1
