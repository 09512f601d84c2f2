"""A house with clients, a segment of them all and a template: where campaigns and call lists run in tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert, select, update

from cti.access import Person
from cti.clients.segments import Group, Segment
from cti.features.campaign_builds import CampaignBuilds
from cti.features.campaign_runs import CampaignRuns
from cti.features.campaigns import Campaigns
from cti.messages.campaigns import Campaign, Given
from cti.messages.doors import Doors
from cti.storage import campaign_people, campaigns, segments
from cti.storage.client_tables import client_phones, clients
from cti.storage.database import Database
from cti.storage.sending_tables import templates
from cti.storage.sms_tables import sms
from cti.storage.tables import users
from cti.telephony.numbering import NumberPlan
from tests.made import new_database

ZONE = ZoneInfo("Europe/Moscow")
NOON = 1_790_154_000.0  # Wednesday, 12:20 in Moscow
VERA = Person(id=1, login="vera", name="Vera", role="supervisor")
PAVEL = Person(id=2, login="pavel", name="Pavel", role="admin")
ANNA = Person(id=3, login="anna", name="Anna", role="agent")
TOLD = "{{client.name}}, поздравляем!"


class NoLines:
    """No gateway is set up."""

    def choose(self, _number: str, *, purpose: str, besides: frozenset[int] = frozenset()) -> None:
        del purpose, besides

    def line(self, _gateway_id: int) -> None:
        return None


class House:
    """The three features over one base; the clock goes as it is set."""

    def __init__(self, db: Database) -> None:
        self.db, self.now = db, NOON
        self.told: list[tuple[str, dict[str, str]]] = []
        common: dict[str, Any] = {"db": db, "zone": ZONE, "tell": self.tell, "clock": lambda: self.now}
        self.builds = CampaignBuilds(**common)
        doors = Doors(b"k" * 32, "https://cti.romashka.example")
        self.runs = CampaignRuns(wake_sms=lambda: None, wake_post=lambda: None, doors=doors, **common)
        self.campaigns = Campaigns(
            plan=NumberPlan(), lines=NoLines(), build=self.builds.wake, begin=self.runs.wake,
            wake_sms=lambda: None, wake_post=lambda: None, doors=doors, **common,
        )  # fmt: skip

    async def tell(self, _one: Campaign, code: str, **said: str) -> None:
        self.told.append((code, said))

    async def fill(self, count: int) -> None:
        async with self.db.write() as conn:
            for one in (VERA, PAVEL, ANNA):
                await conn.execute(insert(users).values(
                    id=one.id, login=one.login, name=one.name, role=one.role, created_at=NOON))  # fmt: skip
            await segments.add(conn, Segment(id=0, name="Все", expression=Group()), VERA.id, NOON)
            await conn.execute(insert(templates).values(
                id=1, name="Т", channel="sms", language="ru", body=TOLD, changed_at=NOON, created_at=NOON))  # fmt: skip
            for id_ in range(1, count + 1):
                await conn.execute(insert(clients).values(
                    id=id_, name=f"Клиент {id_}", name_folded=f"клиент {id_}", search="", created_at=1.0,
                    updated_at=1.0))  # fmt: skip
                number = f"+7935{id_:07}"
                await conn.execute(insert(client_phones).values(client_id=id_, e164=number, typed=number))

    async def begun(self, **given: Any) -> int:
        """A campaign of everybody that runs."""
        id_ = await self.ready(**given)
        await self.campaigns.start(VERA, id_)
        return id_

    async def ready(self, name: str = "Поздравление", **given: Any) -> int:
        """One whose people are chosen."""
        said = {"template_id": 1, "rate": 1000, "hours": None, **given}
        one = Campaign(
            id=0, name=name, channel="sms", purpose="service", state="draft", segment_id=1,
            given=Given(**said),
        )  # fmt: skip
        id_ = await self.campaigns.save(VERA, one)
        await self.campaigns.build(VERA, id_)
        await self.builds.look()
        return id_

    async def one(self, id_: int) -> Campaign:
        async with self.db.read() as conn:
            found = await campaigns.get(conn, id_)
        assert found is not None
        return found

    async def counts(self, id_: int) -> dict[str, int]:
        async with self.db.read() as conn:
            return await campaign_people.counts(conn, id_)

    async def looked(self, until: Callable[[dict[str, int]], bool], id_: int) -> None:
        """Let it go until the counts are so."""
        async with asyncio.timeout(5):
            while not until(await self.counts(id_)):
                await self.runs.look()
                await asyncio.sleep(0.01)

    async def settle(self, state: str, *, many: int = 1000, **said: Any) -> None:
        """What the gateways say of what waits."""
        async with self.db.write() as conn:
            some = select(sms.c.id).where(sms.c.state == "queued").limit(many)
            await conn.execute(update(sms).where(sms.c.id.in_(some)).values(state=state, next_at=None, **said))


@asynccontextmanager
async def house(folder: Path, count: int = 20) -> AsyncIterator[House]:
    async with house_over(await new_database(folder), count) as made:
        yield made


@asynccontextmanager
async def house_over(db: Database, count: int) -> AsyncIterator[House]:
    """The same over a base with nothing in it, of whatever engine."""
    made = House(db)
    await made.fill(count)
    yield made
    await db.close()
