"""The lab's numbers: who has which extension, and where each number that clients dial leads."""

from __future__ import annotations

from collections.abc import Mapping

from dialplan import inside, recording
from dialplan.model import Context, Step
from dialplan.plan import Plan
from dialplan.recipes.call_back import call_back
from dialplan.recipes.click_to_dial import from_internal
from dialplan.recipes.conference import conference
from dialplan.recipes.desks import desks
from dialplan.recipes.did import inbound
from dialplan.recipes.internal import internal, ring
from dialplan.recipes.outbound import outbound
from dialplan.recipes.queue import queues, wait_in
from dialplan.recipes.responsible import ASK_S, late, to_manager
from dialplan.site import Site

SALES = "74950000001"
CLARA = "74950000002"
RESPONSIBLE = "74950000003"
RECORDED = "74950000006"
ANNOUNCEMENT, REFUSAL = "conf-now-recording", "0"
AGI = "127.0.0.1:4573"
RECORDINGS = "/var/spool/asterisk/monitor/trubka"
DEVICES = {
    "101": ("101", "101-web"),
    "102": ("102", "102-web"),
    "103": ("103", "103-web"),
    "105": ("105",),  # nobody's own: whoever sits down there
    "110": ("110", "110-web"),
}
QUEUES = {"601": "sales", "602": "support"}
MEMBERS = {"sales": ("PJSIP/101", "PJSIP/102")}


def contexts(
    more: Mapping[str, tuple[Step, ...]] | None = None,
    *,
    agi: str = AGI,
    ask_s: float = ASK_S,
    recordings: str = RECORDINGS,
) -> tuple[Context, ...]:
    """The whole plan. The third number leads to the client's manager, and to sales where he is not known or not free.

    more: further numbers that clients may dial. agi: where the server answers; ask_s: how long
    it is waited for. recordings: the folder for those of RECORDED, whose callers are told, and may say no by a key.
    """
    responsible = to_manager(agi, otherwise=wait_in("sales"), ask_s=ask_s)
    site = Site(agi=agi, caller_id=SALES, secrets={}, recordings=recordings)
    recorded = (*recording.begin(ANNOUNCEMENT, REFUSAL), *wait_in("sales"))
    numbers = {
        SALES: wait_in("sales"),
        CLARA: ring("103", DEVICES["103"]),
        RESPONSIBLE: responsible,
        RECORDED: recorded,
    }
    return (
        inbound("from-outside", {**numbers, **(more or {})}, beside=(late(),)),
        from_internal("from-internal", parts=("colleagues", "queues", "parkedcalls", "desks", inside.CODES, "outside")),
        from_internal("from-tests", parts=("colleagues", "queues")),
        internal("colleagues", DEVICES),
        queues("queues", QUEUES),
        outbound("outside", trunk="trunk", caller_id=SALES),
        conference(),
        call_back(),
        desks("desks", agi),
        inside.codes(Plan(), site),
        recording.context(Plan(), site),
    )
