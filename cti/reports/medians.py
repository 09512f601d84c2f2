"""The median of many values that were counted by bins: only those of the bins in the middle have to be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean


@dataclass(frozen=True, kw_only=True, slots=True)
class Middle:
    """Where the middle ones lie. skipped: how many lie in bins before these; many: in all bins."""

    bins: tuple[int, ...]
    skipped: int
    many: int

    def median(self, near: Sequence[float]) -> float | None:
        """near: all values of `bins`, in any order. None where there are none."""
        found = sorted(near)[(self.many - 1) // 2 - self.skipped : self.many // 2 + 1 - self.skipped]
        return fmean(found) if found else None


def middle(bins: Mapping[int, int]) -> Middle:
    """bins: how many values lie in each; the values of a bin are less than those of the next."""
    many, before, skipped = sum(bins.values()), 0, 0
    found: list[int] = []
    for one, n in sorted(bins.items()):
        if n and before <= many // 2 and before + n > (many - 1) // 2:
            skipped = skipped if found else before
            found.append(one)
        before += n
    return Middle(bins=tuple(found), skipped=skipped, many=many)
