"""What the service level of the numbers that were called is reckoned of, by quarters of an hour of queues.

As of queues (queue_sums.py): a stay belongs to the quarter in which the caller came, a stay without a length to none.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from cti.reports.queue_sums import Call, History, in_force, quarter


class Level(NamedTuple):
    """Stays of incoming calls: how many were answered, within T; how many hung up, within S."""

    in_t: int = 0
    answered: int = 0
    abandoned: int = 0
    short: int = 0


Levels = dict[str, Level]  # by the number that was called, "" where nobody knows which


def levels(calls: Iterable[Call], history: History) -> dict[tuple[str, int], Levels]:
    """By queue and quarter; numbers without such stays are left out."""
    found: dict[tuple[str, int], Levels] = {}
    for call in calls:
        for stay in call.stays if call.inbound else ():
            wait_s = stay.wait_s
            if wait_s is None or stay.how not in ("answered", "abandoned"):
                continue
            key = stay.queue, quarter(stay.joined)
            limits, own = in_force(history, *key), found.setdefault(key, {})
            one = own.get(call.called, Level())
            if stay.how == "answered":
                own[call.called] = one._replace(
                    answered=one.answered + 1, in_t=one.in_t + (wait_s <= limits.answer_within_s)
                )
            else:
                own[call.called] = one._replace(
                    abandoned=one.abandoned + 1, short=one.short + (wait_s <= limits.short_s)
                )
    return found
