"""Calls to the outside world over one trunk, in the form carriers want: digits, country code first, no plus."""

from __future__ import annotations

from dialplan.model import Assign, Context, Expr, Extension, Step, word

RING_S = 60


def outbound(context: str, *, trunk: str, caller_id: str, ring_s: int = RING_S) -> Context:
    """Russian numbers as 7..., +7... or 8...; others are not dialled here.

    caller_id: shown when the call brings an internal number only (a desk phone dialling by itself); click-to-dial sets
    its own. The internal name never leaves the house.
    """
    out: tuple[Step | Assign, ...] = (
        Step(
            app="ExecIf",
            args=(Expr(f"$[${{LEN(${{CALLERID(num)}})}} < 7]?Set(CALLERID(num)={word(caller_id, 'number')})"),),
        ),
        Assign(variable="CALLERID(name)", value=""),
        Step(app="Dial", args=(Expr(f"PJSIP/${{EXTEN}}@{word(trunk, 'trunk')}"), str(ring_s), "TK")),
        Step(app="Hangup", args=(Expr("${HANGUPCAUSE}"),)),
    )
    return Context(
        name=context,
        title=f"to the outside by {trunk}",
        extensions=(
            Extension(number="_7XXXXXXXXXX", steps=out),
            Extension(number="_+7XXXXXXXXXX", steps=(Step(app="Goto", args=(Expr("${EXTEN:1}"), "1")),)),
            Extension(number="_8XXXXXXXXXX", steps=(Step(app="Goto", args=(Expr("7${EXTEN:1}"), "1")),)),
        ),
    )
