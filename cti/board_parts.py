"""The board's part of the composition root."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from cti.desk_parts import DeskParts
from cti.desktop import AgentDesktop
from cti.directory import Directory
from cti.features.board_actions import BoardActions, BoardWays
from cti.features.board_links import BoardLinks
from cti.features.live_board import LiveBoard
from cti.pbx import Pbxes
from cti.storage.database import Database


@dataclass(frozen=True, kw_only=True)
class BoardParts:
    """What the panel is given."""

    board: LiveBoard
    actions: BoardActions
    links: BoardLinks


def build_board(
    db: Database,
    *,
    directory: Directory,
    pbxes: Pbxes,
    desk: DeskParts,
    desktop: AgentDesktop,
    zone: ZoneInfo,
    clock: Callable[[], float],
) -> BoardParts:
    """What all boards look at, and what is done from them."""
    board = LiveBoard(
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
    actions = BoardActions(
        db=db,
        directory=directory,
        desktop=desktop,
        ways=BoardWays(
            line_of=pbxes.line_of,
            status_of=desk.agent_states.device_status,
            record_of=pbxes.record_of,
            row_of=lambda call: board.look().calls.get(call),
            pick=pbxes.pick,
            choose=desk.agent_duty.choose,
            moved=desk.agent_duty.phone_chosen,
            standing=desk.agent_states.standing,
            next_seq=desk.screen_pops.next_seq,
        ),
        clock=clock,
    )
    return BoardParts(board=board, actions=actions, links=BoardLinks(db=db, clock=clock))
