"""Calls are recorded by the dialplan: only there it may be begun without the right to run a shell.

Whoever begins a recording goes by this context, so a call has one recording at a time, its name is made of what the PBX
itself gave the call, and the server is told of each: UserEvent TrubkaRecording with the file below the site's folder.
`b` of MixMonitor: what is heard while nobody talks (music, menus) is not kept.
"""

from __future__ import annotations

from dialplan.hours import zone
from dialplan.model import Assign, Context, Expr, Extension, Step, folder, sound
from dialplan.plan import Plan
from dialplan.site import Site

CONTEXT = "trubka-record"
FEATURE = "trubka-record"  # of features.conf, and of DYNAMIC_FEATURES
_FILE = "${STRFTIME(${EPOCH},%s,%%Y/%%m/%%d)}/${FILTER(0-9A-Za-z.,${CHANNEL(linkedid)})}-${EPOCH}.wav"


def begin(announcement: str, *, elsewhere: bool = False) -> tuple[Step, ...]:
    """Record from here on. announcement: heard by whoever is on this channel; "" for none.

    elsewhere: it is heard by whoever is dialled, as he picks up.
    """
    said = sound(announcement) if announcement else ""
    return (Step(app="Gosub", args=(Expr(f"{CONTEXT},begin,1({said}{',elsewhere' if elsewhere else ''})"),)),)


def context(plan: Plan, site: Site) -> Context:
    """begin: as above. demand: an agent's key in a call, carried out on the other party's channel; again ends it."""
    file = Expr(_FILE % zone(plan.zone))
    mix = Step(app="MixMonitor", args=(Expr(f"{folder(site.recordings)}/${{TRUBKA_RECORDING}}"), "b"))
    told = Expr("File: ${TRUBKA_RECORDING}")
    announced = Expr('Announced: ${IF($["${ARG1}${ARG2}"=""]?no:yes)}')
    return Context(
        name=CONTEXT,
        title="recordings begin here, and nowhere else",
        extensions=(
            Extension(
                number="begin",
                steps=(
                    Step(app="GotoIf", args=(Expr("$[${LEN(${TRUBKA_RECORDING})} > 0]?back"),)),
                    Step(app="GotoIf", args=(Expr("$[${LEN(${ARG1})} = 0]?mix"),)),
                    Step(app="Answer"),
                    Step(app="Playback", args=(Expr("${ARG1}"),)),
                    Assign(variable="TRUBKA_RECORDING", value=file, label="mix"),
                    mix,
                    Step(app="UserEvent", args=("TrubkaRecording", told, announced)),
                    Step(app="Return", label="back"),
                ),
            ),
            Extension(
                number="demand",
                steps=(
                    Step(app="GotoIf", args=(Expr("$[${LEN(${TRUBKA_RECORDING})} > 0]?stop"),)),
                    Assign(variable="TRUBKA_RECORDING", value=file),
                    Assign(variable="TRUBKA_DEMANDED", value="1"),
                    mix,
                    Step(app="UserEvent", args=("TrubkaRecording", told, "Announced: no", "Demanded: yes")),
                    Step(app="Return"),
                    Step(app="GotoIf", args=(Expr('$["${TRUBKA_DEMANDED}"="1"]?end:back'),), label="stop"),
                    Step(app="StopMixMonitor", label="end"),
                    Step(app="UserEvent", args=("TrubkaRecorded", told)),
                    Assign(variable="TRUBKA_RECORDING", value=""),
                    Assign(variable="TRUBKA_DEMANDED", value=""),
                    Step(app="Return", label="back"),
                ),
            ),
        ),
    )
