"""The PBX's clock beside ours: how far it is ahead, and what to take off the times of its events.

Measured by each Ping, whose answer carries the PBX's time; where it carries none, by the events themselves. An event
comes late and never early, so the earliest of a period tells most. A small difference is left alone, and a correction
stays until it is off by CORRECT_S: the times of one call keep one measure.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite

import structlog

WARN_S = 2.0
CORRECT_S = 0.5  # what stays uncorrected at most
SLOW_S = 1.0  # an answer that took longer tells nothing exact

log = structlog.get_logger()

Headers = Mapping[str, str | list[str]]


class FarClock:
    """ahead_s: the last measure, None before there was one. correction_s: what `corrected` takes off.

    by_events: the pings tell no time, so each event is to be given to `event`.
    """

    def __init__(self) -> None:
        self.ahead_s: float | None = None
        self.correction_s = 0.0
        self._warned = False
        self.by_events = False
        self._best: float | None = None

    def pong(self, stamp: object, sent: float, received: float) -> None:
        """A Ping's answer. sent, received: our UNIX seconds."""
        theirs = _seconds(stamp)
        self.by_events = theirs is None
        if theirs is not None and 0.0 <= received - sent <= SLOW_S:
            self._measured(theirs - (sent + received) / 2)
        elif theirs is None and self._best is not None:
            self._measured(self._best)
        self._best = None

    def event(self, headers: Headers, received: float) -> None:
        """An event that came."""
        if (theirs := _seconds(headers.get("Timestamp"))) is not None:
            ahead = theirs - received
            self._best = ahead if self._best is None else max(self._best, ahead)

    def corrected(self, headers: Headers) -> Headers:
        """The event with its time by our clock."""
        if not self.correction_s:
            return headers
        theirs = _seconds(headers.get("Timestamp"))
        if theirs is None:
            return headers
        return {**headers, "Timestamp": f"{theirs - self.correction_s:.6f}"}

    def _measured(self, ahead: float) -> None:
        self.ahead_s = ahead
        if abs(ahead - self.correction_s) > CORRECT_S:
            self.correction_s = ahead if abs(ahead) > CORRECT_S else 0.0
        if abs(ahead) > WARN_S and not self._warned:
            log.warning("the clock of the PBX differs from ours, its times are corrected", ahead_s=round(ahead, 1))
        self._warned = abs(ahead) > WARN_S


def _seconds(stamp: object) -> float | None:
    try:
        seconds = float(stamp) if isinstance(stamp, str) else None
    except ValueError:
        return None
    return seconds if seconds is not None and isfinite(seconds) and seconds > 0.0 else None
