"""A test call against a PBX that misbehaves: T-V1, T-V2, T-V5, T-V6, T-V9, T-V12; and the supervisor of the child."""

from __future__ import annotations

import asyncio
import os
import random
import re
import signal
import socket
import struct
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

import pytest

from cti.channels.base import Placed
from cti.channels.phone.sip import LineAccount, SipLines
from cti.channels.phone.sip_child import MEMORY
from cti.channels.phone.sip_timing import Timing
from cti.errors import ChannelError
from tests.channels.sip_peer import Child, Packet, Peer, answer, challenge, invite, registrar, request
from tests.channels.test_injection import PAYLOADS
from tests.e2e.server import until

SOON_S = 1.0 * 3


@pytest.fixture
def peer() -> Iterator[Peer]:
    one = Peer()
    yield one
    one.close()


@pytest.fixture
def child(peer: Peer) -> Iterator[Child]:
    with Child(peer.port, watch=False, forever_s=1.5) as one:
        yield one


def refusing(code: int) -> Callable[[Packet], str | None]:
    """100, then the refusal."""
    return lambda packet: answer(packet, code) if packet.method == "INVITE" else None


def picking_up(rtp_port: int) -> Callable[[Packet], str | None]:
    """Signs the caller in, rings and answers at once, with audio at a port."""
    sdp = f"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {rtp_port} RTP/AVP 0\r\n"

    def script(packet: Packet) -> str | None:
        if packet.method == "INVITE" and not packet.get("Authorization"):
            return challenge(packet)
        if packet.method == "INVITE":
            more = ("Contact: <sip:103@127.0.0.1:5060>", "Content-Type: application/sdp")
            return answer(packet, 200, *more, body=sdp)
        return answer(packet, 200) if packet.method in ("BYE", "CANCEL") else None

    return script


@pytest.fixture
def rtp() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        one.settimeout(10)
        yield one


def test_a_call_is_signed_in_answered_spoken_and_ended(peer: Peer, child: Child, rtp: socket.socket) -> None:
    peer.script = picking_up(rtp.getsockname()[1])
    child.call("103", talk_s=0.5)
    child.wait("sent")
    child.wait("talks")
    packet, _ = rtp.recvfrom(2048)
    assert (packet[0], packet[1], len(packet)) == (0x80, 0, 172), "silence in the form that was agreed"
    assert child.wait("done")["code"] == 200
    refused, taken = peer.all("ACK")
    assert refused.get("Via") == peer.all("INVITE")[0].get("Via"), "of a refusal in its own transaction"
    assert taken.start == "ACK sip:103@127.0.0.1:5060 SIP/2.0"
    bye = peer.wait("BYE")
    assert bye.start == "BYE sip:103@127.0.0.1:5060 SIP/2.0"
    assert "tag=peer" in bye.get("To")
    assert int(bye.get("CSeq").split()[0]) > int(peer.all("INVITE")[-1].get("CSeq").split()[0])


def test_T_V5_a_mute_pbx_is_asked_again_and_the_attempt_ends(peer: Peer, child: Child) -> None:
    begin = time.monotonic()
    child.call("103")
    done = child.wait("done")
    assert time.monotonic() - begin < 1.5 + SOON_S
    assert (done["code"], done["why"]) == (408, "the PBX does not answer")
    times = [packet.at for packet in peer.all("INVITE")]
    assert len(times) >= 2
    assert len({packet.text for packet in peer.all("INVITE")}) == 1, "the same again"
    assert Timing().forever_s <= 32
    assert Timing().longest_call_s + 4 <= 32


def test_T_V5_a_call_that_only_rings_is_cancelled_in_time(peer: Peer) -> None:
    def ringing(packet: Packet) -> str | None:
        return answer(packet, 180) if packet.method == "INVITE" else None

    peer.script = ringing
    with Child(peer.port, watch=False, longest_call_s=0.6) as child:
        child.call("103", ring_s=3600)
        child.wait("rings")
        child.wait("done", within_s=5)
        cancel, first = peer.wait("CANCEL"), peer.all("INVITE")[0]
        assert cancel.get("Via") == first.get("Via")
        assert cancel.get("CSeq").split()[0] == first.get("CSeq").split()[0]


def test_T_V5_without_a_pbx_it_ends_at_once(peer: Peer) -> None:
    peer.close()
    with Child(peer.port, watch=False) as child:
        child.call("103")
        assert "cannot be reached" in child.wait("done", within_s=5)["why"]


def test_T_V6_a_refusal_ends_the_call_and_is_acknowledged(peer: Peer, child: Child) -> None:
    for place, code in enumerate((486, 603, 480, 403, 487, 407, 404, 500, 302)):
        peer.script = refusing(code)
        begin = time.monotonic()
        child.call("103", id_=str(place))
        assert child.wait("done", id=str(place))["code"] == code
        assert time.monotonic() - begin < SOON_S
        ack = peer.wait("ACK", 2 * place + 1)
        assert "tag=peer" in ack.get("To")
        peer.send(answer(peer.all("INVITE")[-1], code), ack.sender)  # our ACK got lost
        peer.wait("ACK", 2 * place + 2)


def test_T_V6_a_wrong_secret_ends_it_too(peer: Peer, child: Child) -> None:
    peer.script = lambda packet: challenge(packet) if packet.method == "INVITE" else None
    child.call("103")
    assert child.wait("done")["code"] == 401
    assert len(peer.all("INVITE")) == 2


def test_T_V2_a_bye_with_wrong_tags_or_from_a_stranger_ends_nothing(
    peer: Peer, child: Child, rtp: socket.socket
) -> None:
    peer.script = picking_up(rtp.getsockname()[1])
    child.call("103", talk_s=20)
    child.wait("talks")
    sent = peer.all("INVITE")[-1]
    call_id, ours = sent.get("Call-ID"), sent.get("From")
    right = request("BYE", call_id).replace(
        'From: "Client" <sip:79355550101@pbx>;tag=caller', "From: <sip:103@x>;tag=peer"
    )
    wrong = right.replace("tag=peer", "tag=other")
    right = right.replace("To: <sip:190@x>", f"To: {ours}")
    peer.send(right.replace(ours, re.sub("tag=.*", "tag=other", ours)), sent.sender)
    peer.send(wrong, sent.sender)
    peer.wait("481", 2)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.sendto(right.encode(), sent.sender)
    assert child.count("done") == 0
    assert not re.search(r"^1@|6b86b273ff34fce1", call_id), "no id that can be guessed"
    peer.send(right, sent.sender)
    child.wait("done")


def test_T_V1_T_V9_no_packet_of_audio_takes_memory_or_ends_the_talk(
    peer: Peer, child: Child, rtp: socket.socket
) -> None:
    peer.script = picking_up(rtp.getsockname()[1])
    child.call("103", talk_s=20)
    child.wait("talks")
    _, ears = rtp.recvfrom(2048)
    before = child.status("VmRSS")
    rng = random.Random(1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        for number in range(10_000):
            head = struct.pack("!BBHII", 0x80, rng.choice((0, 8, 101, 16)), number & 0xFFFF, rng.getrandbits(32), 7)
            packet = head + rng.randbytes(160) if number % 3 else rng.randbytes(rng.randrange(12))
            (rtp if number % 2 else stranger).sendto(packet, ears)
    first = rtp.recv(2048)
    sequences = {first[2:4]}
    while len(sequences) < 20:
        sequences.add(rtp.recv(2048)[2:4])
    assert child.status("VmRSS") - before < 10 * 1024
    child.order(line="test", do="end", id="a")
    done = child.wait("done")
    assert (done["code"], done["heard"] > 0) == (200, True)
    assert MEMORY <= 256 * 2**20


def test_T_V12_no_number_is_a_header_of_its_own(peer: Peer, child: Child) -> None:
    odd = ("", "1" * 41, "103@evil", "103;x", "103 104", "<sip:1>", "103\x00")
    for place, number in enumerate((*PAYLOADS, *odd)):
        child.call(number, id_=str(place))
        assert "no number" in child.wait("done", id=str(place))["why"]
    assert peer.got == []


def account(port: int, *, watch: bool) -> LineAccount:
    name = "front" if watch else "test"
    return LineAccount(name=name, host="127.0.0.1", port=port, extension="190", secret="s", watch=watch)


@asynccontextmanager
async def lines(port: int, **how: float) -> AsyncIterator[SipLines]:
    one = SipLines("main", [account(port, watch=True), account(port, watch=False)], pause_s=0.1, **how)
    task = asyncio.create_task(one.run())
    try:
        yield one
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert one.pid is None
        assert one.health()["front"].state == "off"


async def test_the_child_is_started_again_and_what_rang_is_lost(peer: Peer) -> None:
    peer.script = registrar
    async with lines(peer.port) as ours:
        await until(lambda: ours.health()["front"].state == "up", why="registered")
        peer.send(invite("c1"), peer.all("REGISTER")[-1].sender)
        line, rang = await ours.events.get()
        assert line == "front"
        pid = ours.pid
        assert pid
        os.kill(pid, signal.SIGKILL)
        line, over = await ours.events.get()
        assert (line, over.call, over.how) == ("front", rang.call, "lost")  # type: ignore[union-attr]
        await until(lambda: ours.pid not in (None, pid), why="a new child")
        await until(lambda: ours.health()["front"].state == "up", why="registered again")
        assert ours.restarts == 1


async def test_a_silent_child_is_ended(peer: Peer) -> None:
    peer.script = registrar
    async with lines(peer.port, dead_s=3.0) as ours:
        await until(lambda: ours.health()["front"].state == "up", why="registered")
        pid = ours.pid
        assert pid
        os.kill(pid, signal.SIGSTOP)
        await until(lambda: ours.pid not in (None, pid), why="a new child")
        await until(lambda: ours.health()["front"].state == "up", why="registered again")


async def test_a_placed_call_is_followed_and_ended_with_its_child(peer: Peer) -> None:
    peer.script = lambda packet: registrar(packet) or (answer(packet, 180) if packet.method == "INVITE" else None)
    async with lines(peer.port) as ours:
        placed = await ours.place("103", ring_s=20, talk_s=1)
        assert placed.sent_at
        await moved(placed, lambda: placed.rings_at is not None)
        with pytest.raises(ChannelError, match="under way"):
            await ours.place("104", ring_s=20, talk_s=1)
        assert ours.pid
        os.kill(ours.pid, signal.SIGKILL)
        await moved(placed, lambda: placed.done_at is not None)
        assert "ended" in placed.why


async def moved(placed: Placed, true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():
            placed.changed.clear()
            await placed.changed.wait()


async def test_a_child_that_dies_with_its_parents_pipe_leaves_nobody(peer: Peer) -> None:
    peer.script = registrar
    with Child(peer.port) as child:
        child.wait("line", state="up")
        assert child.process.stdin
        child.process.stdin.close()
        assert child.process.wait(5) == 0
    assert peer.wait("REGISTER", 3).get("Expires") == "0"
