"""The board's part of the composition root."""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import ZoneInfo

from cti.desk_parts import DeskParts
from cti.directory import Directory
from cti.features.live_board import LiveBoard
from cti.pbx import Pbxes
from cti.storage.database import Database


def build_board(
    db: Database,
    *,
    directory: Directory,
    pbxes: Pbxes,
    desk: DeskParts,
    zone: ZoneInfo,
    clock: Callable[[], float],
) -> LiveBoard:
    """What all boards look at."""
    return LiveBoard(
        db=db,
        directory=directory,
        pbxes=lambda: pbxes.now(clock()),
        calls=pbxes.calls,
        views=desk.agent_states.views,
        members=desk.agent_states.paused_in,
        plan_of=pbxes.plan_of,
        way_of=desk.ways.of,
        prove=pbxes.prove,
        zone=zone,
        clock=clock,
    )
