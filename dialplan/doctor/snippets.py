"""Lines for a dialplan that is not ours: what is told less exactly without them, which are there, and the lines.

The lines are rendered by the same recipes as a dialplan that is ours, so both say the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from dialplan.doctor.facts import Facts, Finding
from dialplan.model import OWN, Assign, Context, Expr, Extension, Step
from dialplan.offers import Row
from dialplan.recipes.call_back import CONTEXT as CALL_BACK
from dialplan.recipes.call_back import call_back
from dialplan.recipes.conference import CONTEXT, conference
from dialplan.recipes.desks import desks
from dialplan.recipes.responsible import ask, late
from dialplan.render import HEADER, render

FILE = "extensions.conf"
RELOADS: Mapping[str, str] = {
    "extensions.conf": "dialplan reload",
    "manager.conf": "manager reload",
    "queues.conf": "queue reload all",
    "pjsip.conf": "module reload res_pjsip.so",
    "http.conf": "module reload http",
    "rtp.conf": "module reload res_rtp_asterisk.so",
    "features.conf": "module reload features",
    "voicemail.conf": "voicemail reload",
    "musiconhold.conf": "moh reload",
    "confbridge.conf": "module reload app_confbridge.so",
    "queuerules.conf": "queue reload rules",
    "res_parking.conf": "module reload res_parking.so",
    "asterisk.conf": "core restart gracefully",
}
# Where a distribution leaves room for an admin's own lines. What is not named there is the file itself.
FREEPBX: Mapping[str, str] = {
    "extensions.conf": "/etc/asterisk/extensions_custom.conf",
    "manager.conf": "/etc/asterisk/manager_custom.conf",
    "queues.conf": "/etc/asterisk/queues_post_custom.conf",
    "pjsip.conf": "/etc/asterisk/pjsip.endpoint_custom_post.conf",
    "rtp.conf": "/etc/asterisk/rtp_custom.conf",
    "http.conf": "/etc/asterisk/http_custom.conf",
    "features.conf": "/etc/asterisk/features_featuremap_custom.conf",
}
ISSABEL: Mapping[str, str] = {
    "extensions.conf": "/etc/asterisk/extensions_custom.conf",
    "manager.conf": "/etc/asterisk/manager_custom.conf",
    "queues.conf": "/etc/asterisk/queues_post_custom.conf",
    "pjsip.conf": "/etc/asterisk/pjsip_custom_post.conf",
    "features.conf": "/etc/asterisk/features_featuremap_custom.conf",
}
ECHO = "600"
KINDS = ("hand", "freepbx", "issabel", "mikopbx")


def place(kind: str, file: str) -> str:
    """The path where lines for a file are pasted on a PBX of a kind; of MikoPBX the name that its menu lists."""
    if kind == "mikopbx":
        return file
    return {"freepbx": FREEPBX, "issabel": ISSABEL}.get(kind, {}).get(file, f"/etc/asterisk/{file}")


def kind_of(rows: Iterable[Row]) -> str:
    """What a PBX is made with, by the contexts that only its maker writes. Issabel's are FreePBX's."""
    contexts = {str(row.get("Context")) for row in rows}
    if contexts & {"from-internal-additional", "macro-dialout-trunk", "ext-local"}:
        return "freepbx"
    return "mikopbx" if contexts & {"all_peers", "internal-users", "add-trim-prefix-clid"} else "hand"


@dataclass(frozen=True, kw_only=True, slots=True)
class Snippet:
    """needed: whether this PBX has what it is about; there: whether it has the lines; whole: contexts of their own."""

    code: str
    needed: Callable[[Facts], bool]
    there: Callable[[Facts], bool]
    text: Callable[[Facts], str]
    whole: bool = False


def snippets(facts: Facts) -> Iterator[Finding]:
    """One line for each that matters here. A dialplan of ours has them all by itself."""
    if facts.owner:
        return
    for one in SNIPPETS:
        if facts.rows is None:
            yield Finding(code=one.code, level="not-visible", file=FILE)
        elif one.there(facts):
            yield Finding(code=one.code)
        elif one.needed(facts):
            yield Finding(code=one.code, level="warning", snippet=one.text(facts), file=FILE)


def runs(rows: tuple[Row, ...] | None, app: str, words: str = "", *, context: str = "") -> bool:
    """Whether some step runs an application with these words in what it is given."""
    return any(
        str(row.get("Application", "")).casefold() == app.casefold()
        and words in str(row.get("AppData", ""))
        and (not context or row.get("Context") in (context, f"{context}{OWN}"))
        for row in rows or ()
    )


def lines(*steps: Step | Assign) -> str:
    """Steps as they are put between one's own."""
    start = Step(app="NoOp")
    text = render([Context(name="x", extensions=(Extension(number="s", steps=(start, *steps)),))])
    return "".join(f"{line}\n" for line in text.splitlines() if line.startswith(" same"))


def _contexts(*contexts: Context) -> str:
    """Whole contexts, without what only files of ours need: room for the admin's own."""
    own = {context.name for context in contexts}
    blocks = render(contexts).removeprefix(HEADER).strip().split("\n\n")
    kept = [block for block in blocks if any(f"[{name}]" in block for name in own)]
    beside = ("include =>", *(f"[{name}{OWN}]" for name in own))  # what is pasted is the admin's own altogether
    return "".join(f"{line}\n" for line in "\n\n".join(kept).splitlines() if not line.startswith(beside))


def _always(_facts: Facts) -> bool:
    return True


def _queues(facts: Facts) -> bool:
    return runs(facts.rows, "Queue")


def _a_queue(facts: Facts) -> str:
    return next(iter(facts.queues or {}), "sales")


def _choice(facts: Facts) -> str:
    phone = next((one for one in facts.phones if one.browser), None)
    name = phone.device.partition("/")[2] if phone else "101-web"
    number = name.partition("-")[0]
    chosen = f"${{TRUBKA_RING_{number}}}"
    where = Expr(f'${{IF($["{chosen}"=""]?PJSIP/{number}&PJSIP/{name}:{chosen})}}')
    return lines(Step(app="Dial", args=(where, "30", "tk")))


def _route(facts: Facts) -> str:
    text = lines(*ask(facts.agi or "127.0.0.1:4573", ask_s=facts.ask_s))
    extension = render([Context(name="x", extensions=(late(),))])
    return text + next(f"{line}\n" for line in extension.splitlines() if line.startswith("exten => T"))


SNIPPETS: tuple[Snippet, ...] = (
    Snippet(
        code="snippet-conference",
        needed=_always,
        there=lambda facts: runs(facts.rows, "ConfBridge", context=CONTEXT),
        text=lambda _: _contexts(conference()),
        whole=True,
    ),
    Snippet(
        code="snippet-queue-end",
        needed=_queues,
        there=lambda facts: runs(facts.rows, "UserEvent", "TrubkaQueue"),
        text=lambda facts: lines(
            Step(
                app="UserEvent",
                args=(
                    "TrubkaQueue",
                    f"Queue: {_a_queue(facts)}",
                    Expr("Status: ${QUEUESTATUS}"),
                ),
            )
        ),
    ),
    Snippet(
        code="snippet-route",
        needed=_queues,
        there=lambda facts: runs(facts.rows, "AGI", "/route"),
        text=_route,
    ),
    Snippet(
        code="snippet-steps",
        needed=_always,
        there=lambda facts: runs(facts.rows, "UserEvent", "TrubkaStep"),
        text=lambda _: lines(Step(app="UserEvent", args=("TrubkaStep", "Node: sales", "Kind: Menu"))),
    ),
    Snippet(
        code="snippet-voicemail",
        needed=lambda facts: runs(facts.rows, "VoiceMail"),
        there=lambda facts: runs(facts.rows, "UserEvent", "TrubkaVoicemail"),
        text=lambda _: lines(Step(app="UserEvent", args=("TrubkaVoicemail",))),
    ),
    Snippet(
        code="snippet-callback-ask",
        needed=_queues,
        there=lambda facts: runs(facts.rows, "UserEvent", "TrubkaCallback"),
        text=lambda facts: lines(Step(app="UserEvent", args=("TrubkaCallback", f"Queue: {_a_queue(facts)}"))),
    ),
    Snippet(
        code="snippet-callback",
        needed=_queues,
        there=lambda facts: runs(facts.rows, "Queue", context=CALL_BACK),
        text=lambda _: _contexts(call_back()),
        whole=True,
    ),
    Snippet(
        code="snippet-recording",
        needed=lambda facts: runs(facts.rows, "MixMonitor"),
        there=lambda facts: runs(facts.rows, "UserEvent", "TrubkaRecording"),
        text=lambda _: lines(
            Assign(variable="TRUBKA_FILE", value=Expr("${STRFTIME(${EPOCH},,%Y/%m/%d)}/${UNIQUEID}.wav")),
            Step(app="MixMonitor", args=(Expr("${TRUBKA_FILE}"), "b")),
            Step(app="UserEvent", args=("TrubkaRecording", Expr("File: ${TRUBKA_FILE}"), "Announced: no")),
        ),
    ),
    Snippet(
        code="snippet-desks",
        needed=_always,
        there=lambda facts: runs(facts.rows, "AGI", "/desk/sit"),
        text=lambda facts: _contexts(desks("trubka-desks", facts.agi or "127.0.0.1:4573")),
        whole=True,
    ),
    Snippet(
        code="snippet-echo",
        needed=_always,
        there=lambda facts: runs(facts.rows, "Echo"),
        text=lambda _: f"[trubka-echo]\nexten => {ECHO},1,Answer()\n same => n,Echo()\n same => n,Hangup()\n",
        whole=True,
    ),
    Snippet(
        code="snippet-choice",
        needed=lambda facts: any(one.browser for one in facts.phones),
        there=lambda facts: runs(facts.rows, "Dial", "TRUBKA_RING_"),
        text=_choice,
    ),
)
WHOLE = frozenset(one.code for one in SNIPPETS if one.whole)
