"""A call goes to the client's own manager where he is free, else on: the server is asked who that is (FastAGI).

The rule: the caller waits at most ASK_S for the answer, whatever has become of the server (a server that is given
longer to think by its settings is waited for as much longer: `waited`). AGI() itself has no time
limit once it is connected (a frozen server would hold the caller for ever), so the channel's absolute time limit is
set around it: when it strikes, the call comes back at extension T of its context and goes on behind the question.
AGIEXITONHANGUP makes AGI() obey: else it tells the server of the hang-up and waits for it still (Asterisk 16 to 22).
Nobody there at all: at once; a host that is switched off: Asterisk's own two seconds for connecting.
"""

from __future__ import annotations

import re

from dialplan.model import Assign, Expr, Extension, Step

ASK_S = 0.5
BESIDE_S = 0.35  # of it, what lies beside the server: connecting, the way there and back, the PBX itself
RING_S = 20
_ADDRESS = re.compile(r"[A-Za-z0-9.-]{1,100}:[0-9]{1,5}(?:/[a-z][a-z0-9-]{0,30})?")
_TOLD = ("CALLER", "NAME", "PRIORITY", "TAGS", "EXTENSION", "DEVICE", "LIST")


def waited(budget_ms: int) -> float:
    """Seconds that a dialplan waits for a server which answers within so many milliseconds."""
    return budget_ms / 1000 + BESIDE_S


def ask(agi: str, *, ask_s: float = ASK_S) -> tuple[Step | Assign, ...]:
    """Ask, put the client's name on the display of whatever rings next, his priority into queues.

    agi: `host:port` of the server, `host:port/NAME` where it serves several PBXes. Afterwards TRUBKA_CALLER (client,
    several, unknown, none), _NAME, _PRIORITY, _TAGS (words with spaces between), _EXTENSION, _DEVICE and _LIST (black,
    white) hold what is known, and nothing where it is not. The context needs the extension `late()`. Lengths are
    looked at and not the texts: a text in an expression is code.
    """
    if not _ADDRESS.fullmatch(agi):
        raise ValueError(f"{agi!r} is no address of an AGI server")
    address, _, pbx = agi.partition("/")
    script = f"agi://{address}/route/{pbx}" if pbx else f"agi://{address}/route"
    return (
        *(Assign(variable=f"TRUBKA_{name}", value="") for name in _TOLD),
        Assign(variable="TRUBKA_ASKED", value=Expr("${EXTEN}")),
        Assign(variable="AGIEXITONHANGUP", value="yes"),
        Assign(variable="TIMEOUT(absolute)", value=f"{ask_s:g}"),
        Step(app="AGI", args=(script, Expr("${CHANNEL(linkedid)}"))),
        Assign(variable="TIMEOUT(absolute)", value="0", label="asked"),
        Step(app="GotoIf", args=(Expr("$[${LEN(${TRUBKA_NAME})} = 0]?nameless"),)),
        Assign(variable="CALLERID(name)", value=Expr("${TRUBKA_NAME}")),
        Step(app="GotoIf", args=(Expr("$[${LEN(${TRUBKA_PRIORITY})} = 0]?known"),), label="nameless"),
        Assign(variable="QUEUE_PRIO", value=Expr("${TRUBKA_PRIORITY}")),
        Step(app="NoOp", label="known"),
    )


def late() -> Extension:
    """Where a call comes back whose question took too long; one for a context."""
    return Extension(
        number="T",
        title="the server did not answer in time: on without it",
        steps=(Step(app="Goto", args=(Expr("${TRUBKA_ASKED}"), "asked")),),
    )


def to_manager(
    agi: str, *, otherwise: tuple[Step | Assign, ...], ring_s: int = RING_S, ask_s: float = ASK_S
) -> tuple[Step | Assign, ...]:
    """Ask, ring the manager's phone while he is free, and where he does not pick up do what `otherwise` says."""
    return (
        *ask(agi, ask_s=ask_s),
        Step(app="GotoIf", args=(Expr("$[${LEN(${TRUBKA_DEVICE})} = 0]?otherwise"),)),
        Step(app="Dial", args=(Expr("${TRUBKA_DEVICE}"), str(ring_s), "tk")),
        Step(app="NoOp", label="otherwise"),
        *otherwise,
    )
