"""A client goes from Clara to Anna on recorded calls: what each desk says on the way, and when it comes to nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cti.desktop import CallView
from cti.storage import calls
from tests.features.cast import ANNA, BORIS, CLARA
from tests.features.office import Office, office_in
from tests.telephony.streams import load, own

CLIENT = "+79355550101"


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with office_in(tmp_path) as one:
        yield one


def told(office: Office, agent: int) -> list[tuple[str, str, str | None]]:
    """State of the call, what of the colleague's client, and the number, each time one of them changed."""
    views = [view for to, view in office.screens.calls if to == agent]
    said = [(view.state, view.hand_over.kind if view.hand_over else "", view.number) for view in views]
    return [one for place, one in enumerate(said) if place == 0 or said[place - 1] != one]


def last(office: Office, agent: int) -> CallView:
    return [view for to, view in office.screens.calls if to == agent][-1]


@pytest.mark.parametrize(
    ("name", "by", "to"),
    [("attended", CLARA, ANNA), ("attended_refer", CLARA, ANNA), ("queue_attended", ANNA, CLARA)],
)
async def test_who_is_asked_sees_the_client_while_it_rings_and_has_the_call_afterwards(
    office: Office, name: str, by: int, to: int
) -> None:
    await office.hears(load(own()[name]))
    states = told(office, to)
    asker = "101" if by == ANNA else "103"
    assert states[:2] == [("ringing", "asks", asker), ("talking", "asks", asker)]
    assert states[-2:] == [("talking", "given", CLIENT), ("ended", "given", CLIENT)]
    first = next(view.hand_over for agent, view in office.screens.calls if agent == to)
    assert first
    assert (first.by, first.number) == ("Clara" if by == CLARA else "Anna", CLIENT)
    assert first.waits_since is not None
    asking = [view.asking for agent, view in office.screens.calls if agent == by]
    assert ("Clara" if to == CLARA else "Anna") in asking or name == "attended_refer"
    gone = last(office, by)
    assert gone.asking == ""
    assert (gone.state, gone.outcome, gone.by) == ("ended", "transferred", "Anna" if to == ANNA else "Clara")


async def test_a_ring_told_before_its_dial_is_the_colleagues_once_that_is_known(office: Office) -> None:
    stream = load(own()["attended"])
    dial = next(p for p, one in enumerate(stream) if one["Event"] == "DialBegin" and "/101-" in one["DestChannel"])
    ring = next(
        place
        for place, one in enumerate(stream)
        if place > dial and one["Event"] == "Newstate" and one["ChannelStateDesc"] == "Ringing"
    )
    stream.insert(ring, stream.pop(dial))
    await office.hears(stream)
    assert ("talking", "asks", "103") in told(office, ANNA)


@pytest.mark.parametrize("name", ["attended_cancelled", "attended_target_gone"])
async def test_a_client_who_was_only_asked_about_stays_with_who_asked(office: Office, name: str) -> None:
    await office.hears(load(own()[name]))
    assert told(office, ANNA)[-1] == ("ended", "back", "103")
    assert [state for state, _, _ in told(office, CLARA)][-2:] == ["talking", "ended"]
    assert last(office, CLARA).outcome == "answered"


async def test_a_client_sent_on_at_once_comes_with_the_name_of_who_sent_him(office: Office) -> None:
    await office.hears(load(own()["blind"]))
    assert told(office, ANNA) == [
        ("ringing", "given", CLIENT),
        ("talking", "given", CLIENT),
        ("ended", "given", CLIENT),
    ]
    assert (last(office, CLARA).outcome, last(office, CLARA).by) == ("transferred", "Anna")


async def test_a_client_whom_nobody_took_is_told_to_who_sent_him(office: Office) -> None:
    await office.hears(load(own()["blind_unanswered"]))
    assert (last(office, CLARA).state, last(office, CLARA).outcome) == ("ended", "not-taken")
    assert last(office, ANNA).hand_over.kind == "back"  # type: ignore[union-attr]


async def test_who_leaves_before_an_answer_has_given_the_client_away(office: Office) -> None:
    await office.hears(load(own()["blonde"]))
    assert ("ringing", "given", CLIENT) in told(office, ANNA)
    assert last(office, CLARA).by == "Anna"


async def test_a_call_between_colleagues_asks_about_nobody(office: Office) -> None:
    await office.hears(load(own()["internal"]))
    assert last(office, BORIS).hand_over is None


async def test_what_was_written_is_read_at_the_ring_and_as_it_grows(office: Office) -> None:
    stream = load(own()["attended_refer"])
    held = next(place for place, headers in enumerate(stream) if headers["Event"] == "Hold")
    await office.hears(stream[:held])
    call = office.tracker.calls()[0].call

    async def writes(text: str) -> None:
        async with office.db.write() as conn:
            await conn.exec_driver_sql(
                "INSERT OR IGNORE INTO users (id, login, name, role, language, created_at)"
                f" VALUES ({CLARA}, 'clara', 'Clara', 'agent', 'ru', 1)"
            )
            await calls.set_note(conn, call, CLARA, text, 2.0)
        await office.handed.noted(call)

    await writes("Просит счёт")
    ring = next(p for p, one in enumerate(stream) if one["Event"] == "DialBegin" and "PJSIP/101" in one["DestChannel"])
    await office.hears(stream[held : ring + 4])
    asked = last(office, ANNA).hand_over
    assert asked
    assert [(note.by, note.text) for note in asked.notes] == [("Clara", "Просит счёт")]
    await writes("Просит счёт и акт")
    asked = last(office, ANNA).hand_over
    assert asked
    assert [note.text for note in asked.notes] == ["Просит счёт и акт"]
    async with office.db.write() as conn:
        await calls.set_note(conn, call, CLARA, "Просит счёт, акт и звонок", 3.0)
    await asyncio.gather(office.handed.noted(call), office.hears(stream[ring + 4 :]))
    assert last(office, ANNA).state == "ended", "a note that is saved as the call ends is no fault"
