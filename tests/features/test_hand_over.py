"""A client goes from Clara to Anna on recorded calls: what each desk says on the way, and when it comes to nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from cti.desktop import CallView
from cti.features.hand_over import HandOvers
from cti.storage import calls
from cti.telephony.events import Delivered, Held
from cti.telephony.numbering import NumberPlan
from cti.telephony.tracker import Tracker
from tests.features.cast import ANNA, BORIS, CLARA, Cast
from tests.features.office import Office, office_in
from tests.telephony.streams import Stream, load, own
from tests.telephony.test_snapshot import NOW, running

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


class NoDisk:
    """A database that nobody may ask."""

    def read(self) -> object:
        raise AssertionError("a card waits for no disk")


def asked_at_ring(stream: Stream, device: str, *, snapshot: bool = False) -> list[tuple[str, str] | None]:
    """What a colleague is asked, each time when his phone is said to ring: of whom, by whom.

    snapshot: the stream is what the PBX lists to a server that comes just then.
    """
    tracker, cast, found = Tracker(), Cast(), []
    told = tracker.resync(stream, NOW) if snapshot else (e for one in stream for e in tracker.feed(one, None))
    handed = HandOvers(
        db=NoDisk(),  # type: ignore[arg-type]
        directory=cast,
        record_of=tracker.record,
        calls_at=tracker.calls_at,
        plan_of=lambda _call: NumberPlan(),
    )
    row = cast.by_device(device)
    assert row
    for event in told:
        if isinstance(event, Delivered):
            asyncio.run(handed.delivered(event, 1.0))
            if event.device == device:
                one = handed.of(event.call, row.user_id)
                found.append((one.number or "", one.by) if one and one.kind == "asks" else None)
        elif isinstance(event, Held):
            asyncio.run(handed.held(event, 1.0))
    return found


def orders(*threads: Stream) -> Iterator[Stream]:
    """Every order that keeps each thread's own; who is dialled exists before his phone says anything."""
    if not any(threads):
        yield []
    for place, thread in enumerate(threads):
        if thread:
            rest = [one[1:] if at == place else one for at, one in enumerate(threads)]
            for order in orders(*rest):
                yield [thread[0], *order]


def is_legal(order: Stream, born: dict[str, str]) -> bool:
    return all(one.get("Uniqueid") != born["Uniqueid"] for one in order[: order.index(born)])


@pytest.mark.parametrize("name", ["attended", "attended-16"])
def test_the_pbx_rings_a_colleague_before_or_after_the_asking_one_is_put_beside_him(name: str) -> None:
    """The one thread of the PBX moves the asking agent, another dials, the phone's own says that it rings."""
    stream = load(own()[name])
    born = next(one for one in stream if one["Event"] == "Newchannel" and one["Channel"].startswith("PJSIP/101-"))
    start = next(p for p, one in enumerate(stream) if one["Event"] == "BridgeEnter" and one["Channel"].endswith(";1"))
    ring = next(
        p for p, one in enumerate(stream) if p > start and one.get("ChannelStateDesc") == "Ringing" and is_of(one, born)
    )
    part = [one for one in stream[start : ring + 1] if "Channel" in one]
    moves = [one for one in part if one["Event"] in ("BridgeEnter", "BridgeLeave")]
    dials = [one for one in part if one not in moves and one is not stream[ring]]
    found = [order for order in orders(moves, dials, [stream[ring]]) if is_legal(order, born)]
    assert len(found) > 30
    for order in found:
        assert asked_at_ring([*stream[:start], *order], "PJSIP/101")[-1] == (CLIENT, "Clara"), order


def is_of(one: dict[str, str], leg: dict[str, str]) -> bool:
    return one["Event"] == "Newstate" and one["Uniqueid"] == leg["Uniqueid"]


@pytest.mark.parametrize("name", ["attended_refer", "attended_refer-16"])
def test_a_phones_second_call_rings_before_or_after_its_dial_and_the_hold(name: str) -> None:
    """One thread of the PBX hears the hold, another dials, the phone's own says that it rings."""
    stream = load(own()[name])
    hold = next(p for p, one in enumerate(stream) if one["Event"] == "Hold")
    born = next(one for one in stream if one["Event"] == "Newchannel" and one["Channel"].startswith("PJSIP/101-"))
    ring = next(p for p, one in enumerate(stream) if one.get("ChannelStateDesc") == "Ringing" and is_of(one, born))
    dials = [one for one in stream[hold + 1 : ring] if "Channel" in one]
    for order in orders([stream[hold]], dials, [stream[ring]]):
        if is_legal(order, born):
            assert asked_at_ring([*stream[:hold], *order], "PJSIP/101") == [(CLIENT, "Clara")], order
    rings_first = [one for one in stream[hold : ring + 8] if one is not stream[ring]]
    rings_first.insert(rings_first.index(born) + 1, stream[ring])
    for part in (stream[hold : ring + 8], rings_first):
        for lost in part[: len(part) - 8]:  # whatever of the dial is not heard
            after = [one for one in part if one is not lost]
            assert asked_at_ring([*stream[:hold], *after], "PJSIP/101")[-1] == (CLIENT, "Clara"), lost
    _, listed = running(stream[: ring + 1])
    assert asked_at_ring(listed, "PJSIP/101", snapshot=True) == [(CLIENT, "Clara")], "the server comes during the ring"
