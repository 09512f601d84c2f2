"""Key figures of a call centre, one definition each: pure functions of what was counted."""

from __future__ import annotations

from typing import Final

IN_TIME_S: Final = 20.0  # T: who is answered within it was answered in time
SOON_S: Final = 5.0  # S: who hangs up within it was not lost


def service_level(*, in_time: int, answered: int, abandoned: int, abandoned_soon: int) -> float | None:
    """Answered within T / (answered + abandoned - abandoned within S), 0 to 1; None where nobody counts."""
    counted = answered + abandoned - abandoned_soon
    return in_time / counted if counted > 0 else None
