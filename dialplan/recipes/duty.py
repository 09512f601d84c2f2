"""Feature codes of agents at desk phones: into the queues, out of them, on the line, a pause with the digit of why.

The server is asked (FastAGI): who sits at the phone, and what may be, it knows; the phone says what became of it.
"""

from __future__ import annotations

from dialplan.model import Assign, Expr, Step
from dialplan.recipes.desks import script

SAID = {"log-in": "agent-loginok", "log-out": "agent-loggedoff", "ready": "activated", "pause": "de-activated"}


def duty(agi: str, wish: str, *, pbx: str = "", reason: Expr | None = None) -> tuple[Step | Assign, ...]:
    """wish: log-in, log-out, ready, pause. reason: code that gives the digit. TRUBKA_DUTY becomes `ok`."""
    asked = script(agi, f"duty/{wish}", pbx)
    return (
        Step(app="Answer"),
        Assign(variable="TRUBKA_DUTY", value="no"),
        Step(app="AGI", args=(asked, reason) if reason is not None else (asked,)),
        Step(app="GotoIf", args=(Expr('$["${TRUBKA_DUTY}" = "ok"]?good'),)),
        Step(app="Playback", args=("agent-incorrect",)),
        Step(app="Hangup"),
        Step(app="Playback", args=(SAID[wish],), label="good"),
        Step(app="Hangup"),
    )
