"""Reach time as the database counts it is what reports/reach.py says of every client's tries, on both engines."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.reports import reach
from cti.reports.reach import Lost
from cti.storage import reach_figures, reach_times
from cti.storage.client_tables import client_phones, clients
from cti.storage.database import Database
from cti.storage.queue_figures import Queues
from cti.storage.tables import calls, users
from tests.storage.conftest import ANNA, BORIS

RUNS = 300 if os.environ.get("SOAK") else 10
SINCE, UNTIL, WITHIN_S = 100_000, 104_000, 900
NUMBERS = tuple(f"+7935555010{n}" for n in range(5))
PHONES = (  # client, number, shared: the second number is two clients', the third a switchboard
    (1, NUMBERS[0], False), (1, NUMBERS[1], False), (2, NUMBERS[1], False),
    (2, NUMBERS[2], True), (3, NUMBERS[2], True), (3, NUMBERS[3], False),
)  # fmt: skip
ENDS = ("abandoned", "no-answer", "busy", "voicemail", "diverted", "callback-requested", None)
KINDS = ("calls", "clients", "reached", "open", "hidden", "again", "in-time")

made = st.fixed_dictionaries(
    {
        "direction": st.sampled_from(("inbound", "inbound", "inbound", "outbound", None)),
        "number": st.sampled_from((*NUMBERS, None)),
        "client_id": st.sampled_from((None, None, None, 1, 2, 3)),
        "queue": st.sampled_from(("sales", "support", None)),
        "started_at": st.integers(SINCE - 400, UNTIL + 400).map(lambda at: at // 50 * 50.0),
        "answered_at": st.sampled_from((None, None, None, 0.0, 7.125, 50.0, 1900.0, 86_399.5, 90_001.5)),
        "outcome": st.sampled_from(ENDS),
        "reason": st.sampled_from((None, None, None, "sip", "user-busy")),
        "request_id": st.sampled_from((None, None, None, None, "asked")),
    }
)


@settings(
    max_examples=RUNS,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    journal=st.lists(made, min_size=10, max_size=60),
    changed=st.lists(st.tuples(st.integers(0, 59), st.none() | made), max_size=8),
    phones=st.sets(st.sampled_from((*PHONES, (1, NUMBERS[4], False), (3, NUMBERS[0], False), (2, NUMBERS[2], False)))),
)
async def test_reach_time_is_what_every_clients_tries_say(
    db: Database,
    journal: list[dict[str, Any]],
    changed: list[tuple[int, dict[str, Any] | None]],
    phones: set[tuple[int, str, bool]],
) -> None:
    async with db.write() as conn:
        await conn.execute(text("DELETE FROM calls"))
        await conn.execute(text("DELETE FROM clients"))
        words = {"kind": "person", "name": "", "name_folded": "", "search": "", "created_at": 0, "updated_at": 0}
        some = [{"id": one, "responsible_id": owner, **words} for one, owner in ((1, ANNA), (2, BORIS), (3, None))]
        await conn.execute(insert(clients), some)
        await conn.execute(insert(client_phones), [_phone(one) for one in PHONES])
        await conn.execute(insert(calls), [_call(place, one) for place, one in enumerate(journal)])
    await _holds(db, PHONES, lists=True)
    async with db.write() as conn:
        for place, one in changed:
            if one is None:
                await conn.execute(delete(calls).where(calls.c.id == f"c{place}"))
            else:
                await conn.execute(update(calls).where(calls.c.id == f"c{place}").values(_call(place, one)))
    await _holds(db, PHONES)
    async with db.write() as conn:
        await conn.execute(delete(client_phones).where(client_phones.c.client_id != 2))
        await conn.execute(update(client_phones).values(shared=~client_phones.c.shared))
        await conn.execute(delete(client_phones))
        if phones:
            await conn.execute(insert(client_phones), [_phone(one) for one in sorted(phones)])
    await _holds(db, sorted(phones))
    async with db.write() as conn:
        await conn.execute(delete(clients).where(clients.c.id == 1))
    await _holds(db, [one for one in sorted(phones) if one[0] != 1])


def _call(place: int, one: dict[str, Any]) -> dict[str, Any]:
    wait = one["answered_at"]
    return one | {"id": f"c{place}", "answered_at": None if wait is None else one["started_at"] + wait}


def _phone(one: tuple[int, str, bool]) -> dict[str, Any]:
    client, e164, shared = one
    return {"client_id": client, "e164": e164, "typed": e164, "shared": shared}


async def _holds(db: Database, phones: Sequence[tuple[int, str, bool]], *, lists: bool = False) -> None:
    """What is kept, and what is asked of it, is what every call says."""
    async with db.write() as conn:
        while await reach_times.fold(conn):
            pass
    async with db.read() as conn:
        for queues in (None, ["sales"], []) if lists else (None, ["sales"]):
            await _same(conn, queues, phones, lists=lists)


async def _same(conn: AsyncConnection, queues: Queues, phones: Sequence[tuple[int, str, bool]], *, lists: bool) -> None:
    wanted = await _the_long_way(conn, queues, phones)
    assert await reach_figures.in_vain(conn, SINCE, UNTIL, queues) == len(wanted)
    bys: tuple[reach_figures.By, ...] = ("queue", "owner")
    for by in bys:
        found, whole = await reach_figures.groups(conn, SINCE, UNTIL, queues, by, WITHIN_S)
        assert whole == reach.sums(wanted, WITHIN_S)
        groups = reach.grouped(wanted, by)
        assert [(one.name, one.sums) for one in found] == [
            (name, reach.sums(some, WITHIN_S)) for name, some in groups.items()
        ]
        for kind in KINDS if lists else ():
            some = [one for one in wanted if _is(one, kind)]
            await _listed(conn, queues, kind, some, by=by)
            await _listed(conn, queues, kind, [one for one in some if getattr(one, by) == ""], by=by, row="")
        if not lists:
            continue
        late = [one for one in wanted if one.step == 2]
        await _listed(conn, queues, "reached", late, by=by, step=2)


async def _listed(
    conn: AsyncConnection, queues: Queues, kind: str, wanted: list[Lost], *, by: reach_figures.By, **more: Any
) -> None:
    asked = {"row": None, "step": None, "within_s": WITHIN_S} | more
    first = await reach_figures.behind(conn, kind, SINCE, UNTIL, queues, by=by, start=0, limit=3, **asked)
    rest = await reach_figures.behind(conn, kind, SINCE, UNTIL, queues, by=by, start=3, limit=100, **asked)
    assert first[1] == rest[1] == len(wanted)
    assert first[0] + rest[0] == wanted[::-1]


def _is(one: Lost, kind: str) -> bool:
    within = one.after_s is not None and one.after_s <= WITHIN_S
    return {"calls": True, "clients": not one.again, "in-time": within}.get(kind, one.end == kind)


async def _the_long_way(conn: AsyncConnection, queues: Queues, phones: Sequence[tuple[int, str, bool]]) -> list[Lost]:
    """Every call read, each client's tries by themselves; oldest first."""
    known = (await conn.execute(select(calls))).all()
    owners: dict[str, set[int]] = defaultdict(set)
    numbers: dict[int, set[str]] = defaultdict(set)
    for client, number, shared in phones:
        numbers[client].add(number)
        owners[number] |= set() if shared else {client}
    named = select(clients.c.id, users.c.name).join(users, users.c.id == clients.c.responsible_id)
    managers = {row.id: row.name for row in await conn.execute(named)}
    tried: dict[Any, list[Lost]] = defaultdict(list)
    for row in sorted(known, key=lambda row: (row.started_at, row.id)):
        if (
            row.direction != "inbound" or row.answered_at is not None or row.request_id or row.reason == "sip"
            or row.outcome in (None, "diverted", "callback-requested") or not SINCE <= row.started_at < UNTIL
            or (queues is not None and row.queue not in queues)
        ):  # fmt: skip
            continue
        alone = owners[row.number] if row.number else set()
        client: int | None = row.client_id or (min(alone) if len(alone) == 1 else None)
        lost = Lost(
            call=row.id, at=row.started_at, queue=row.queue or "", owner=managers.get(client or 0, ""),
            hidden=client is None and row.number is None,
        )  # fmt: skip
        tried[client or row.number or (row.id,)].append(lost)
    found = []
    for key, some in tried.items():
        talks = [row.answered_at for row in known if row.answered_at is not None and _with(row, key, numbers)]
        found += reach.tries(some, talks)
    return sorted(found, key=lambda one: (one.at, one.call))


def _with(row: Any, key: Any, numbers: dict[int, set[str]]) -> bool:
    if isinstance(key, int):
        return bool(row.client_id == key or (row.client_id is None and row.number in numbers[key]))
    return bool(row.number == key)
