"""Shared desk phones: *11 and one's extension sits down at the phone one dials from, *12 leaves it (FastAGI).

The server is asked with the extension; where its owner has a PIN, the phone asks for it and the server is asked again.
Which phone it is, the channel tells: nobody can sit somebody down elsewhere. Include the context where desk phones
dial, and nowhere that outside calls or browser phones reach.
"""

from __future__ import annotations

import re

from dialplan.model import Assign, Context, Expr, Extension, Step

LENGTHS = (2, 3, 4, 5)
_ADDRESS = re.compile(r"[A-Za-z0-9.-]{1,100}:[0-9]{1,5}")
_CODE = re.compile(r"\*[0-9]{1,3}")
_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")


def desks(context: str, agi: str, *, sit: str = "*11", leave: str = "*12", pbx: str = "") -> Context:
    """agi: `host:port` of the server; pbx: its name for this PBX where it serves several."""
    if not _CODE.fullmatch(sit) or not _CODE.fullmatch(leave) or sit == leave:
        raise ValueError("two codes like *11 are needed")
    number = Expr(f"${{EXTEN:{len(sit)}}}")
    sits = _asked(script(agi, "desk/sit", pbx), number)
    leaves = _asked(script(agi, "desk/leave", pbx))
    people = tuple(
        Extension(number=f"_{sit}{'X' * length}", title="sit down at this phone", steps=sits) for length in LENGTHS
    )
    return Context(
        name=context,
        title="shared desk phones",
        extensions=(*people, Extension(number=leave, title="leave this phone", steps=leaves)),
    )


def script(agi: str, wish: str, pbx: str) -> str:
    """Where AGI() asks for a wish."""
    if not _ADDRESS.fullmatch(agi):
        raise ValueError(f"{agi!r} is no address of an AGI server")
    if pbx and not _NAME.fullmatch(pbx):
        raise ValueError(f"{pbx!r} is no name of a PBX")
    return f"agi://{agi}/{wish}/{pbx}" if pbx else f"agi://{agi}/{wish}"


def _asked(script: str, number: Expr | None = None) -> tuple[Step | Assign, ...]:
    """Ask, and say what became of it; a phone that sits down may be asked for the PIN in between."""
    again: tuple[Step | Assign, ...] = ()
    if number is not None:
        again = (
            Step(app="GotoIf", args=(Expr('$["${TRUBKA_DESK}" != "pin"]?done'),)),
            Step(app="Read", args=("TRUBKA_PIN", "agent-pass", "8", "", "2", "10")),
            Assign(variable="TRUBKA_DESK", value="no"),
            Step(app="AGI", args=(script, number, Expr("${FILTER(0-9,${TRUBKA_PIN})}"))),
        )
    good = "agent-loginok" if number is not None else "agent-loggedoff"
    return (
        Step(app="Answer"),
        Assign(variable="TRUBKA_DESK", value="no"),
        Step(app="AGI", args=(script, number) if number is not None else (script,)),
        *again,
        Step(app="GotoIf", args=(Expr('$["${TRUBKA_DESK}" = "ok"]?good'),), label="done"),
        Step(app="Playback", args=("agent-incorrect",)),
        Step(app="Hangup"),
        Step(app="Playback", args=(good,), label="good"),
        Step(app="Hangup"),
    )
