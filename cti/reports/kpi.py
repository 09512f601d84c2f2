"""The figures: one function each over counted sums, and what each of them is said to be.

A report, the board and a letter never disagree because all of them call these. What a figure is called and how it is
reckoned is said in words in web/kpi_texts.py, by its key; VERSION rises when one of them is reckoned otherwise, and
every counted quarter keeps the version and the thresholds with which it was counted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from cti.reports.agent_sums import AgentSums
from cti.reports.queue_sums import IN_TIME_S as IN_TIME_S
from cti.reports.queue_sums import SOON_S as SOON_S
from cti.reports.queue_sums import QueueSums

VERSION = 1
AGAIN_S = 168 * 3600.0  # a client who calls again sooner was not helped the first time

Unit = Literal["share", "seconds"]
S = TypeVar("S")


@dataclass(frozen=True, kw_only=True, slots=True)
class Definition(Generic[S]):
    """A figure. opens: what is behind it, as storage/queue_calls.py, agent_calls.py and reports/agent_lines.py name it;
    source: where it is from."""

    key: str
    unit: Unit
    reckon: Callable[[S], float | None]
    opens: str = ""
    source: str = ""


def service_level(*, in_time: int, answered: int, abandoned: int, abandoned_soon: int) -> float | None:
    """Answered within T, of all but those who hung up within S: 0 to 1; None where nobody counts."""
    return _share(in_time, answered + abandoned - abandoned_soon)


def service_level_of(sums: QueueSums) -> float | None:
    """The same of counted stays; whose wait is not known is left out."""
    return service_level(
        in_time=sums.in_t,
        answered=sums.answered - sums.answered_untimed,
        abandoned=sums.abandoned - sums.abandoned_untimed,
        abandoned_soon=sums.short,
    )


def asterisk_level(sums: QueueSums) -> float | None:
    """As Asterisk's ServicelevelPerf: answered within T of the answered."""
    return _share(sums.in_t, sums.answered - sums.answered_untimed)


def asterisk_level_2(sums: QueueSums) -> float | None:
    """As Asterisk's ServicelevelPerf2: answered or abandoned within T of all answered and abandoned."""
    untimed = sums.answered_untimed + sums.abandoned_untimed
    return _share(sums.in_t + sums.abandoned_in_t, sums.answered + sums.abandoned - untimed)


def answered_rate(sums: QueueSums) -> float | None:
    """Answered of all who wanted to talk; who was taken elsewhere is left out."""
    tried = sums.answered + sums.abandoned + sums.full + sums.joinempty + sums.leaveempty + sums.timeout
    return _share(sums.answered, tried)


def answer_speed(sums: QueueSums) -> float | None:
    """ASA: mean wait of the answered, in seconds."""
    return _mean_s(sums.wait_ms, sums.answered - sums.answered_untimed)


def handling(sums: QueueSums) -> float | None:
    """AHT: talk, hold and work after the call of an answered call, in seconds."""
    return _mean_s(sums.talk_ms + sums.hold_ms + sums.wrap_ms, sums.answered)


def abandon_rate(sums: QueueSums) -> float | None:
    """Abandoned later than S, of all who came."""
    return _share(sums.abandoned - sums.short - sums.abandoned_untimed, sums.entered)


def patience(sums: QueueSums) -> float | None:
    """Mean wait of those who hung up, in seconds."""
    return _mean_s(sums.abandoned_ms, sums.abandoned - sums.abandoned_untimed)


def occupancy(sums: AgentSums) -> float | None:
    """Talk, hold and work after calls, of these and of waiting for a call."""
    worked = sums.talk_ms + sums.hold_ms + sums.wrap_ms
    return _share(worked, worked + sums.ready_ms)


def agent_handling(sums: AgentSums) -> float | None:
    """Talk, hold and work after the call of a conversation, in seconds."""
    return _mean_s(sums.talk_ms + sums.hold_ms + sums.wrap_ms, sums.answered + sums.placed)


def picked_up(sums: AgentSums) -> float | None:
    """Offers that he picked up, of these and of those he let ring to the end."""
    return _share(sums.answered, sums.answered + sums.missed)


def first_call(helped: Sequence[int]) -> float | None:
    """FCR of what `helped_at_once` counts: helped at once, of how many."""
    return _share(helped[0], helped[1])


@dataclass(frozen=True, kw_only=True, slots=True)
class Contact:
    """A call of a client, or with him. answered: somebody talked with him."""

    at: float
    inbound: bool
    answered: bool


def helped_at_once(contacts: Mapping[int, Sequence[Contact]], since: float, until: float) -> tuple[int, int]:
    """FCR: of the answered calls of a time, after how many the client did not call again, and how many there were.

    contacts: by client, oldest first, and as far after the time as AGAIN_S. Who is nobody's client is never grouped.
    """
    helped = whole = 0
    for one in contacts.values():
        came = [contact for contact in one if contact.inbound]
        for place, contact in enumerate(came):
            if contact.answered and since <= contact.at < until:
                again = place + 1 < len(came) and came[place + 1].at - contact.at < AGAIN_S
                helped, whole = helped + (not again), whole + 1
    return helped, whole


def reached(contacts: Sequence[Contact], lost_at: float) -> float | None:
    """Reach time: seconds from a lost call to the first talk with the client, in either direction; None: not yet."""
    return next((one.at - lost_at for one in contacts if one.answered and one.at >= lost_at), None)


QUEUES: tuple[Definition[QueueSums], ...] = (
    Definition(key="service-level", unit="share", reckon=service_level_of, opens="late"),
    Definition(key="answered-rate", unit="share", reckon=answered_rate, opens="not-answered"),
    Definition(key="answer-speed", unit="seconds", reckon=answer_speed, opens="answered"),
    Definition(key="handling", unit="seconds", reckon=handling, opens="answered"),
    Definition(key="abandon-rate", unit="share", reckon=abandon_rate, opens="lost"),
    Definition(key="patience", unit="seconds", reckon=patience, opens="abandoned"),
    Definition(
        key="asterisk-level", unit="share", reckon=asterisk_level, opens="in-t", source="app_queue.c: ServicelevelPerf"
    ),
    Definition(
        key="asterisk-level-2", unit="share", reckon=asterisk_level_2, opens="in-t-2",
        source="app_queue.c: ServicelevelPerf2",
    ),
)  # fmt: skip
AGENTS: tuple[Definition[AgentSums], ...] = (
    Definition(key="occupancy", unit="share", reckon=occupancy, opens="ready"),
    Definition(key="agent-handling", unit="seconds", reckon=agent_handling, opens="talks"),
    Definition(key="picked-up", unit="share", reckon=picked_up, opens="missed"),
)
FIRST_CALL: Definition[Sequence[int]] = Definition(key="first-call", unit="share", reckon=first_call, opens="again")


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole > 0 else None


def _mean_s(total_ms: int, count: int) -> float | None:
    return total_ms / count / 1000 if count > 0 else None
