"""What people are told of campaigns: that their word is asked for, what was said, that one stands still."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from cti.access import may
from cti.desktop import AgentDesktop, Notice
from cti.messages.campaigns import Campaign
from cti.storage import desktop_events, users
from cti.storage.database import Database
from cti.storage.desktop_events import Connection

Code = Literal["campaign-asked", "campaign-agreed", "campaign-refused", "campaign-stands"]


class CampaignNotices:
    """Each stays with whom it is for until he has seen it."""

    def __init__(
        self, *, db: Database, desktop: AgentDesktop, next_seq: Callable[[int], int], clock: Callable[[], float]
    ) -> None:
        self._db = db
        self._desktop = desktop
        self._next_seq = next_seq
        self._clock = clock

    async def tell(self, campaign: Campaign, code: Code, **said: str) -> None:
        """Who may agree is asked, and told the answer; so is the author. That it stands: the author, and who agreed."""
        async with self._db.write() as conn:
            people = set() if code == "campaign-stands" else set(await _approvers(conn, campaign))
            if code != "campaign-asked" or not people:
                people |= {one for one in (campaign.user_id, campaign.approved_by) if one}
            told = [(one, self._notice(one, campaign, code, said)) for one in people]
            await desktop_events.append(conn, [desktop_events.of_notice(user_id, notice) for user_id, notice in told])
        for user_id, notice in told:
            await self._desktop.message(user_id, notice)

    def _notice(self, user_id: int, campaign: Campaign, code: Code, said: Mapping[str, str]) -> Notice:
        args = {"name": campaign.name, "count": str(campaign.total), **said}
        seq = self._next_seq(user_id)
        return Notice(seq=seq, code=code, args=args, href=f"/campaigns/{campaign.id}", at=self._clock())


async def _approvers(conn: Connection, campaign: Campaign) -> Sequence[int]:
    there = [one for one in await users.every(conn) if one.blocked_at is None and one.id != campaign.user_id]
    return tuple(one.id for one in there if may(one.person, "campaigns.approve"))
