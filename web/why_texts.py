"""What the parts of a low service level are called, how each is reckoned, and what the model cannot know."""

from __future__ import annotations

from collections.abc import Mapping

from cti.reports.shortfall import Part
from web.i18n import N_

PARTS: Mapping[Part, str] = {
    "agents": N_("Agents missing against need"),
    "pauses": N_("Pauses over budget"),
    "arrivals": N_("Calls over the forecast"),
    "handling": N_("Longer calls"),
    "rings": N_("Rings that nobody answered"),
    "rest": N_("What the model does not explain"),
}
FORMULAS: Mapping[Part, str] = {
    "agents": N_("Target less L(usual calls, usual length, agents signed on with pauses within their budgets)."),
    "pauses": N_("L(…, agents with pauses within budget) less L(…, agents as they were paused)."),
    "arrivals": N_("L(usual calls, …) less L(calls that came, …)."),
    "handling": N_("L(…, usual length of a call, …) less L(…, its length that day, …)."),
    "rings": N_("L(…, agents) less L(…, agents less the time that their telephones rang in vain)."),
    "rest": N_("L(all as it was) less the level that was: chance, skills and priorities, agents of several queues."),
}
MODEL = N_(
    "L is the level that Erlang A expects: calls / length of a call / agents / patience; without enough callers who"
    " hung up it is Erlang C, in which nobody does. Each half hour goes from its target to what was, a step at a time"
    " in this order, and is weighed by its calls; so the parts add up to the shortfall exactly."
)
ERLANG = N_(
    "Erlang C: a = calls × length of a call / half hour; P = the part that waits (from Erlang B by B(n) = a·B(n−1) /"
    " (n + a·B(n−1)), P = B / (1 − a/n·(1 − B))); level = 1 − P·exp(−(n − a)·T / length of a call). Erlang A also lets"
    " callers hang up after a mean patience, so an overloaded queue is not hopeless."
)
LIMITS = N_(
    "What it does not know: calls that come in bursts, agents of different speed, one who serves several queues (his"
    " time counts for each, less his calls of the others), callers who call again. Part of an agent is in proportion"
    " between whole ones."
)
REFUSALS: Mapping[str, str] = {
    "not-your-queue": N_("This queue is none of your team's: choose another one."),
}
