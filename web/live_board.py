"""Live boards on the wire: one look for all of them, and to each browser what has changed since.

Rules kept here: rows are put together once in TICK_S however many look, written once for all who are alike, and sent
only where they changed; who reads too slowly is not sent more, and gets the whole board once he has read what he has;
a board without news is told all the same that it is still right. Whose data was shown is in the access journal.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from cti.access import scope
from cti.board import Board
from cti.features.access_journal import AccessJournal
from web.board_wire import PARTS, Row, Viewer, clients_in, pbx, told, viewer_of
from web.live_browser import Browser
from web.live_outbox import Outbox, encoded
from web.wire import Json

TICK_S = 0.4
STILL_S = 1.0  # a board hears at least so often that it is right
BEHIND_CHARS = 64 * 1024  # so much unread is too much for another change
JOURNAL_S = 60.0


@dataclass(kw_only=True, eq=False)
class _Watcher:
    """keep: writes down which clients he was shown; behind: he is sent the whole board next.

    shown: clients of whom he was told since the last line.
    """

    outbox: Outbox
    viewer: Viewer
    keep: Callable[[list[int]], None]
    behind: bool = True
    shown: set[int] = field(default_factory=set)
    known: set[int] = field(default_factory=set)
    noted_at: float = 0.0


class Boards:
    """Browsers that look at the board. look: the board now."""

    def __init__(self, *, look: Callable[[], Board], access_journal: AccessJournal) -> None:
        self._look = look
        self._access_journal = access_journal
        self._watchers: dict[str, _Watcher] = {}
        self._is_watched = asyncio.Event()
        self._last: Board | None = None
        self._said_at = 0.0

    def watch(self, browser: Browser) -> bool:
        """The browser looks at the board from now on; False where its person may not."""
        if scope(browser.person, "board.read") == "none":
            return False
        person, address = browser.person, browser.visit.address

        def keep(clients: list[int]) -> None:
            self._access_journal.watched(person, clients, address)

        self.add(browser.sid, browser.outbox, viewer_of(person, browser.reader), keep)
        return True

    def add(self, sid: str, outbox: Outbox, viewer: Viewer, keep: Callable[[list[int]], None]) -> None:
        """Tell the board into an outbox from now on. keep: writes down which clients were shown."""
        self._watchers[sid] = _Watcher(outbox=outbox, viewer=viewer, keep=keep, noted_at=time.monotonic())
        self._is_watched.set()

    def leave(self, sid: str) -> None:
        """It looks elsewhere, or is gone."""
        watcher = self._watchers.pop(sid, None)
        if watcher is not None:
            self._note(watcher)
        if not self._watchers:
            self._is_watched.clear()
            self._last = None

    async def run(self) -> None:
        """Tell all boards, until cancelled."""
        while True:
            await self._is_watched.wait()
            began = time.monotonic()
            self._tell(began)
            await asyncio.sleep(max(TICK_S - (time.monotonic() - began), TICK_S / 4))

    def _tell(self, now: float) -> None:
        board, last = self._look(), self._last
        self._last = board
        changed: dict[str, dict[str, Row | None]] = {
            part: _changed(getattr(last, part), getattr(board, part)) if last else {} for part in PARTS
        }
        still = not any(changed.values()) and last is not None and board.pbxes_alike(last)
        if not still or now - self._said_at >= STILL_S:
            self._said_at, still = now, False
        news: dict[Viewer, str] = {}
        whole: dict[Viewer, str] = {}
        for watcher in list(self._watchers.values()):
            outbox, viewer = watcher.outbox, watcher.viewer
            if outbox.size_chars > BEHIND_CHARS:
                watcher.behind = True
            elif watcher.behind:
                if viewer not in whole:
                    whole[viewer] = encoded("board", _whole(board, viewer))
                watcher.behind = not outbox.offer(whole[viewer])
            elif not still:
                if viewer not in news:
                    news[viewer] = encoded("board", _news(board, last or board, changed, viewer))
                watcher.behind = not outbox.offer(news[viewer])
        self._journal(board, now)

    def _journal(self, board: Board, now: float) -> None:
        """Whom each was shown: a line once in a while, of those who are new."""
        clients: dict[Viewer, set[int]] = {}
        for watcher in self._watchers.values():
            if watcher.viewer not in clients:
                clients[watcher.viewer] = clients_in(board, watcher.viewer)
            fresh = clients[watcher.viewer] - watcher.known
            watcher.shown |= fresh
            watcher.known |= fresh
            if now - watcher.noted_at >= JOURNAL_S:
                watcher.noted_at = now
                watcher.known = set(clients[watcher.viewer])
                self._note(watcher)

    def _note(self, watcher: _Watcher) -> None:
        if watcher.shown:
            watcher.keep(sorted(watcher.shown))
            watcher.shown = set()


def _changed(before: Mapping[str, Row], after: Mapping[str, Row]) -> dict[str, Row | None]:
    """Rows that are new or otherwise; None: gone."""
    rows: dict[str, Row | None] = {key: row for key, row in after.items() if before.get(key) != row}
    return rows | dict.fromkeys(before.keys() - after.keys())


def _whole(board: Board, viewer: Viewer) -> Json:
    rows: Json = {
        part: {key: told(row, viewer) for key, row in getattr(board, part).items() if viewer.sees(row)}
        for part in viewer.parts
    }
    return {"whole": True, **_head(board), **rows}


def _news(board: Board, last: Board, changed: Mapping[str, Mapping[str, Row | None]], viewer: Viewer) -> Json:
    rows: dict[str, Json] = {}
    for part in viewer.parts:
        before = getattr(last, part)
        mine: Json = {}
        for key, row in changed[part].items():
            if row is not None and viewer.sees(row):
                mine[key] = told(row, viewer)
            elif key in before and viewer.sees(before[key]):
                mine[key] = None
        if mine:
            rows[part] = mine
    return {"whole": False, **_head(board), **rows}


def _head(board: Board) -> Json:
    since = {"day": board.day, "lately": board.lately}
    return {"at": board.at, "figures_at": board.figures_at, **since, "pbxes": [pbx(one) for one in board.pbxes]}
