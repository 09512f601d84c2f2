"""What became of a leg and of a call, from Q.850 causes and dial statuses.

A cause alone lies: 16 means both "talked and hung up" and "never answered", 26 comes to members of a ring-all that
the caller gave up as well as to those another member relieved, 0 and 127 mean "no reason given". So history decides
first (talked, somebody else answered), then the dial's own status, then the cause.
Sources: ITU-T Q.850; Asterisk's hang-up cause mappings and DialEnd statuses.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from cti.telephony.events import LegResult, Outcome

RESULT_OF_CAUSE: Final[dict[int, LegResult]] = {
    1: "unreachable",  # unallocated number
    2: "unreachable",
    3: "unreachable",  # no route to destination
    17: "busy",
    18: "no-answer",
    19: "no-answer",
    20: "unreachable",  # subscriber absent: a phone that is not registered
    21: "rejected",
    22: "unreachable",  # number changed
    26: "no-answer",  # answered elsewhere; the caller of this table checks first that somebody did answer
    27: "unreachable",  # destination out of order
    28: "unreachable",  # invalid number format
}

RESULT_OF_STATUS: Final[dict[str, LegResult]] = {
    "BUSY": "busy",
    "NOANSWER": "no-answer",
    "CANCEL": "cancelled",
    "ABORT": "cancelled",
    "CHANUNAVAIL": "unreachable",
    "CONGESTION": "failed",
}

# OriginateResponse's Reason (a control frame's number) -> outcome and Q.850 cause.
OUTCOME_OF_REASON: Final[dict[str, tuple[Outcome, int | None]]] = {
    "1": ("failed", None),  # hung up
    "3": ("no-answer", 19),  # rang until the time limit
    "5": ("busy", 17),
    "8": ("failed", None),  # congestion
}

REFUSALS: Final = frozenset({17, 21})
SILENT_CAUSES: Final = frozenset({0, 16, 26, 127})  # say nothing about a leg that was never answered

# What an unanswered call comes to, from its rung legs: the first of these that any leg has. The caller who left while
# a phone rang cancelled; one phone that could have been answered outweighs another that was busy.
OUTCOME_OF_RESULT: Final[tuple[tuple[LegResult, Outcome], ...]] = (
    ("cancelled", "cancelled"),
    ("no-answer", "no-answer"),
    ("answered-elsewhere", "no-answer"),
    ("rejected", "rejected"),
    ("busy", "busy"),
    ("unreachable", "failed"),
    ("failed", "failed"),
)


def rung_result(status: str, cause: int, *, caller_left: bool) -> LegResult:
    """Result of a leg that was dialled and never talked, when nobody else took the call.

    status: DialEnd's, "" when unknown. cause: Q.850, 0 when unknown. caller_left: who was calling hung up.
    A refusal's cause is finer than its status: BUSY is also said of 21, a call rejected, and a queue says NOANSWER of
    a member who was busy.
    """
    if cause in REFUSALS:
        return RESULT_OF_CAUSE[cause]
    if status in RESULT_OF_STATUS and (status != "BUSY" or cause in SILENT_CAUSES):
        return RESULT_OF_STATUS[status]
    if cause not in SILENT_CAUSES:
        return RESULT_OF_CAUSE.get(cause, "failed")
    return "cancelled" if caller_left else "no-answer"


def unanswered(results: Iterable[LegResult]) -> Outcome | None:
    """Outcome of a call in which nobody talked, from its rung legs; None when no leg was rung."""
    found = set(results)
    return next((outcome for result, outcome in OUTCOME_OF_RESULT if result in found), None)


def alone(cause: int, *, was_up: bool) -> Outcome:
    """Outcome of a call that never reached a phone: a menu's, or a number that leads nowhere."""
    if was_up:
        return "self-service"
    if cause in SILENT_CAUSES:
        return "cancelled"
    return unanswered([RESULT_OF_CAUSE.get(cause, "failed")]) or "failed"


def caller_result(outcome: Outcome | None) -> LegResult:
    """Result of the calling leg in a call that was not answered."""
    match outcome:
        case "no-answer" | "busy" | "rejected" | "cancelled" | "failed":
            return outcome
        case "abandoned":
            return "cancelled"
        case "self-service" | "voicemail" | "callback-requested" | "diverted" | "answered":
            return "talked"
        case _:
            return "failed"
