"""Calls placed from the screen: the agent's own phone first, then the client."""

from __future__ import annotations

import time

from lab.pbx import Pbx
from lab.phones import Phone
from tests.recordings.recorder import CLIENT, SALES, Recorder, channel_of


def _click(ami: Recorder, device: str = "PJSIP/101") -> None:
    ami.send(
        "Originate", ActionID="trubka-r1", Channel=device, Context="from-internal", Exten=CLIENT, Priority="1",
        Async="true", Timeout="20000", ChannelId="trubka-r1", CallerID=SALES,
    )  # fmt: skip


def _back(ami: Recorder) -> None:
    ami.send(
        "Originate", ActionID="trubka-r1", Channel=f"Local/{CLIENT}@from-internal/n", Context="trubka-callback",
        Exten="s", Priority="1", Async="true", Timeout="20000", ChannelId="trubka-back-1-r1",
        OtherChannelId="trubka-back-1-r1.2", CallerID=SALES, Variable="TRUBKA_BACK_TO=sales,_TRUBKA_OWNER=server",
    )  # fmt: skip


def click(pbx: Pbx, ami: Recorder) -> None:
    """Anna clicks a number: her phone rings, she answers, the client answers, he hangs up."""
    sip = pbx.ports.sip
    with Phone("101", sip) as anna, Phone("client", sip, trunk=True, port=pbx.ports.trunk, ring_ms=300) as client:
        _click(ami)
        anna.wait("ringing")
        anna.answer()
        client.wait("talking")
        time.sleep(0.5)
        client.hang_up()
        anna.wait("idle")


def click_client_busy(pbx: Pbx, ami: Recorder) -> None:
    """Anna clicks a number and answers; the client is busy."""
    sip = pbx.ports.sip
    with Phone("101", sip) as anna, Phone("client", sip, trunk=True, port=pbx.ports.trunk, refuse=486):
        _click(ami)
        anna.wait("ringing")
        anna.answer()
        anna.wait("idle")


def click_given_up(pbx: Pbx, ami: Recorder) -> None:
    """Anna clicks a number and answers; she hangs up while the client's phone rings."""
    sip = pbx.ports.sip
    with Phone("101", sip) as anna, Phone("client", sip, trunk=True, port=pbx.ports.trunk) as client:
        _click(ami)
        anna.wait("ringing")
        anna.answer()
        client.wait("ringing")
        anna.hang_up()
        client.wait("idle")


def click_refused(pbx: Pbx, ami: Recorder) -> None:
    """Anna clicks a number and then declines her own phone's ring."""
    with Phone("101", pbx.ports.sip) as anna:
        _click(ami)
        anna.wait("ringing")
        anna.decline()
        anna.wait("idle")


def click_unregistered(_pbx: Pbx, ami: Recorder) -> None:
    """Anna clicks a number; her phone is off."""
    _click(ami)
    time.sleep(0.5)


def client_first(pbx: Pbx, ami: Recorder) -> None:
    """The server calls the client first; he answers; then Anna's phone rings, she answers; he hangs up."""
    sip = pbx.ports.sip
    with Phone("101", sip) as anna, Phone("client", sip, trunk=True, port=pbx.ports.trunk, ring_ms=300) as client:
        ami.send(
            "Originate", ActionID="trubka-r1", Channel=f"PJSIP/{CLIENT}@trunk", Context="from-internal", Exten="101",
            Priority="1", Async="true", Timeout="20000", ChannelId="trubka-r1", CallerID=SALES,
        )  # fmt: skip
        anna.wait("ringing")
        anna.answer()
        anna.wait("talking")
        time.sleep(0.5)
        client.hang_up()
        anna.wait("idle")


def called_back(pbx: Pbx, ami: Recorder) -> None:
    """The server calls back who asked for it; he answers and is in the queue; Anna answers; he hangs up."""
    sip = pbx.ports.sip
    with Phone("101", sip) as anna, Phone("client", sip, trunk=True, port=pbx.ports.trunk, ring_ms=300) as client:
        _back(ami)
        anna.wait("ringing")
        anna.answer()
        ami.talking("101")
        client.wait("talking")
        time.sleep(0.5)
        client.hang_up()
        anna.wait("idle")


def called_back_in_vain(pbx: Pbx, ami: Recorder) -> None:
    """The server calls back who asked for it; he is busy."""
    with Phone("client", pbx.ports.sip, trunk=True, port=pbx.ports.trunk, refuse=486) as client:
        _back(ami)
        ami.hears("OriginateResponse")
        client.wait("idle")


def click_attended(pbx: Pbx, ami: Recorder) -> None:
    """Anna clicks a number, talks with the client, consults Clara and leaves; Clara hangs up."""
    sip = pbx.ports.sip
    with (
        Phone("101", sip) as anna,
        Phone("103", sip) as clara,
        Phone("client", sip, trunk=True, port=pbx.ports.trunk, ring_ms=300) as client,
    ):
        _click(ami)
        anna.wait("ringing")
        anna.answer()
        ami.talking("trunk", "101")
        ami.send("Atxfer", Channel=channel_of(pbx, "101"), Exten="103", Context="from-internal")
        clara.wait("ringing")
        clara.answer()
        ami.talking("103")
        anna.hang_up()
        ami.talking("trunk", "103")
        clara.hang_up()
        client.wait("idle")
