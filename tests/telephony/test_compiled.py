"""The compiled tracker of the wheel tells of every recording what the plain one tells."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from lab.install import PYTHON
from lab.settings import CHECKOUT
from lab.wheel import unpacked

RECORDINGS = sorted((CHECKOUT / "tests/recordings").glob("[0-9][0-9]/*.json"))


def test_the_compiled_tracker_tells_the_same() -> None:
    assert len(RECORDINGS) >= 90
    compiled = unpacked(is_quick=True)
    where = _python(["-c", "import cti.telephony.tracker as t; print(t.__file__)"], compiled)
    assert where.strip().startswith(str(compiled)), where
    assert where.strip().endswith(".so"), where
    replay = ["-m", "cti", "replay", *map(str, RECORDINGS)]
    told = _python(replay, compiled)
    assert told.count("CallCleared") >= len(RECORDINGS)
    assert told == _python(replay, CHECKOUT)


def _python(words: list[str], home: Path) -> str:
    environment = {**os.environ, "PYTHONPATH": str(home)}
    command = [str(PYTHON), "-P", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=120).stdout
