"""Every bench runs to its end and prints its figures; how good they are is for `make bench`, on a quiet machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from lab.settings import CHECKOUT
from tests.bench.__main__ import ALL


@pytest.mark.parametrize("name", ALL)
def test_bench_gives_its_figures(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench", name],
        cwd=CHECKOUT,
        env={**os.environ, "BENCH_SHORT": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert lines
    assert all(line["figure"] > 0 and line["unit"] for line in lines)
