"""What each PBX offers to its phones (dialplan/offers.py), asked when somebody wants to know and kept for a while."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from cti.errors import ChannelError
from cti.lines import Line
from cti.telephony.commands import ShowDialplan
from dialplan.offers import CONTEXT, Offers, Row, includes, offers

FRESH_S = 300.0
ANSWER_S = 3.0
WHOLE_S = 10.0
MOST_CONTEXTS = 120  # a dialplan made by a distribution has about a hundred


class PbxOffers:
    """clock: UNIX seconds."""

    def __init__(self, *, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._known: dict[str, tuple[float, Offers]] = {}
        self._one_asks = asyncio.Lock()

    async def of(self, line: Line) -> Offers:
        """As of the last few minutes; nothing at all while the PBX does not say."""
        key = f"{line.settings.host}:{line.settings.port}"
        async with self._one_asks:
            at, known = self._known.get(key, (float("-inf"), Offers()))
            if self._clock() - at < FRESH_S or line.pbx.health().state != "up":
                return known
            try:
                async with asyncio.timeout(WHOLE_S):
                    known = offers(await _reachable(line, line.settings.dial_context), await _reachable(line, CONTEXT))
            except (ChannelError, TimeoutError):
                return known
            self._known[key] = self._clock(), known
        return known


async def _reachable(line: Line, first: str) -> list[Row]:
    """Everything that a context leads to by its includes."""
    found: list[Row] = []
    ahead, seen = [first], set[str]()
    while ahead and len(seen) < MOST_CONTEXTS:
        context = ahead.pop(0)
        if context in seen:
            continue
        seen.add(context)
        rows = await _rows(line, context)
        found += rows
        ahead += includes(rows)
    return found


async def _rows(line: Line, context: str) -> list[Row]:
    try:
        command = ShowDialplan(context=context)
    except ValueError:  # an include with a time of day: `context,9:00-18:00,...`
        return []
    answer = await line.pbx.ask(command, timeout_s=ANSWER_S)
    return list(answer.items) if answer.ok else []
