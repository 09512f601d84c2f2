"""What an office has beside the flow of its calls: groups, mailboxes, lines outside, music, feature codes, parking."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """People who are rung together, or one after another. number: what colleagues dial, "" for none."""

    id: str
    people: tuple[str, ...]  # extensions
    title: str = ""
    number: str = ""
    ring_s: int = 20
    in_turn: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Box:
    """A mailbox of several people's. A person's own has the number of his extension (Person.voicemail)."""

    number: str
    title: str = ""
    email: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Trunk:
    """A line to the outside. registers: we sign in there as username, else the carrier knows our address."""

    name: str
    host: str
    title: str = ""
    port: int = 5060
    username: str = ""
    registers: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Music:
    """Music for those who wait: the files of a folder of its name."""

    name: str
    title: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Penalty:
    """Who is rung after waiting so long: members whose penalty is from least to most."""

    after_s: int
    most: int
    least: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Codes:
    """What is dialled for what; "" for a code that is not wanted. record, park, blind, attended: keys in a call.

    pick: before an extension, takes the call that rings there; pickup takes any. listen, whisper, barge: before an
    extension, for those in Plan.spies. pause: before the digit of a reason.
    """

    pickup: str = "*8"
    pick: str = "**"
    sit: str = "*11"
    leave: str = "*12"
    log_in: str = "*21"
    log_out: str = "*22"
    pause: str = "*23"
    ready: str = "*24"
    listen: str = "*31"
    whisper: str = "*32"
    barge: str = "*33"
    mailbox: str = "*97"
    echo: str = "600"
    record: str = "*1"
    park: str = "#72"
    blind: str = "#1"
    attended: str = "*2"


@dataclass(frozen=True, kw_only=True, slots=True)
class Parking:
    """Calls that wait for whoever dials their slot. number: what parks a call; wait_s: then it comes back."""

    number: str = "700"
    first: int = 701
    last: int = 720
    wait_s: int = 120


CODES, PARKING = Codes(), Parking()
