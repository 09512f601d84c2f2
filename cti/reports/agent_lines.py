"""The stretches of a person's time behind a number of the report on people: what adds up to it, one by one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from cti.reports.agent_sums import Leg, Line, Piece, begun, pieces
from cti.reports.queue_sums import milliseconds

KINDS: Mapping[str, str] = {
    "ready": "ready_ms",
    "pause": "pause_ms",
    "wrap": "wrap_ms",
    "talk": "talk_ms",
    "hold": "hold_ms",
    "dial": "dial_ms",
    "ignored": "ignored_ms",
    "session": "session_ms",
    "outside": "outside_ms",
    "twice": "twice_ms",
    "log-ins": "sessions",
}


def rows(
    what: str,
    lines: Sequence[Line],
    legs: Sequence[Leg],
    now: float,
    since: int,
    until: int,
    reason: str | None = None,
) -> list[Piece]:
    """Stretches of a kind of KINDS in a time (whole quarters, UNIX seconds), cut to it; their lengths are the number.

    reason: pauses of this one alone. log-ins: sessions that began in the time, whole.
    """
    name = KINDS[what]
    if name == "sessions":
        return [one for one in _sessions(lines, now) if since * 1000 <= one.begun < until * 1000]
    found: Iterable[Piece] = (one for one in pieces(lines, legs, now) if one.name == name)
    if reason is not None:
        found = (one for one in found if one.reason == reason)
    return joined(_cut(found, since * 1000, until * 1000), follow=name == "session_ms")


def joined(found: Iterable[Piece], *, follow: bool = True) -> list[Piece]:
    """What follows at once and is the same made one. follow False: as it is."""
    made: list[Piece] = []
    for one in sorted(found, key=lambda one: one.begun):
        last = made[-1] if made else None
        same = last is not None and (last.ended, last.name, last.reason, last.call) == (
            one.begun, one.name, one.reason, one.call,
        )  # fmt: skip
        if follow and same and last is not None:
            made[-1] = replace(last, ended=one.ended, length=last.length + one.length)
        else:
            made.append(one)
    return made


def _cut(found: Iterable[Piece], since: int, until: int) -> Iterator[Piece]:
    for one in found:
        from_, to = max(one.begun, since), min(one.ended, until)
        length = one.upto(to) - one.upto(from_) if from_ < to else 0
        if length:
            yield replace(
                one, begun=from_, ended=to, length=length, reason=one.reason if one.name == "pause_ms" else ""
            )


def _sessions(lines: Sequence[Line], now: float) -> Iterator[Piece]:
    starts = [milliseconds(at) for at in begun(lines)]
    on = [one for one in pieces(lines, (), now) if one.name == "session_ms"]
    for place, start in enumerate(starts):
        following = starts[place + 1] if place + 1 < len(starts) else None
        ends = [one.ended for one in on if one.begun >= start and (following is None or one.begun < following)]
        end = max(ends, default=start)
        yield Piece(name="sessions", begun=start, ended=end, length=end - start)
