"""`make soak`: the tests that read SOAK with their full figures, and the long stream. CI runs the same, shorter."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parent.parent
WITH_FULL_FIGURES = (
    "channels",
    "storage",
    "telephony",
    "soak",
    "e2e/test_random_faults.py",
    "features/test_mail_faults.py",
    "features/test_campaign_killed.py",
)


def main() -> int:
    environment = os.environ | {"SOAK": "1"}
    places = [str(TESTS / name) for name in WITH_FULL_FIGURES]
    command = [sys.executable, "-m", "pytest", "-q", *places, *sys.argv[1:]]
    return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
