"""Records of /api/v1/phone: one's own phones, shared desks, what the PBX offers."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from web.api.records import Id, PhoneOut


class BrowserPhoneOut(Struct):
    """What a page needs to be the phone: kept in its memory only. path: of the SIP WebSocket on this server."""

    device: str
    user: str
    password: str
    extension: str
    path: str


class PhonesOut(Struct):
    """browser: None where there is none or it cannot work; why says so, as code and sentence, both else empty."""

    phones: list[PhoneOut]
    browser: BrowserPhoneOut | None
    code: str = ""
    why: str = ""


class PhoneChosen(Struct, forbid_unknown_fields=True):
    device: Annotated[str, Meta(min_length=1, max_length=80)]


class DeskOut(Struct):
    """A shared desk phone. who: who sits there, "" for nobody; mine: oneself."""

    id: int
    extension: str
    who: str
    mine: bool
    since: float | None


class DeskIn(Struct, forbid_unknown_fields=True):
    """desk: where one sits down; null: one leaves."""

    desk: Id | None = None


class NumberIn(Struct, forbid_unknown_fields=True):
    to: Annotated[str, Meta(min_length=1, max_length=80, pattern=r"^[^\x00-\x1f\x7f]+$")]


class NumberOut(Struct):
    """dial: what the phone sends to the PBX; shown: as people write it."""

    dial: str
    shown: str


class NumberedQueue(Struct):
    name: str
    number: str


class OffersOut(Struct):
    """What the PBX offers to one's phone. echo: number that plays back what it hears, "" without."""

    queues: list[NumberedQueue]
    echo: str
    conference: bool
