"""Score forms: what is looked at in a conversation, how much it weighs, and what comes of the answers.

A form has versions: a score keeps the version by which it was given, so that a form changed never rewrites it.
Score = sum(weight * value / top) / sum(weight) * 100 over the criteria that apply; a critical one failed makes it 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal["yes", "scale"]
KINDS: tuple[Kind, ...] = get_args(Kind)
NOT_HERE = -1  # the answer where a criterion does not apply to the call
MOST_CRITERIA = 60
TOPS = range(2, 11)
WEIGHTS = range(1, 101)


@dataclass(frozen=True, kw_only=True, slots=True)
class Criterion:
    """yes: 0 or 1; scale: 0 to top. critical: answered with 0 it makes the whole score 0. section: "" for none."""

    id: int
    text: str
    section: str = ""
    kind: Kind = "yes"
    top: int = 1
    weight: int = 1
    critical: bool = False

    @property
    def most(self) -> int:
        """The best answer."""
        return 1 if self.kind == "yes" else self.top


@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """percent: 0 to 100, None where nothing applies. failed: by a critical criterion. left: criteria not answered."""

    percent: float | None
    failed: bool
    left: tuple[int, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Spread:
    """How far several answers to one criterion lie apart. mean, apart: as shares of the best answer, 0 to 1."""

    criterion: Criterion
    answers: tuple[int | None, ...]
    mean: float | None
    apart: float | None


def fault(criteria: Sequence[Criterion]) -> str:
    """What is wrong with a form, as a code of a refusal; "" where nothing is."""
    if not 0 < len(criteria) <= MOST_CRITERIA or len({one.id for one in criteria}) < len(criteria):
        return "bad-criteria"
    for one in criteria:
        if not one.text or one.kind not in KINDS or one.weight not in WEIGHTS:
            return "bad-criteria"
        if one.kind == "scale" and one.top not in TOPS:
            return "bad-scale"
    return ""


def fits(criterion: Criterion, answer: int) -> bool:
    """Whether this can be an answer."""
    return answer == NOT_HERE or 0 <= answer <= criterion.most


def score(criteria: Sequence[Criterion], answers: Mapping[int, int]) -> Score:
    """What comes of the answers given so far, by criterion's id."""
    given = [(one, answers[one.id]) for one in criteria if one.id in answers and fits(one, answers[one.id])]
    applies = [(one, answer) for one, answer in given if answer != NOT_HERE]
    failed = any(one.critical and answer == 0 for one, answer in applies)
    whole = sum(one.weight for one, _ in applies)
    got = sum(one.weight * answer / one.most for one, answer in applies)
    percent = None if not whole else 0.0 if failed else round(100 * got / whole, 1)
    known = {one.id for one, _ in given}
    return Score(percent=percent, failed=failed, left=tuple(one.id for one in criteria if one.id not in known))


def spread(criteria: Sequence[Criterion], several: Sequence[Mapping[int, int]]) -> list[Spread]:
    """Each criterion with what several people answered; apart: between the lowest and the highest share."""
    found = []
    for one in criteria:
        answers = tuple(given.get(one.id) for given in several)
        shares = [answer / one.most for answer in answers if answer is not None and answer != NOT_HERE]
        mean = sum(shares) / len(shares) if shares else None
        apart = max(shares) - min(shares) if len(shares) > 1 else None
        found.append(Spread(criterion=one, answers=answers, mean=mean, apart=apart))
    return found
