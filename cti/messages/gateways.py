"""What is known of an SMS gateway, by its kind, as its row holds it. Nothing secret."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct


class SmppGiven(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A company's SMSC by SMPP 3.4. system_id: who we are there.

    bind: one link both ways (transceiver), or some to send and one to receive (pair). binds: links that send; window:
    messages without an answer on each. enquire_s: after so long without a sign of life it is asked for one. long: how
    parts are told to be of one text: by a header in each, or by fields (sar_*).
    """

    host: Annotated[str, Meta(min_length=1, max_length=253)]
    port: Annotated[int, Meta(ge=1, le=65535)] = 2775
    tls: bool = False
    system_id: Annotated[str, Meta(min_length=1, max_length=15, pattern=r"^[\x21-\x7e]+$")]
    system_type: Annotated[str, Meta(max_length=12, pattern=r"^[\x20-\x7e]*$")] = ""
    bind: Literal["transceiver", "pair"] = "transceiver"
    binds: Annotated[int, Meta(ge=1, le=10)] = 1
    window: Annotated[int, Meta(ge=1, le=200)] = 10
    enquire_s: Annotated[int, Meta(ge=5, le=300)] = 30
    long: Literal["udh", "sar"] = "udh"


class ModemGiven(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A modem on a PBX (chan_dongle, chan_quectel). pbx: its name, "" of the only one; device: as the PBX names it."""

    pbx: Annotated[str, Meta(max_length=40)] = ""
    driver: Literal["dongle", "quectel"] = "quectel"
    device: Annotated[str, Meta(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9_.-]+$")]
