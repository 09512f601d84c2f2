"""Figures that matter, as JSON lines: name, figure, unit, baseline, ratio. Ratios are taken within one run."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path

from cti.storage import migrations

SHORT = bool(os.environ.get("BENCH_SHORT"))  # each figure once, small: whether the bench works, not how fast we are


def shelf(name: str) -> Path:
    """Where what takes long to make is kept from run to run, for as long as the schema is the same."""
    versions = sorted((Path(migrations.__file__).parent / "versions").glob("*.py"))
    schema = hashlib.sha256(b"".join(one.read_bytes() for one in versions)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"trubka-bench-{name}-{schema}"


def keep(making: Path, kept: Path) -> Path:
    """Onto its shelf; where another process has put one there meanwhile, that one stands."""
    try:
        return making.rename(kept)
    except OSError:
        if not kept.exists():
            raise
        shutil.rmtree(making)
        return kept


def report(name: str, figure: float, unit: str, *, baseline: float | None = None, limit: str = "") -> None:
    """One line. ratio: figure / baseline; limit: what is asked for."""
    line: dict[str, object] = {"name": name, "figure": round(figure, 3), "unit": unit}
    if baseline:
        line |= {"baseline": round(baseline, 3), "ratio": round(figure / baseline, 2)}
    if limit:
        line["limit"] = limit
    print(json.dumps(line, ensure_ascii=False), flush=True)


def percentile(values: Sequence[float], part: float) -> float:
    """The value below which `part` (0..1) of the values lie."""
    if len(values) == 1:
        return values[0]
    return statistics.quantiles(sorted(values), n=1000, method="inclusive")[max(0, min(998, round(part * 1000) - 1))]
