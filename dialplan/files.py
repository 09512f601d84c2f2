"""A plan as the files of a PBX, each to be included by the admin's own file of that kind (paste.py says by which line).

Nothing else is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dialplan import flow, inside, pjsip, recording, services
from dialplan.conf import render_conf
from dialplan.model import Context
from dialplan.plan import CallBack, Plan, reached
from dialplan.recipes.call_back import call_back
from dialplan.recipes.click_to_dial import from_internal
from dialplan.recipes.conference import conference
from dialplan.recipes.desks import desks
from dialplan.recipes.did import inbound
from dialplan.recipes.takes import takes
from dialplan.render import render
from dialplan.routes import CONTEXT as OUTSIDE
from dialplan.routes import outside
from dialplan.site import Site

EXTENSIONS, QUEUES, RULES, PJSIP, VOICEMAIL, MUSIC, FEATURES, PARKING, MANAGER = (
    "trubka_extensions.conf",
    "trubka_queues.conf",
    "trubka_queuerules.conf",
    "trubka_pjsip.conf",
    "trubka_voicemail.conf",
    "trubka_musiconhold.conf",
    "trubka_features.conf",
    "trubka_parking.conf",
    "trubka_manager.conf",
)
INCLUDED_BY: Mapping[str, str] = {
    EXTENSIONS: "extensions.conf",
    QUEUES: "queues.conf",
    RULES: "queuerules.conf",
    PJSIP: "pjsip.conf",
    VOICEMAIL: "voicemail.conf",
    MUSIC: "musiconhold.conf",
    FEATURES: "features.conf",
    PARKING: "res_parking.conf",
    MANAGER: "manager.conf",
}
FROM_OUTSIDE, FROM_INSIDE, DESKS = "from-outside", "from-internal", "desks"


def files(plan: Plan, site: Site) -> Mapping[str, str]:
    """All files by name. Raises ValueError where a plan has a fault (faults.py finds them all)."""
    return {
        EXTENSIONS: render(contexts(plan, site)),
        QUEUES: render_conf(services.queues(plan)),
        RULES: render_conf(services.rules(plan)),
        PJSIP: render_conf(pjsip.sections(plan, site)),
        VOICEMAIL: render_conf(services.mailboxes(plan, site)),
        MUSIC: render_conf(services.music(plan, site)),
        FEATURES: render_conf(services.features(plan)),
        PARKING: render_conf(services.parking(plan)),
        MANAGER: render_conf(services.manager(site)),
    }


def contexts(plan: Plan, site: Site) -> tuple[Context, ...]:
    """All contexts: numbers, the flow, everybody inside, the way out."""
    return tuple(_contexts(plan, site))


def _contexts(plan: Plan, site: Site) -> Iterator[Context]:
    begin = recording.begin(plan.announcement, plan.refusal)
    numbers = {
        one.digits: flow.entry(one.first, one.language, record=begin if one.record else ()) for one in plan.numbers
    }
    yield inbound(FROM_OUTSIDE, numbers)
    yield from flow.contexts(plan, agi=site.asked_at, ask_s=site.ask_s)
    parts = [inside.COLLEAGUES, inside.QUEUES, inside.GROUPS, inside.CODES, inside.PARKED, DESKS, OUTSIDE]
    lost = {inside.PARKED: not plan.parking.number, DESKS: not (plan.codes.sit and plan.codes.leave)}
    yield from_internal(FROM_INSIDE, parts=tuple(one for one in parts if not lost.get(one)))
    yield inside.colleagues(plan)
    yield inside.queues(plan)
    yield inside.groups(plan)
    yield inside.codes(plan, site)
    yield outside(plan, site)
    yield recording.context(plan, site)
    yield conference()
    yield call_back(_called_back_recorded(plan), begin)
    yield takes()
    if not lost[DESKS]:
        yield desks(DESKS, site.agi, sit=plan.codes.sit, leave=plan.codes.leave, pbx=site.pbx)


def _called_back_recorded(plan: Plan) -> tuple[str, ...]:
    """Queues that record themselves, and those from which a caller of a recorded number may ask to be called back."""
    heard = reached(plan, [one.first for one in plan.numbers if one.record])
    asked = {one.queue for one in plan.nodes if isinstance(one, CallBack) and one.id in heard and one.queue}
    return tuple(one.name for one in plan.queues if one.record or one.name in asked)


__all__ = ["EXTENSIONS", "FEATURES", "INCLUDED_BY", "MANAGER", "MUSIC", "PARKING", "PJSIP", "QUEUES", "RULES",
           "VOICEMAIL", "Site", "contexts", "files"]  # fmt: skip
