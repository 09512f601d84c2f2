"""The reaction table: which features hear of which event, in order; one failure or delay never stops another.

Events of one PBX come one after the other, reactions run in table order, each under a time limit. Whatever a reaction
raises ends here: a log line with the call's id, and the next one runs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import structlog

from cti.telephony.events import TelephonyEvent

Reaction = Callable[[Any, float], Awaitable[None]]  # each takes its own type of event
LIMIT_S = 5.0

log = structlog.get_logger()


class Dispatch:
    """Walks the table. reactions: event type -> features' functions; each gets the event and received_at (UNIX s)."""

    def __init__(
        self, reactions: Mapping[type[TelephonyEvent], Sequence[Reaction]], *, limit_s: float = LIMIT_S
    ) -> None:
        self._reactions = reactions
        self._limit_s = limit_s
        self.failures = 0

    async def __call__(self, event: TelephonyEvent, received_at: float) -> None:
        """Run every reaction to one event."""
        for reaction in self._reactions.get(type(event), ()):
            try:
                async with asyncio.timeout(self._limit_s):
                    await reaction(event, received_at)
            except Exception as error:  # the one place that catches all, so that the next reaction runs
                self.failures += 1
                log.error(
                    "reaction failed",
                    feature=getattr(reaction, "__qualname__", repr(reaction)),
                    event_type=type(event).__name__,
                    call=getattr(event, "call", None),
                    error=type(error).__name__,
                    exc_info=True,
                )
