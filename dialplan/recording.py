"""Calls are recorded by the dialplan: only there it may be begun without the right to run a shell.

Whoever begins a recording goes by this context, so a call has one recording at a time, its name is made of what the PBX
itself gave the call, and the server is told of each: UserEvent TrubkaRecording with the file below the site's folder.
`b` of MixMonitor: what is heard while nobody talks (music, menus) is not kept. Who says no by a key is not recorded at
all: the call is marked so (TrubkaRecorded, Refused: yes), and neither a queue further on nor an agent's key begins one.
"""

from __future__ import annotations

from dialplan.hours import zone
from dialplan.model import Assign, Context, Expr, Extension, Step, folder, sound
from dialplan.plan import Plan
from dialplan.site import Site

CONTEXT = "trubka-record"
FEATURE = "trubka-record"  # of features.conf, and of DYNAMIC_FEATURES
KEYS = "0123456789*"  # of a telephone, but for the one that ends what is typed
_FILE = "${STRFTIME(${EPOCH},%s,%%Y/%%m/%%d)}/${FILTER(0-9A-Za-z.,${CHANNEL(linkedid)})}-${EPOCH}.wav"


REFUSE_S = 3  # after the announcement the key is waited for so long


def begin(announcement: str, key: str = "") -> tuple[Step, ...]:
    """Record from here on. announcement: heard by whoever is on this channel, "" for none; key: his no to it."""
    return (Step(app="Gosub", args=(Expr(f"{CONTEXT},begin,1({','.join(_said(announcement, key))})"),)),)


def of_called(announcement: str, key: str = "") -> str:
    """Option of Dial: whoever picks up hears the announcement, and is recorded from there on unless he says no."""
    return f"U({'^'.join((CONTEXT, *_said(announcement, key)))})"


def _said(announcement: str, key: str) -> tuple[str, ...]:
    if key and key not in KEYS:
        raise ValueError(f"{key!r} is no key of a telephone")
    said = sound(announcement) if announcement else ""
    return (said, key) if said and key else (said,)


def context(plan: Plan, site: Site) -> Context:
    """begin: as above; s: the same of whoever is dialled.

    demand: an agent's key in a call, carried out on the other party's channel; again ends it.
    """
    file = Expr(_FILE % zone(plan.zone))
    mix = Step(app="MixMonitor", args=(Expr(f"{folder(site.recordings)}/${{TRUBKA_RECORDING}}"), "b"))
    told = Expr("File: ${TRUBKA_RECORDING}")
    announced = Expr('Announced: ${IF($["${ARG1}"=""]?no:yes)}')
    asked = Step(app="Read", args=("TRUBKA_REFUSED", Expr("${ARG1}"), "1", "", "1", str(REFUSE_S)), label="ask")
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
                    Step(app="GotoIf", args=(Expr("$[${LEN(${ARG2})} > 0]?ask"),)),
                    Step(app="Playback", args=(Expr("${ARG1}"),)),
                    Assign(variable="TRUBKA_RECORDING", value=file, label="mix"),
                    mix,
                    Step(app="UserEvent", args=("TrubkaRecording", told, announced)),
                    Step(app="Return", label="back"),
                    asked,
                    Step(app="GotoIf", args=(Expr('$["${TRUBKA_REFUSED}"="${ARG2}"]?no'),)),
                    Step(app="GotoIf", args=(Expr("$[${LEN(${TRUBKA_REFUSED})} > 0]?ask:mix"),)),
                    Assign(variable="TRUBKA_RECORDING", value=file, label="no"),
                    Step(app="UserEvent", args=("TrubkaRecorded", told, "Refused: yes")),
                    Step(app="Return"),
                ),
            ),
            Extension(number="s", steps=(Step(app="Goto", args=("begin", "1")),)),
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
