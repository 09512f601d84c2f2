"""Whose card comes to whom on recorded calls: rings, transfers, pick-ups, conversations that were found going on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.features.cast import ANNA, BORIS, CLARA
from tests.features.office import Office, office_in
from tests.telephony.streams import load, own

CLIENT = "+79355550101"
FROM_CLIENT = ("unknown", CLIENT)


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with office_in(tmp_path) as one:
        yield one


@pytest.mark.parametrize(
    ("name", "cards"),
    [
        ("simple", [(CLARA, FROM_CLIENT)]),
        ("queue", [(ANNA, FROM_CLIENT), (BORIS, FROM_CLIENT)]),
        ("internal", [(BORIS, ("colleague", "101"))]),
        ("outbound", []),
        ("click", []),
        ("blind", [(CLARA, FROM_CLIENT), (ANNA, FROM_CLIENT)]),
        ("attended", [(CLARA, FROM_CLIENT), (ANNA, FROM_CLIENT)]),
        ("attended_refer", [(CLARA, FROM_CLIENT), (ANNA, FROM_CLIENT), (ANNA, FROM_CLIENT)]),
        ("attended_cancelled", [(CLARA, FROM_CLIENT), (ANNA, FROM_CLIENT)]),
        ("blonde", [(CLARA, FROM_CLIENT), (ANNA, FROM_CLIENT)]),
        ("pickup", [(CLARA, FROM_CLIENT), (ANNA, FROM_CLIENT)]),
        ("park", [(CLARA, FROM_CLIENT), (ANNA, FROM_CLIENT)]),
        ("redirect", [(ANNA, FROM_CLIENT), (BORIS, FROM_CLIENT), (CLARA, FROM_CLIENT)]),
    ],
)
async def test_each_agent_gets_the_card_of_whom_he_is_with(
    office: Office, name: str, cards: list[tuple[int, tuple[str, str]]]
) -> None:
    await office.hears(load(own()[name]))
    assert office.cards() == cards


async def test_a_ring_that_nobody_saw_brings_the_card_when_they_talk(office: Office) -> None:
    stream = load(own()["simple"])
    ring = next(i for i, headers in enumerate(stream) if headers["Event"] == "DialBegin")
    await office.hears([headers for i, headers in enumerate(stream) if i != ring and headers["Event"] != "DialState"])
    assert office.cards()[-1:] == [(CLARA, FROM_CLIENT)]
