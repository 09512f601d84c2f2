"""What the figures are called and how each of them is reckoned, by their keys in cti/reports/kpi.py.

{t} and {s} are the thresholds with which the period was counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cti.features.rollups import Progress
from cti.reports import kpi
from cti.reports.queue_sums import Thresholds
from web.asking import Asker
from web.i18n import N_

NAMES: Mapping[str, str] = {
    "service-level": N_("Service level"),
    "answered-rate": N_("Share answered"),
    "answer-speed": N_("Mean wait of the answered"),
    "handling": N_("Mean handling time"),
    "abandon-rate": N_("Share lost"),
    "patience": N_("Mean wait of those who hung up"),
    "asterisk-level": N_("Level as Asterisk has it"),
    "asterisk-level-2": N_("Second level of Asterisk"),
    "occupancy": N_("Occupancy"),
    "agent-handling": N_("Mean handling of a conversation"),
    "picked-up": N_("Share picked up"),
    "first-call": N_("Helped at the first call"),
}
SHORT: Mapping[str, str] = {
    "service-level": N_("Level"),
    "answered-rate": N_("Answered, share"),
    "answer-speed": N_("Mean wait"),
    "handling": N_("Handling"),
    "abandon-rate": N_("Lost, share"),
    "occupancy": N_("Occupancy"),
    "agent-handling": N_("Handling"),
    "picked-up": N_("Picked up, share"),
    "first-call": N_("At the first call"),
}
FORMULAS: Mapping[str, str] = {
    "service-level": N_(
        "Answered within {t} s, divided by all answered and all who hung up, without those who hung up within {s} s."
    ),
    "answered-rate": N_(
        "Answered, divided by the answered, those who hung up, those who waited in vain to the time limit, and those"
        " who found the queue full or without people. Who was taken elsewhere or sent on by the plan is left out."
    ),
    "answer-speed": N_("The waits of all who were answered, divided by how many they were."),
    "handling": N_(
        "Talk, hold and work after the call, divided by the answered calls. Work after a call counts once it is over."
    ),
    "abandon-rate": N_("Those who hung up after more than {s} s, divided by all who came into the queue."),
    "patience": N_("The waits of all who hung up, divided by how many they were."),
    "asterisk-level": N_("Answered within {t} s, divided by the answered: who hung up does not count at all."),
    "asterisk-level-2": N_(
        "Answered or hung up within {t} s, divided by the answered and those who hung up: who gives up early makes it"
        " better."
    ),
    "occupancy": N_("Talk, hold and work after calls, divided by the same and the time ready without a call."),
    "agent-handling": N_("Talk, hold and work after calls, divided by the conversations: answered and placed."),
    "picked-up": N_("Calls picked up, divided by these and those that rang at the phone to the end and were missed."),
    "first-call": N_(
        "Answered calls of clients after which the client did not call again within 168 hours, divided by all answered"
        " calls of clients; a call is that of who talked last. Numbers that are no client's are left out."
    ),
}
AGENT_EXCLUSIONS = N_(
    "Time belongs to the quarter of an hour in which it was spent, a call to the moment at which it was picked up or"
    " rang in vain. A state that lasts more than 8 hours without a call is not counted, but ignored: the person forgot"
    " to log out. People stand in the team they are in now, under the name they have now."
)
LINES: Mapping[str, str] = {  # times of a person
    "session": N_("Logged in"),
    "ready": N_("Ready"),
    "pause": N_("Paused"),
    "talk": N_("Talked"),
    "hold": N_("Held"),
    "dial": N_("Dialled"),
    "wrap": N_("After calls"),
    "ignored": N_("Ignored"),
    "outside": N_("On the telephone while logged out"),
    "twice": N_("Two calls at once"),
    "log-ins": N_("Log-ins"),
    "ring": N_("Rang"),
}
PARTS: Mapping[str, str] = {  # calls of a person
    "answered": N_("Calls picked up"),
    "placed": N_("Calls placed"),
    "talks": N_("Talks"),
    "missed": N_("Rang in vain"),
    "transferred": N_("Calls handed on"),
    "ring": N_("Calls that rang, picked up or in vain"),
    "with-outcome": N_("Conversations with an outcome"),
    "without-outcome": N_("Conversations without an outcome"),
    "at-once": N_("Clients who did not call again"),
    "again": N_("Clients who called again"),
}
EXCLUSIONS = N_(
    "A call belongs to the time at which it came into the queue; who comes into a queue twice counts twice. A wait that"
    " nobody saw whole is counted among the calls and left out of all figures that need its length."
)
VERSION = N_("Definition {version}. T and S are those that the queue had at the time.")
COUNTS: Mapping[str, str] = {
    "entered": N_("Came"),
    "answered": N_("Calls answered"),
    "abandoned": N_("Hung up waiting"),
    "exits": N_("Left otherwise"),
    "waiting": N_("Still waiting"),
    "unseen": N_("End not seen"),
}
KINDS: Mapping[str, str] = {
    **COUNTS,
    "diverted": N_("Taken elsewhere out of the queue"),
    "timeout": N_("Waited in vain to the time limit"),
    "leaveempty": N_("Sent away: nobody was left in the queue"),
    "joinempty": N_("Not let in: nobody was in the queue"),
    "full": N_("Not let in: the queue was full"),
    "other": N_("Sent on by the plan"),
    "not-answered": N_("Not answered"),
    "in-t": N_("Answered in time"),
    "in-t-2": N_("Answered or hung up in time"),
    "short": N_("Hung up at once"),
    "lost": N_("Hung up after waiting"),
    "late": N_("What the level lacks: answered late, or hung up after waiting"),
    "untimed": N_("Wait not known"),
}
ENDS: Mapping[str, str] = {  # of one call
    "answered": N_("answered"),
    "abandoned": N_("the caller hung up"),
    "waiting": N_("waits still"),
    "unseen": N_("nobody saw how"),
    "diverted": N_("taken elsewhere out of the queue"),
    "timeout": N_("waited in vain to the time limit"),
    "leaveempty": N_("sent away: nobody was left in the queue"),
    "joinempty": N_("not let in: nobody was in the queue"),
    "full": N_("not let in: the queue was full"),
    "other": N_("sent on by the plan"),
}
STEPS: Mapping[str, str] = {
    "quarter": N_("15 minutes"),
    "half": N_("30 minutes"),
    "hour": N_("Hour"),
    "day": N_("Day"),
    "week": N_("Week"),
    "month": N_("Month"),
}
REFUSALS: Mapping[str, str] = {
    "too-many-intervals": N_("That makes more than 1000 rows: choose longer intervals or a shorter period."),
    "no-such-calls": N_("This kind of calls is not counted."),
    "bad-budget": N_("Give whole minutes of a day: 0 to 1440, or nothing for no budget."),
    "no-reason": N_("There is no such reason any more."),
    "too-long-for-hours": N_("Choose at most two years."),
    "report-too-long": N_("A PDF holds 3000 rows: choose longer intervals, or take the Excel file."),
    "too-much-to-count": N_("That is more than this report holds: choose a shorter period, or one queue."),
    "too-long-to-list": N_("That is more than 100 days of a person's time: choose a shorter period."),
    "one-person": N_("Time is listed of one person: choose one."),
    "bad-target": N_("Give a target as a number: a share from 0 to 100 %, or whole seconds to 86400; empty for none."),
    "bad-thresholds": N_("Give whole seconds: 1 to 3600 to answer, 0 to 600 for hung up at once."),
}


def formula(asker: Asker, key: str, limits: Sequence[Thresholds]) -> str:
    """How a figure of queues is reckoned. limits: all that the period was counted with; none: those of a new house."""
    limits = limits or [Thresholds()]
    t = " / ".join(str(one) for one in dict.fromkeys(one.answer_within_s for one in limits))
    s = " / ".join(str(one) for one in dict.fromkeys(one.short_s for one in limits))
    return asker.say(FORMULAS[key]).format(t=t, s=s)


def definition(asker: Asker) -> str:
    """Which definition of the figures it is."""
    return asker.say(N_("Definition {version}."), version=kpi.VERSION)


def counting(asker: Asker, progress: Progress) -> str:
    """What a report says whose period is not counted to its end yet; "" where it is."""
    if not progress.left:
        return ""
    return asker.say(
        N_(
            "This period is still being counted from the journal ({share} done): its figures grow. Open the page again"
            " in a moment."
        ),
        share=f"{int(progress.share * 100)} %",
    )
