"""Colleagues' states on their way: few one by one, many together, each person's own at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from cti.clients.masking import OPEN
from cti.desktop import AgentView
from tests.web.panel import until
from web.live_outbox import Body, Texts
from web.live_people import FEW, People
from web.wire import Reader

READER = Reader("ru", OPEN)


async def test_many_changes_are_one_message_with_each_person_as_he_is_now() -> None:
    heard: list[tuple[Sequence[int], str, dict[str, object]]] = []

    def tell(agents: Sequence[int], name: str, body: Body) -> None:
        heard.append((tuple(agents), name, body(READER, 0)))

    people = People(tell, lambda: (1, 2, 3))
    task = asyncio.create_task(people.run())
    people.changed(AgentView(id=1, name="Anna", device="ringing"))
    assert [(to, name) for to, name, _ in heard] == [((1,), "agent")]
    await until(lambda: len(heard) == 2, why="the others hear of her")
    assert heard[1][:2] == ((2, 3), "agent")
    heard.clear()
    for user_id in range(1, FEW + 2):
        for device in ("ringing", "in-call"):
            people.changed(AgentView(id=user_id, name="X", device=device))
    heard.clear()
    await until(lambda: heard, why="they come together")
    task.cancel()
    to, name, body = heard[0]
    assert (to, name, len(heard)) == ((1, 2, 3), "agents", 1)
    assert [one["device"] for one in body["agents"]] == ["in-call"] * (FEW + 1)  # type: ignore[index, attr-defined]


def test_one_text_is_written_anew_for_each_seq_and_told_once_for_each_reader() -> None:
    told = []

    def body(reader: Reader, seq: int) -> dict[str, object]:
        told.append(reader)
        return {"seq": seq, "what": reader.language}

    texts = Texts("agent", body)
    english = Reader("en", OPEN)
    assert [texts(READER, 5), texts(READER, 0), texts(READER, 5), texts(english, 7)] == [
        '2["agent",{"seq":5,"what":"ru"}]',
        '2["agent",{"seq":0,"what":"ru"}]',
        '2["agent",{"seq":5,"what":"ru"}]',
        '2["agent",{"seq":7,"what":"en"}]',
    ]
    assert told == [READER, english]
