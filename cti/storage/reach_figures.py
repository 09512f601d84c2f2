"""Clients who called in vain in a period, with their reach times: added up and listed by the database itself.

What a lost call is, storage/missed.py says; how tries and talks of one client go together, reports/reach.py. A client's
calls in vain with the same first talk after them are one try, and its first call in the period stands for it. Who
talked: a call with a client is a talk with that client, one without is a talk with whoever has its number; a number
that is nobody's, or several clients', is a client of its own, and every talk over it counts.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from statistics import fmean
from typing import Any, Literal

from sqlalchemy import String, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.errors import Refused
from cti.reports.reach import STEPS, Lost, Sums
from cti.storage.queue_figures import Queues
from cti.storage.report_limits import beside
from cti.storage.tables import VAIN

MOST = 400_000  # calls in vain of one period: three months of ten million calls a year
PIECE = 20_000  # reach times sorted at once
By = Literal["queue", "owner"]
_NAMES: Mapping[By, str] = {"queue": "t.queue", "owner": "COALESCE(u.name, '')"}
_FROM: Mapping[By, str] = {
    "queue": "tried t",
    "owner": "tried t LEFT JOIN clients c ON c.id = t.client_id LEFT JOIN users u ON u.id = c.responsible_id",
}

_OWNER = (  # whose a number is, where it is one client's alone
    "SELECT CASE WHEN MIN(p.client_id) = MAX(p.client_id) THEN MIN(p.client_id) END FROM client_phones p"
    " WHERE p.e164 = c.number AND NOT p.shared"
)
_TALK = "SELECT MIN(t.answered_at) FROM calls t WHERE t.answered_at IS NOT NULL AND t.answered_at >= {at}"
_BY_CLIENT = _TALK.format(at="v.began") + " AND t.client_id IS NOT NULL AND t.client_id = v.client_id"
_BY_NUMBER = _TALK.format(at="v.began") + " AND t.number = v.number AND t.client_id IS {not_}NULL"
_BY_HIS_NUMBER = _TALK.format(at="v.began") + " AND t.number = p.e164 AND t.client_id IS NULL"
_BY_NUMBER_ALONE = " UNION ALL ".join(f"SELECT ({_BY_NUMBER.format(not_=one)}) AS talk" for one in ("", "NOT "))
_STEP = " ".join(f"WHEN after_s >= {begins} THEN {place}" for place, begins in reversed(list(enumerate(STEPS))))


def _tried(queues: Queues) -> str:
    """`tried`: every call in vain of the period, with its end and reach time, as reports/reach.py has them."""
    own = "AND c.queue IN :queues" if queues is not None else ""
    return (
        "WITH vain AS MATERIALIZED (SELECT c.id, c.started_at AS began, COALESCE(c.queue, '') AS queue, c.number,"  # noqa: S608 - our own words
        f" COALESCE(c.client_id, ({_OWNER})) AS client_id FROM calls c"
        f" WHERE {VAIN} AND c.started_at >= :since AND c.started_at < :until {own}"
        " ORDER BY 5, 4),"  # one client after another: their talks lie side by side
        " talked AS MATERIALIZED (SELECT id, began, queue, client_id,"
        " CASE WHEN client_id IS NULL THEN number END AS number, CASE WHEN client_id IS NOT NULL THEN"
        f" (SELECT MIN(talk) FROM (SELECT ({_BY_CLIENT}) AS talk UNION ALL"
        f" SELECT ({_BY_HIS_NUMBER}) AS talk FROM client_phones p WHERE p.client_id = v.client_id) his)"
        f" ELSE (SELECT MIN(talk) FROM ({_BY_NUMBER_ALONE}) its) END AS reached_at FROM vain v),"
        " numbered AS MATERIALIZED (SELECT talked.*, ROW_NUMBER() OVER (PARTITION BY client_id, number, reached_at"
        " ORDER BY began, id) AS place FROM talked),"
        " ended AS (SELECT id, began, queue, client_id, reached_at, CASE"
        " WHEN client_id IS NULL AND number IS NULL THEN 'hidden'"
        " WHEN place > 1 AND (reached_at IS NULL OR reached_at > began) THEN 'again'"
        " WHEN reached_at IS NULL THEN 'open' ELSE 'reached' END AS how FROM numbered),"
        " timed AS (SELECT id, began, queue, client_id, how,"
        " CASE WHEN how = 'reached' THEN reached_at - began END AS after_s FROM ended),"
        f" tried AS (SELECT id, began, queue, client_id, how, after_s, CASE {_STEP} END AS step FROM timed)"
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """What the calls in vain of a queue, or of the clients of a manager, add up to; name "": of none."""

    name: str
    sums: Sums


async def groups(
    conn: AsyncConnection, since: int, until: int, queues: Queues, by: By, within_s: int
) -> tuple[list[Group], Sums]:
    """By queue or by owner, in the order of names, who has none last; and the whole. Raises Refused: too many."""
    await _bounded(conn, since, until, queues)
    found = await _asked(
        conn,
        f"{_tried(queues)}, named AS MATERIALIZED (SELECT {_NAMES[by]} AS name, how, step, after_s FROM {_FROM[by]})"  # noqa: S608 - our own words
        " SELECT name, how, step, COUNT(*) AS n, SUM(CASE WHEN after_s <= :within THEN 1 ELSE 0 END) AS in_time,"
        " NULL AS after_s FROM named GROUP BY name, how, step"
        " UNION ALL SELECT name, NULL, NULL, 0, 0, after_s FROM named WHERE how = 'reached'",
        since, until, queues, within=within_s,
    )  # fmt: skip
    return await asyncio.to_thread(_grouped, found)


def _grouped(rows: Sequence[Any]) -> tuple[list[Group], Sums]:
    """rows: counts by name, end and step, and the reach times one by one."""
    counts: dict[str, list[Any]] = {}
    times: dict[str, list[float]] = {}
    for row in rows:
        name, how, _, _, _, after_s = row
        if how is None:
            times.setdefault(name, []).append(after_s)
        else:
            counts.setdefault(name, []).append(row)
    names = sorted(counts, key=lambda name: (not name, name.casefold()))
    found = [Group(name=name, sums=_added(counts[name], [times.get(name, [])])) for name in names]
    return found, _added([row for own in counts.values() for row in own], list(times.values()))


def _median(lists: Sequence[list[float]]) -> float | None:
    """Of all their values, sorted by pieces: one long sort would let no other thread have its turn."""
    pieces = [sorted(one[at : at + PIECE]) for one in lists for at in range(0, len(one), PIECE)]
    many = sum(map(len, pieces))
    middle = list(islice(heapq.merge(*pieces), (many - 1) // 2, many // 2 + 1)) if many else []
    return fmean(middle) if middle else None


async def in_vain(conn: AsyncConnection, since: int, until: int, queues: Queues) -> int:
    """How many calls in vain there are, whoever called."""
    own = "AND c.queue IN :queues" if queues is not None else ""
    counted = (
        f"SELECT COUNT(*) AS n FROM calls c WHERE {VAIN} AND c.started_at >= :since AND c.started_at < :until {own}"  # noqa: S608 - our own words
    )
    [row] = await _asked(conn, counted, since, until, queues)
    return int(row.n)


async def behind(
    conn: AsyncConnection,
    kind: str,
    since: int,
    until: int,
    queues: Queues,
    *,
    by: By,
    row: str | None,
    step: int | None,
    within_s: int,
    start: int,
    limit: int,
) -> tuple[list[Lost], int]:
    """Those behind a number, the newest first, from `start` on; and how many there are. row: of whom; None: of all.

    Raises Refused: too many.
    """
    await _bounded(conn, since, until, queues)
    wanted = {"calls": "1 = 1", "clients": "how <> 'again'", "in-time": "after_s <= :within"}.get(kind, "how = :how")
    wanted += f" AND {_NAMES[by]} = :row" if row is not None else ""
    wanted += " AND step = :step" if step is not None else ""
    given: dict[str, object] = {"start": start, "limit": limit}
    given |= {"within": within_s} if ":within" in wanted else {}
    given |= {"how": kind} if ":how" in wanted else {}
    given |= {"row": row} if row is not None else {}
    given |= {"step": step} if step is not None else {}
    rows = await _asked(
        conn,
        f"{_tried(queues)}, chosen AS MATERIALIZED (SELECT t.* FROM {_FROM[by if row is not None else 'queue']}"  # noqa: S608 - our own words
        f" WHERE {wanted}) SELECT one.*, COALESCE(u.name, '') AS owner, counted.total"
        " FROM (SELECT COUNT(*) AS total FROM chosen) counted"
        " LEFT JOIN (SELECT * FROM chosen ORDER BY began DESC, id DESC LIMIT :limit OFFSET :start) one ON 1 = 1"
        " LEFT JOIN clients c ON c.id = one.client_id LEFT JOIN users u ON u.id = c.responsible_id"
        " ORDER BY one.began DESC, one.id DESC",
        since, until, queues, **given,
    )  # fmt: skip
    return [_lost(one) for one in rows if one.id is not None], int(rows[0].total)


async def _bounded(conn: AsyncConnection, since: int, until: int, queues: Queues) -> None:
    if await in_vain(conn, since, until, queues) > MOST:
        raise Refused("too-much-to-count", f"There are more than {MOST} rows.")


async def _asked(
    conn: AsyncConnection, statement: str, since: int, until: int, queues: Queues, **given: object
) -> Sequence[Any]:
    asked, given = text(statement), {"since": since, "until": until, **given}
    if queues is not None:
        asked, given["queues"] = asked.bindparams(bindparam("queues", type_=String, expanding=True)), list(queues)
    return await beside(await conn.execute(asked, given))


def _lost(row: Any) -> Lost:
    return Lost(
        call=row.id,
        at=row.began,
        queue=row.queue,
        owner=row.owner,
        hidden=row.how == "hidden",
        after_s=row.after_s,
        again=row.how == "again",
    )


def _added(rows: Sequence[Any], times: Sequence[list[float]]) -> Sums:
    """Counts as one; times: all reach times of them."""

    def ended(how: str) -> int:
        return sum(int(row.n) for row in rows if row.how == how)

    done = [row for row in rows if row.how == "reached"]
    return Sums(
        clients=sum(int(row.n) for row in rows) - ended("again"),
        reached=ended("reached"),
        open=ended("open"),
        hidden=ended("hidden"),
        again=ended("again"),
        in_time=sum(int(row.in_time) for row in done),
        median_s=_median(times),
        steps=tuple(sum(int(row.n) for row in done if row.step == place) for place in range(len(STEPS))),
    )
