"""Where in a recording things were: who talked, hand-overs, marks. Pure.

The dialplan records only while two are connected (`b` of MixMonitor), so a moment of the call is found in the sound by
how long there were two until then: the legs of the journal tell it, to a tenth of a second or so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from cti.storage.journal import CallRow, LegRow
from cti.storage.recording_gaps import Gap
from cti.storage.recordings import Recording

COLOURS = 5
HIGH = 64  # of the picture
LETTERS = {
    letter: place for place, letter in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
}
Span = tuple[float, float]


@dataclass(frozen=True, kw_only=True, slots=True)
class Voice:
    """Somebody of ours was in the talk from here to there, in seconds of the sound. colour: 1 to COLOURS."""

    name: str
    begins: float
    ends: float
    colour: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """A moment of the sound. kind: a hand-over of this kind, or a mark with its words."""

    at: float
    kind: Literal["transfer", "mark"]
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Hole:
    """Nothing was kept from here to there: silence. by: who paused it; why: agent, field."""

    begins: float
    ends: float
    by: str
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Wave:
    """A recording as it is drawn. lines: by colour (0: nobody known) what a path of SVG draws."""

    duration_s: float
    lines: tuple[tuple[int, str], ...]
    voices: tuple[Voice, ...]
    points: tuple[Point, ...]
    pieces: int
    gaps: tuple[Hole, ...] = ()


def wave(call: CallRow, recording: Recording, gaps: Sequence[Gap] = ()) -> Wave:
    """How it is drawn."""
    length = recording.duration_s or 0.0
    spans = [*_clipped(_together(call), recording, call)]

    def at(moment: float) -> float:
        return round(min(sum(max(0.0, min(moment, end) - begin) for begin, end in spans), length), 1)

    voices = [*_voices(call, at)]
    points = [Point(at=at(when), kind="transfer", text=kind) for when, kind in _transfers(call)]
    points += [Point(at=at(mark.at), kind="mark", text=mark.text) for mark in call.marks]
    pieces = len(recording.peaks)
    return Wave(
        duration_s=length,
        lines=tuple(_drawn(recording.peaks, length, voices)),
        voices=tuple(voices),
        points=tuple(sorted(points, key=lambda point: point.at)),
        pieces=pieces,
        gaps=tuple(
            Hole(begins=at(one.began_at), ends=at(one.ended_at or float("inf")), by=one.user_name, why=one.why)
            for one in gaps
        ),
    )


def _together(call: CallRow) -> list[Span]:
    """When there were two or more in the call."""
    moves: list[tuple[float, int]] = []
    for leg in call.legs:
        begins = _since(call, leg)
        if begins is not None:
            moves += [(begins, 1), (leg.ended_at or call.ended_at or begins, -1)]
    spans: list[Span] = []
    there, since = 0, 0.0
    for when, step in sorted(moves):
        if there < 2 <= there + step:
            since = when
        elif there + step < 2 <= there and when > since:
            spans.append((since, when))
        there += step
    return spans


def _since(call: CallRow, leg: LegRow) -> float | None:
    """Since when a leg was up; one that placed the call was from the first."""
    placed = leg.rang_at is None and leg.result == "talked" and leg.device == call.caller_device
    return leg.answered_at if leg.answered_at is not None else call.started_at if placed else None


def _clipped(spans: list[Span], recording: Recording, call: CallRow) -> Iterator[Span]:
    until = recording.ended_at or call.ended_at or float("inf")
    for begin, end in spans:
        begin, end = max(begin, recording.started_at), min(end, until)
        if end > begin:
            yield begin, end


def _voices(call: CallRow, at: Callable[[float], float]) -> Iterator[Voice]:
    colours: dict[str, int] = {}
    for leg in call.legs:
        name = leg.user_name or (leg.device or "").rpartition("/")[2]
        since = _since(call, leg)
        if not name or since is None:
            continue
        begins, ends = at(since), at(leg.ended_at or call.ended_at or since)
        if ends > begins:
            colour = colours.setdefault(name, len(colours) % COLOURS + 1)
            yield Voice(name=name, begins=begins, ends=ends, colour=colour)


def _transfers(call: CallRow) -> Iterator[tuple[float, str]]:
    for one in call.transfers:
        when = max((leg.ended_at or 0.0 for leg in call.legs if leg.leg == one.get("by")), default=0.0)
        if when:
            yield when, str(one.get("kind", ""))


def _drawn(peaks: str, length: float, voices: list[Voice]) -> Iterator[tuple[int, str]]:
    by_colour: dict[int, list[str]] = {}
    for place, letter in enumerate(peaks):
        middle = (place + 0.5) * length / len(peaks)
        colour = next((one.colour for one in reversed(voices) if one.begins <= middle <= one.ends), 0)
        high = max(LETTERS.get(letter, 0) * (HIGH - 4) / 63, 1.5)
        by_colour.setdefault(colour, []).append(f"M{place}.5 {(HIGH - high) / 2:.1f}v{high:.1f}")
    for colour in sorted(by_colour):
        yield colour, "".join(by_colour[colour])
