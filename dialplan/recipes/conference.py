"""A conference: whoever is sent to a number of this context talks with everybody who was sent to the same one.

The context is never included anywhere, so nobody dials into a room: the server alone sends people there (Redirect).
"""

from __future__ import annotations

from dialplan.model import Assign, Context, Expr, Extension, Step

CONTEXT = "trubka-conference"


def conference() -> Context:
    """Rooms of ten digits. quiet: no announcements, clients are in it; who is left alone hears music."""
    steps = (
        Step(app="Answer"),
        Assign(variable="CONFBRIDGE(user,quiet)", value="yes"),
        Assign(variable="CONFBRIDGE(user,music_on_hold_when_empty)", value="yes"),
        Step(app="ConfBridge", args=(Expr("${EXTEN}"),)),
        Step(app="Hangup"),
    )
    rooms = Extension(number="_XXXXXXXXXX", title="a room", steps=steps)
    return Context(name=CONTEXT, title="conferences, reached by the server alone", extensions=(rooms,))
