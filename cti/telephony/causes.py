"""Q.850 causes and dial statuses -> results of legs and outcomes of calls. Source: Asterisk's hangup cause mappings."""

from __future__ import annotations

from cti.telephony.events import LegResult, Outcome

_BY_CAUSE: dict[int, LegResult] = {
    17: "busy",
    18: "no-answer",
    19: "no-answer",
    20: "unreachable",
    21: "rejected",
    26: "answered-elsewhere",
    27: "unreachable",
    3: "unreachable",
    1: "failed",
    34: "failed",
    38: "failed",
    41: "failed",
    42: "failed",
}
_BY_STATUS: dict[str, LegResult] = {
    "BUSY": "busy",
    "NOANSWER": "no-answer",
    "CANCEL": "cancelled",
    "CHANUNAVAIL": "unreachable",
    "CONGESTION": "failed",
}
_OUTCOMES: dict[LegResult, Outcome] = {
    "busy": "busy",
    "rejected": "rejected",
    "no-answer": "no-answer",
    "unreachable": "failed",
    "failed": "failed",
    "cancelled": "cancelled",
    "answered-elsewhere": "no-answer",
}


def by_status(status: str) -> LegResult | None:
    """DialEnd's DialStatus as a leg's result, None for those that say nothing final."""
    return _BY_STATUS.get(status)


def leg_result(cause: int, *, talked: bool, taken: bool, caller_left: bool, hint: LegResult | None) -> LegResult:
    """A leg's result. taken: somebody else answered the call; caller_left: the caller hung up first."""
    if talked:
        return "talked"
    if cause == 26 or (taken and cause in (0, 16, 127)):
        return "answered-elsewhere"
    found = _BY_CAUSE.get(cause)
    if found:
        return found
    if caller_left or hint == "cancelled":
        return "cancelled"
    return hint or ("no-answer" if cause in (0, 16, 127) else "failed")


def call_outcome(results: list[LegResult], *, answered: bool, queue_exit: str, caller_left: bool) -> Outcome:
    """A call's outcome from its called legs' results, in the order they ended."""
    if answered:
        return "answered"
    if queue_exit == "abandoned":
        return "abandoned"
    if queue_exit == "diverted":
        return "diverted"
    for result in reversed(results):
        if result in ("busy", "rejected", "unreachable", "failed"):
            return _OUTCOMES[result]
    if not queue_exit and (caller_left or "cancelled" in results):
        return "cancelled"
    return "no-answer" if results or queue_exit else "cancelled"
