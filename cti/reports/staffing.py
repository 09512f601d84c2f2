"""Whose time a queue had in each half hour, and what took it away: pauses, other calls, rings that nobody took. PURE.

A person's time counts for every queue that he works in, and less what he spent on calls that are not of this one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from cti.reports.agent_sums import AgentSums
from cti.reports.intervals import Interval
from cti.reports.pause_budgets import beyond
from cti.reports.queue_sums import QUARTER_S, milliseconds
from cti.reports.shortfall import Staff


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """A call of the queue at somebody's telephone, UNIX seconds. answered None: it rang in vain."""

    call_id: str
    user_id: int
    rang: float
    answered: float | None
    ended: float


@dataclass(kw_only=True, slots=True)
class Share:
    """What one person had for the queue. *_ms: signed on, paused, on calls that are not of it, ringing in vain.

    pauses, over: by reason, and what of them lies beyond the budget. calls, talk_ms: of this queue; rings: in vain.
    """

    signed_on_ms: int = 0
    pause_ms: int = 0
    elsewhere_ms: int = 0
    rings_ms: int = 0
    rings: int = 0
    calls: int = 0
    talk_ms: int = 0
    pauses: dict[str, int] = field(default_factory=dict)
    over: dict[str, int] = field(default_factory=dict)

    @property
    def over_ms(self) -> int:
        """Of all pauses beyond their budgets."""
        return sum(self.over.values())


Quarters = Mapping[int, Mapping[int, AgentSums]]  # by person and quarter


def staffing(
    slots: Sequence[Interval], quarters: Quarters, offers: Sequence[Offer], budgets: Mapping[str, int]
) -> tuple[list[Staff], dict[int, Share]]:
    """By half hour, and by person in all of them. quarters: of the whole day, so that budgets are used up in order.

    budgets: milliseconds of a day by reason; a reason without one is never beyond it.
    """
    shares: dict[int, Share] = {}
    own = _own_calls(offers)
    lists: list[list[Share]] = [[] for _ in slots]
    for user_id, mine in quarters.items():
        over = _over(mine, budgets)
        for n, slot in enumerate(slots):
            share = Share()
            for at in range(slot.since, slot.until, QUARTER_S):
                if at in mine:
                    _count(share, mine[at], own.get((user_id, at), 0), over.get(at, {}))
            if share.signed_on_ms:
                lists[n].append(share)
                _add(shares.setdefault(user_id, Share()), share)
    rings = [0] * len(slots)
    for offer in offers:
        place = next((n for n, slot in enumerate(slots) if slot.since <= offer.rang < slot.until), None)
        if place is None:
            continue
        share = shares.setdefault(offer.user_id, Share())
        if offer.answered is None:
            length = milliseconds(offer.ended - offer.rang)
            share.rings, share.rings_ms, rings[place] = share.rings + 1, share.rings_ms + length, rings[place] + length
        else:
            share.calls, share.talk_ms = share.calls + 1, share.talk_ms + milliseconds(offer.ended - offer.answered)
    return [_staff(some, rang) for some, rang in zip(lists, rings, strict=True)], shares


def _staff(some: Sequence[Share], rings_ms: int) -> Staff:
    return Staff(
        there_ms=sum(one.signed_on_ms - one.pause_ms - one.elsewhere_ms for one in some),
        over_ms=sum(one.over_ms for one in some),
        rings_ms=rings_ms,
        people=len(some),
    )


def _own_calls(offers: Sequence[Offer]) -> dict[tuple[int, int], int]:
    """Milliseconds on calls of the queue by person and quarter."""
    found: dict[tuple[int, int], int] = {}
    for one in offers:
        if one.answered is None:
            continue
        begin, end = milliseconds(one.answered), milliseconds(one.ended)
        while begin < end:
            at = begin // 1000 // QUARTER_S * QUARTER_S
            upto = min(end, (at + QUARTER_S) * 1000)
            found[one.user_id, at] = found.get((one.user_id, at), 0) + upto - begin
            begin = upto
    return found


def _over(mine: Mapping[int, AgentSums], budgets: Mapping[str, int]) -> dict[int, dict[str, int]]:
    found: dict[int, dict[str, int]] = {}
    for reason, budget_ms in budgets.items():
        paused = [(at, sums.pauses[reason]) for at, sums in sorted(mine.items()) if sums.pauses.get(reason)]
        for at, length in beyond(paused, budget_ms).items():
            found.setdefault(at, {})[reason] = length
    return found


def _count(share: Share, sums: AgentSums, own_ms: int, over: Mapping[str, int]) -> None:
    share.signed_on_ms += sums.signed_on_ms
    share.pause_ms += sums.pause_ms
    share.elsewhere_ms += max(0, sums.talk_ms + sums.hold_ms + sums.dial_ms - own_ms)
    for reason, length in sums.pauses.items():
        share.pauses[reason] = share.pauses.get(reason, 0) + length
    for reason, length in over.items():
        share.over[reason] = share.over.get(reason, 0) + length


def together(some: Iterable[Share]) -> Share:
    """Several people as one."""
    whole = Share()
    for one in some:
        _add(whole, one)
    return whole


def _add(whole: Share, one: Share) -> None:
    for name in ("signed_on_ms", "pause_ms", "elsewhere_ms", "rings_ms", "rings", "calls", "talk_ms"):
        setattr(whole, name, getattr(whole, name) + getattr(one, name))
    for mine, other in ((whole.pauses, one.pauses), (whole.over, one.over)):
        for reason, length in other.items():
            mine[reason] = mine.get(reason, 0) + length
