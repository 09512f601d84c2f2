"""Minutes of a day that a person may be paused for a reason, as they were set, and the pauses beyond them. PURE."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

# From when on so many minutes hold, by reason, oldest first; None: no budget any more.
Budgets = Mapping[str, Sequence[tuple[float, int | None]]]
MOST_MINUTES = 24 * 60


def in_force(budgets: Budgets, reason: str, at: float) -> int | None:
    """Minutes of a day for a reason at a time; None: no budget."""
    said = [minutes for since, minutes in budgets.get(reason, ()) if since <= at]
    return said[-1] if said else None


def beyond(quarters: Sequence[tuple[int, int]], budget_ms: int) -> dict[int, int]:
    """What of a person's pauses for one reason on one day lies beyond its budget, by quarter.

    quarters: when each began and its milliseconds, in order. Budget is used up by the pauses in their order.
    """
    found: dict[int, int] = {}
    used = 0
    for at, length in quarters:
        over = min(length, max(0, used + length - budget_ms))
        if over:
            found[at] = over
        used += length
    return found
