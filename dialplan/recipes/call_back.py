"""Who asked to be called back and has picked up: into the queue in which he waited, before all others.

The context is never included anywhere: the server alone sends clients there (Originate), with the queue's name in
TRUBKA_BACK_TO. Position 1 is a priority above all others: Queue()'s own argument for it is not the same before and
since Asterisk 21.
"""

from __future__ import annotations

from dialplan.model import Assign, Context, Expr, Extension, Step, word

CONTEXT = "trubka-callback"
QUEUE = "TRUBKA_BACK_TO"
AGAIN, KEPT = "again", "trubka-back"
HELD = ("Queue", "Joined", "Number")
FIRST = 10_000
WAIT_S = 600


def call_back(recorded: tuple[str, ...] = (), record: tuple[Step, ...] = ()) -> Context:
    """One extension, `s`. recorded: queues whose talks are; record: what begins that, and says so to the client."""
    names = "|".join(word(one, "queue") for one in recorded)
    told = Expr(f'${{REGEX("^({names})$" ${{{QUEUE}}})}}?record:wait')
    asked = (Step(app="GotoIf", args=(told,)), Step(app="NoOp", label="record"))
    begin: tuple[Step, ...] = (*asked, *record) if recorded else ()
    steps: tuple[Step | Assign, ...] = (
        Step(app="ExecIf", args=(Expr(f"$[${{LEN(${{{QUEUE}}})}} = 0]?Hangup(16)"),)),
        Assign(variable="_TRUBKA_OWNER", value=""),  # the server's own call is over: what follows is an agent's
        Assign(variable="__TRUBKA_QUEUE", value=Expr(f"${{{QUEUE}}}")),
        *begin,
        Step(app="NoOp", label="wait"),
        Assign(variable="QUEUE_PRIO", value=str(FIRST)),
        Step(app="Queue", args=(Expr(f"${{{QUEUE}}}"), "tk", "", "", str(WAIT_S))),
        Step(app="UserEvent", args=("TrubkaQueue", Expr(f"Queue: ${{{QUEUE}}}"), Expr("Status: ${QUEUESTATUS}"))),
        Step(app="Hangup"),
    )
    first = Extension(number="s", title="first in the queue", steps=steps)
    again = Extension(number=AGAIN, title="who asked for it, told once more to a server that was away", steps=_again())
    return Context(name=CONTEXT, title="called back, reached by the server alone", extensions=(first, again))


def keep(queue: str) -> Step:
    """Before a request is told: the PBX's own base holds it, for a server that is away."""
    said = f"{queue}:${{FILTER(0-9,${{TRUBKA_JOINED}})}}:${{FILTER(0-9+,${{CALLERID(num)}})}}"
    return Step(app="Set", args=(Expr(f"DB({KEPT}/${{CHANNEL(linkedid)}})={said}"),))


def _again() -> tuple[Step | Assign, ...]:
    """Each that is held is told and let go; the server knows a call that it has been told of. Nobody answers: whoever
    made the channel would hang it up before all is told.
    """
    told = ("Call: ${TRUBKA_KEY}", *(f"{name}: ${{CUT(TRUBKA_HELD,:,{at})}}" for at, name in enumerate(HELD, 1)))
    return (
        Assign(variable="TRUBKA_KEYS", value=Expr(f"${{DB_KEYS({KEPT})}}")),
        Step(app="GotoIf", args=(Expr("$[${LEN(${TRUBKA_KEYS})} = 0]?end"),), label="next"),
        Assign(variable="TRUBKA_KEY", value=Expr("${SHIFT(TRUBKA_KEYS)}")),
        Assign(variable="TRUBKA_HELD", value=Expr(f"${{DB_DELETE({KEPT}/${{TRUBKA_KEY}})}}")),
        Step(app="UserEvent", args=("TrubkaCallback", *(Expr(one) for one in told))),
        Step(app="Goto", args=("next",)),
        Step(app="Hangup", label="end"),
    )
