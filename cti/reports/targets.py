"""What the figures are to be: said per queue or team, from a moment on. What was reported before stays as it was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Targets = Mapping[tuple[str, str], Sequence[tuple[float, float | None]]]  # (figure, whose): since, value; oldest first
LOWER_IS_BETTER = frozenset(("answer-speed", "handling", "abandon-rate", "agent-handling"))
NEITHER = frozenset(("patience",))  # nobody can say which way is better: it has no target


def in_force(targets: Targets, figure: str, whose: str, at: float) -> float | None:
    """The target of a queue or team ("": of all) at a time, in the figure's unit; None where there is none.

    A row of a report is held against what was in force when its time began.
    """
    for one in dict.fromkeys((whose, "")):
        said = [value for since, value in targets.get((figure, one), ()) if since <= at]
        if said and said[-1] is not None:
            return said[-1]
    return None


def reached(figure: str, value: float, target: float) -> bool:
    """Whether a figure is what it is to be; a number that is shown as the target is it."""
    return value <= target + 1e-9 if figure in LOWER_IS_BETTER else value >= target - 1e-9
