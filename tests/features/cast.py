"""The fixed cast of the feature tests: Anna and Boris in one team, Clara in another, and a desktop that remembers."""

from __future__ import annotations

from cti.desktop import AgentView, CallView, LegView, LinkView, Notice, ScreenPop
from cti.lines import Line
from cti.storage.directory import DeviceRow
from dialplan.offers import Offers

ANNA, BORIS, CLARA = 1, 2, 3


def row(user_id: int, name: str, extension: str, team: str, *, chosen: bool = True) -> DeviceRow:
    return DeviceRow(
        name=f"PJSIP/{extension}",
        extension=extension,
        kind="desk",
        chosen=chosen,
        user_id=user_id,
        user_name=name,
        team_id=1 if team == "Sales" else 2,
        team=team,
        language="ru",
    )


class Cast:
    """A directory of three people with a desk phone each."""

    def __init__(self) -> None:
        self.rows = [
            row(ANNA, "Anna", "101", "Sales"),
            row(BORIS, "Boris", "102", "Sales"),
            row(CLARA, "Clara", "103", "Support"),
        ]

    def by_device(self, device: str | None) -> DeviceRow | None:
        return next((r for r in self.rows if r.name == device), None)

    def by_extension(self, extension: str | None, near: str | None = None) -> DeviceRow | None:
        return next((r for r in self.rows if r.extension == extension), None)

    def devices_of(self, user_id: int) -> tuple[DeviceRow, ...]:
        return tuple(r for r in self.rows if r.user_id == user_id)

    def chosen(self) -> list[DeviceRow]:
        return self.rows

    def chosen_of(self, user_id: int) -> DeviceRow | None:
        return next(iter(self.devices_of(user_id)), None)


class Screens:
    """Everything the agents' browsers were told, in order."""

    def __init__(self) -> None:
        self.pops: list[tuple[int, ScreenPop]] = []
        self.notices: list[tuple[int, Notice]] = []
        self.calls: list[tuple[int, CallView]] = []
        self.legs: list[tuple[int, LegView]] = []
        self.agents: list[AgentView] = []
        self.links: list[LinkView] = []
        self.cut: list[int] = []

    async def pop(self, agent_id: int, pop: ScreenPop) -> None:
        self.pops.append((agent_id, pop))

    async def message(self, agent_id: int, notice: Notice) -> None:
        self.notices.append((agent_id, notice))

    async def call(self, agent_id: int, view: CallView) -> None:
        self.calls.append((agent_id, view))

    async def leg(self, agent_id: int, view: LegView) -> None:
        self.legs.append((agent_id, view))

    async def agent(self, view: AgentView) -> None:
        self.agents.append(view)

    async def link(self, view: LinkView) -> None:
        self.links.append(view)

    async def sign_out(self, agent_id: int, session_hash: str | None = None) -> None:
        self.cut.append(agent_id)

    def last(self, agent_id: int) -> CallView:
        """The newest state of a call at the agent's desk."""
        return [view for agent, view in self.calls if agent == agent_id][-1]


async def no_offers(_line: Line) -> Offers:
    """A PBX whose dialplan has nothing for phones."""
    return Offers()
