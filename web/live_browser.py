"""One signed-in connection of the live wire: whose it is, where it stands, what it may hear."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from cti.access import Person, Right, scope
from cti.desktop import Notice, ScreenPop, Snapshot, WorkView
from cti.features.accounts import Identity
from web.live_door import Visit
from web.live_outbox import Outbox
from web.wire import Reader

NEEDS: Mapping[str, Right] = {  # the other events: nothing
    "screen_pop": "desk",
    "call": "desk",
    "reminders": "desk",
    "work": "desk",
    "spying": "calls.spy",
    "mail": "mail",
    "sms": "sms",
    "agent": "agents.read",
    "agents": "agents.read",
}
Stored = ScreenPop | Notice  # events that are kept until they were shown


@dataclass(kw_only=True, slots=True, eq=False)
class Browser:
    """reader: as whom he is told things. held: stored events that wait for `resume` and the end of its replay.

    sent: their seqs. grace: a program that does not say `resume` hears everything once it is over.
    """

    sid: str
    identity: Identity
    token: str | None
    visit: Visit
    outbox: Outbox
    reader: Reader
    seq: int = 0
    held: list[tuple[Stored, str]] | None = field(default_factory=list)
    grace: asyncio.TimerHandle = field(init=False)
    sent: deque[int] = field(default_factory=lambda: deque(maxlen=256))
    cut: bool = False

    @property
    def person(self) -> Person:
        """Who he was when he connected: a change of what he may do cuts the connection."""
        return self.identity.person

    @property
    def agent(self) -> int:
        return self.person.id

    def hears(self, event: str) -> bool:
        """Whether his rights open this event to him."""
        return event not in NEEDS or scope(self.person, NEEDS[event]) != "none"

    def allowed(self, state: Snapshot) -> Snapshot:
        """Of the state of all else, what he may hear."""
        return replace(
            state,
            calls=state.calls if self.hears("call") else (),
            agents=state.agents if self.hears("agent") else (),
            reminders=state.reminders if self.hears("reminders") else (),
            work=state.work if self.hears("work") else WorkView(),
            mail=state.mail if self.hears("mail") else WorkView(),
            sms=state.sms if self.hears("sms") else WorkView(),
            spying=state.spying if self.hears("spying") else None,
        )
