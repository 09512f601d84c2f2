"""Says which recorded streams these tests ran over."""

from __future__ import annotations

import pytest

from tests.telephony.streams import own, reference


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A line at the end of the run: an absent set of streams is said aloud, never skipped in silence."""
    found = len(reference())
    other = f"{found} of an older PBX" if found else "those of an older PBX are ABSENT and were not tested"
    terminalreporter.write_line(f"recorded streams: {len(own())} of our own; {other}")
