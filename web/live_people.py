"""States of colleagues on their way to everybody: one by one while few change, all together while many do.

Each state of each person goes to every open panel: at 30 calls a second and 300 panels that would be tens of thousands
of messages a second, and cards would wait behind them. So a person's own panel hears of himself at once, and the others
at most every TOGETHER_S, of each person only how he is now; more than FEW of them come as one `agents`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from cti.desktop import AgentView
from web import wire
from web.live_outbox import Body

TOGETHER_S = 0.3
FEW = 3

Tell = Callable[[Sequence[int], str, Body], None]  # to whom, the event's name, what is told


class People:
    """everybody: whose panels are open."""

    def __init__(self, tell: Tell, everybody: Callable[[], Sequence[int]]) -> None:
        self._tell = tell
        self._everybody = everybody
        self._news: dict[int, AgentView] = {}
        self._has_news = asyncio.Event()

    def changed(self, view: AgentView) -> None:
        """How a person is from now on."""
        self._tell((view.id,), "agent", lambda reader, seq: wire.agent(view, reader, seq))
        self._news[view.id] = view
        self._has_news.set()

    async def run(self) -> None:
        """Tell the others, until cancelled."""
        while True:
            await self._has_news.wait()
            self._has_news.clear()
            views, self._news = tuple(self._news.values()), {}
            self._say(views)
            await asyncio.sleep(TOGETHER_S)

    def _say(self, views: Sequence[AgentView]) -> None:
        everybody = self._everybody()
        if len(views) > FEW:
            self._tell(everybody, "agents", lambda reader, _seq: wire.agents(views, reader))
            return
        for view in views:
            others = [one for one in everybody if one != view.id]
            self._tell(others, "agent", lambda reader, seq, view=view: wire.agent(view, reader, seq))  # type: ignore[misc]
