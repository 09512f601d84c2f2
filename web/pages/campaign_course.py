"""What became of a campaign's people when: the table under its chart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web

from cti.messages.campaigns import PERSON_STATES
from web.render import moment_of

SPANS_MOST = 24


@dataclass(frozen=True, kw_only=True, slots=True)
class Course:
    """states: columns; rows: when, how many of each."""

    states: tuple[str, ...]
    rows: tuple[tuple[str, tuple[int, ...]], ...]

    @property
    def total(self) -> int:
        """All of them."""
        return sum(sum(counts) for _, counts in self.rows)


def course_of(found: Sequence[tuple[float, str, int]], request: web.Request) -> Course:
    """The newest spans of time, each with what people came to in it."""
    moment = moment_of(request)
    there = {state for _, state, _ in found}
    states = tuple(one for one in PERSON_STATES if one in there)
    spans: dict[float, dict[str, int]] = {}
    for at, state, count in found:
        spans.setdefault(at, {})[state] = count
    newest = sorted(spans)[-SPANS_MOST:]
    rows = tuple((moment(at, "%d.%m %H:%M"), tuple(spans[at].get(state, 0) for state in states)) for at in newest)
    return Course(states=states, rows=rows)
