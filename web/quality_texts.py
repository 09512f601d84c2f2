"""Words of quality: why something about scores was refused."""

from __future__ import annotations

from collections.abc import Mapping

from web.i18n import N_

REFUSALS: Mapping[str, str] = {
    "bad-criteria": N_("A form needs a name and 1 to 60 criteria with words, each of a weight of 1 to 100."),
    "bad-scale": N_("A scale goes up to a number from 2 to 10."),
    "score-given": N_("The score is given: take it back before you change it."),
    "bad-low-mark": N_("Low is a mark of 1 to 4."),
    "no-form": N_("Calls are no longer scored by this form."),
    "bad-score": N_("This is no answer to a criterion of the form."),
    "no-draft": N_("Nothing is filled in yet."),
    "score-left": N_("Answer every criterion, or say that it does not apply."),
    "score-answered": N_("The agent has answered, or everybody has seen it: the score stays as it is."),
    "no-score": N_("There is no such score."),
    "score-settled": N_("There is no open dispute about this score."),
    "why-disputed": N_("Say what you do not agree with."),
    "own-call": N_("Somebody else scores your calls."),
    "no-verdict": N_("Say what was decided, and why."),
    "bad-plan": N_("A rule needs a name, and 1 to 50 calls of every agent in a week."),
    "few-people": N_("Choose 2 to 20 people."),
    "no-conversation": N_("Choose a finished conversation that none of these people had."),
    "no-scorer": N_("Each of these people needs the right to score conversations."),
    "no-calibration": N_("There is no such calibration."),
    "no-words": N_("Write what it is about."),
    "no-agent": N_("Choose whom it is for."),
}
