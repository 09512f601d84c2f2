"""When a queue's card comes and what it does: at the ring, at the answer, by hand; for none, one and several."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import insert

from cti.clients.pop_rules import PopRule
from cti.errors import Refused
from cti.storage.client_tables import client_phones, clients
from cti.storage.database import Database
from tests.features.cast import ANNA
from tests.features.office import Office, office_in
from tests.telephony.streams import Stream, load, own

CLIENT = "+79355550101"


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with office_in(tmp_path) as one:
        yield one


async def clients_with_the_number(db: Database, count: int) -> None:
    async with db.write() as conn:
        for place in range(count):
            names = {"name": f"C{place}", "name_folded": f"c{place}", "search": ""}
            await conn.execute(insert(clients).values(id=place + 1, created_at=1.0, updated_at=1.0, **names))
            number = {"typed": CLIENT, "e164": CLIENT, "shared": count > 1}
            await conn.execute(insert(client_phones).values(client_id=place + 1, **number))


def parts() -> tuple[Stream, Stream]:
    """A call of the queue up to its answer, and the rest."""
    stream = load(own()["queue"])
    answer = next(place for place, one in enumerate(stream) if one["Event"] == "DialEnd")
    return stream[:answer], stream[answer:]


async def test_a_card_that_comes_with_the_answer_comes_to_who_answered(office: Office) -> None:
    office.rule = PopRule(when="answer")
    ring, rest = parts()
    await office.hears(ring)
    assert office.cards() == []
    view = next(view for agent, view in office.screens.calls if agent == ANNA)
    assert (view.state, view.card) == ("ringing", "answer")
    await office.hears(rest)
    assert [card for _, card in office.cards()] == [("unknown", CLIENT)]
    [(taker, _)] = office.cards()
    assert [view.card for agent, view in office.screens.calls if agent == taker and view.state == "talking"][-1] == ""


async def test_a_card_by_hand_comes_when_its_person_asks_and_to_nobody_else(office: Office) -> None:
    office.rule = PopRule(when="hand", none="nothing")
    ring, rest = parts()
    await office.hears(ring)
    call = office.tracker.calls()[0].call
    with pytest.raises(Refused):
        await office.pops.by_hand(3, call)
    await office.pops.by_hand(ANNA, call)
    await office.hears(rest)
    assert office.cards() == [(ANNA, ("unknown", CLIENT))]


@pytest.mark.parametrize(
    ("count", "rule", "kinds", "matches"),
    [
        (0, PopRule(), ["unknown"], 0),
        (0, PopRule(none="nothing"), [], 0),
        (1, PopRule(), ["client"], 1),
        (1, PopRule(one="list"), ["several"], 1),
        (1, PopRule(one="nothing"), [], 0),
        (2, PopRule(), ["several"], 2),
        (2, PopRule(several="card"), ["client"], 1),
        (2, PopRule(several="nothing"), [], 0),
    ],
)
async def test_what_is_done_for_so_many_clients(
    office: Office, count: int, rule: PopRule, kinds: list[str], matches: int
) -> None:
    await clients_with_the_number(office.db, count)
    office.rule = rule
    await office.hears(parts()[0])
    mine = [pop for agent, pop in office.screens.pops if agent == ANNA]
    assert [pop.kind for pop in mine] == kinds
    assert [len(pop.matches) for pop in mine] == [matches] * len(kinds)
    if not kinds:
        assert next(view for agent, view in office.screens.calls if agent == ANNA).card == "hand"


def test_a_rule_is_made_of_what_may_be_chosen() -> None:
    assert PopRule().sound
    assert not PopRule(none="card").sound
    assert not PopRule(when="").sound  # type: ignore[arg-type]
