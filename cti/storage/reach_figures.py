"""Clients who called in vain in a period, with their reach times: added up and listed by the database itself.

What a lost call is, storage/missed.py says; how tries and talks of one client go together, reports/reach.py. A client's
calls in vain with the same first talk after them are one try, and its first call in the period stands for it. Who
talked: a call with a client is a talk with that client, one without is a talk with whoever has its number; a number
that is nobody's, or several clients', is a client of its own, and every talk over it counts. Talks are found when they
happen (reach_times.py): whoever asks folds first.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import String, bindparam, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.errors import Refused
from cti.reports.medians import Middle, middle
from cti.reports.reach import STEPS, Lost, Sums
from cti.storage.queue_figures import Queues
from cti.storage.reach_times import bin_of
from cti.storage.report_limits import beside, in_time
from cti.storage.tables import VAIN, users

MOST = 2_000_000  # calls in vain of one period: more than a year of ten million calls has
By = Literal["queue", "owner"]
_WHOSE: Mapping[By, str] = {"queue": "t.queue", "owner": "COALESCE(c.responsible_id, 0)"}
_NAMES: Mapping[By, str] = {"queue": "t.queue", "owner": "COALESCE(u.name, '')"}
_CLIENT = "tried t LEFT JOIN clients c ON c.id = t.client_id"
_FROM: Mapping[By, str] = {"queue": "tried t", "owner": f"{_CLIENT} LEFT JOIN users u ON u.id = c.responsible_id"}
HIDDEN, AGAIN, OPEN, REACHED = -3, -2, -1, 0  # what became of a call in vain
_EDGES = (*map(bin_of, STEPS), 2**31 - 1)  # where each step of the histogram begins
_MANAGERS = select(users.c.id, users.c.name)
_OLDER = (  # a call in vain of the same try, in the period and in these queues; + keeps SQLite off the wrong index
    "SELECT 1 FROM reach_times p WHERE p.queue IN :queues AND +p.at >= :since"
    " AND (+p.at < t.at OR (p.at = t.at AND p.call_id < t.call_id))"
    " AND COALESCE(p.reached_at, -1) = COALESCE(t.reached_at, -1) AND"
)
_OF_CLIENT = f"t.client_id IS NOT NULL AND EXISTS ({_OLDER} p.client_id = t.client_id)"
_OF_NUMBER = (
    "t.client_id IS NULL AND EXISTS (SELECT 1 FROM calls one CROSS JOIN calls two WHERE one.id = t.call_id"  # noqa: S608 - our own words
    " AND two.number = one.number AND +two.client_id IS NULL AND two.started_at >= :since AND two.started_at <= t.at"
    f" AND EXISTS ({_OLDER} p.at = two.started_at AND p.call_id = two.id))"
)


def _tried(queues: Queues) -> str:
    """`tried`: every call in vain of the period, with its end and reach time, as reports/reach.py has them."""
    again, own, how = "t.before_at >= :since", "", ""
    if queues is not None:
        again, own, how = f"{again} AND (({_OF_CLIENT}) OR ({_OF_NUMBER}))", "AND t.queue IN :queues", "MATERIALIZED"
    return (
        f"WITH ended AS {how} (SELECT t.call_id AS id, t.at AS began, t.queue, t.client_id,"  # noqa: S608 - our own words
        " t.reached_at - t.at AS after_s,"
        f" CASE WHEN t.hidden THEN {HIDDEN} WHEN {again} THEN {AGAIN} WHEN t.reached_at IS NULL THEN {OPEN}"
        f" ELSE {REACHED} END AS fate, t.bin FROM reach_times t WHERE t.at >= :since AND t.at < :until {own}),"
        " tried AS (SELECT id, began, queue, client_id, fate, bin,"
        f" CASE WHEN fate = {REACHED} THEN after_s END AS after_s FROM ended)"
    )


_KINDS = {
    "calls": "1 = 1", "clients": f"fate <> {AGAIN}", "reached": f"fate = {REACHED}", "in-time": "after_s <= :within",
    "open": f"fate = {OPEN}", "hidden": f"fate = {HIDDEN}", "again": f"fate = {AGAIN}",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """What the calls in vain of a queue, or of the clients of a manager, add up to; name "": of none."""

    name: str
    sums: Sums


async def groups(
    conn: AsyncConnection, since: int, until: int, queues: Queues, by: By, within_s: int
) -> tuple[list[Group], Sums]:
    """By queue or by owner, in the order of names, who has none last; and the whole. Raises Refused: too many."""
    asked = (
        f"{_tried(queues)}, whole AS (SELECT {_WHOSE[by]} AS whose, fate, bin, after_s"  # noqa: S608 - our own words
        f" FROM {_CLIENT if by == 'owner' else 'tried t'}) SELECT whose, "
    )
    counted = (
        f"CASE WHEN fate = {REACHED} THEN bin ELSE fate END AS bin, COUNT(*) AS n,"
        " SUM(CASE WHEN after_s <= :within THEN 1 ELSE 0 END) AS in_time FROM whole GROUP BY 1, 2"
    )
    async with in_time(conn):
        rows = await _asked(conn, asked + counted, since, until, queues, within=within_s)
    if sum(row.n for row in rows) > MOST:
        raise Refused("too-much-to-count", f"There are more than {MOST} rows.")
    named = {row.id: row.name for row in await conn.execute(_MANAGERS)} if by == "owner" else {}
    parts = await asyncio.to_thread(_parted, rows, named)
    middles = {name: middle(part.bins) for name, part in parts.items()}
    near: Sequence[Any] = []
    if middles[None].bins:
        pairs = [(one, bin_) for name, part in parts.items() for one in part.whose for bin_ in middles[name].bins]
        bins = sorted({bin_ for one in middles.values() for bin_ in one.bins})
        found = (  # by bins alone first: few are left then
            f"bin, after_s FROM whole WHERE fate = {REACHED} AND bin IN :bins"
            " AND ((whose, bin) IN :pairs OR bin IN :middle)"
        )
        given = {"bins": bins, "pairs": pairs, "middle": list(middles[None].bins)}
        near = await _asked(conn, asked + found, since, until, queues, **given)
    return await asyncio.to_thread(_grouped, parts, middles, near, named)


@dataclass(slots=True)
class _Part:
    """Rows of a name. whose: what has this name, none of the whole."""

    rows: list[Any] = field(default_factory=list)
    whose: set[Any] = field(default_factory=set)
    bins: Counter[int] = field(default_factory=Counter)


def _parted(rows: Sequence[Any], named: Mapping[Any, str]) -> dict[str | None, _Part]:
    """By name, and the whole under None. named: of what is not its own name; "" where there is none."""
    parts: dict[str | None, _Part] = {None: _Part()}
    for row in rows:
        name = _name(row.whose, named)
        part = parts.setdefault(name, _Part())
        part.whose.add(row.whose)
        for one in (part, parts[None]):
            one.rows.append(row)
            if row.bin >= 0:
                one.bins[row.bin] += row.n
    return parts


def _name(whose: Any, named: Mapping[Any, str]) -> str:
    return whose if isinstance(whose, str) else named.get(whose, "")


def _grouped(
    parts: Mapping[str | None, _Part],
    middles: Mapping[str | None, Middle],
    near: Sequence[Any],
    named: Mapping[Any, str],
) -> tuple[list[Group], Sums]:
    """near: reach times of the bins in which the middle ones lie, one by one."""
    times: dict[str | None, list[float]] = {}
    for whose, bin_, after_s in near:
        for name in (_name(whose, named), None):
            if bin_ in middles[name].bins:
                times.setdefault(name, []).append(after_s)
    sums = {name: _added(part.rows, middles[name].median(times.get(name, []))) for name, part in parts.items()}
    names = sorted((name for name in sums if name is not None), key=lambda name: (not name, name.casefold()))
    return [Group(name=name, sums=sums[name]) for name in names], sums[None]


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

    Raises Refused: it takes too long.
    """
    given: dict[str, object] = {"within": within_s} if kind == "in-time" else {}
    given |= {"row": row} if row is not None else {}
    wanted = _KINDS[kind]
    wanted += f" AND {_NAMES[by]} = :row" if row is not None else ""
    if step is not None:
        begins, ends = _EDGES[step : step + 2] if 0 <= step < len(STEPS) else (0, 0)
        given |= {"begins": begins, "ends": ends}
        wanted += f" AND fate = {REACHED} AND bin >= :begins AND bin < :ends"
    chosen = f"FROM {_FROM[by if row is not None else 'queue']} WHERE {wanted}"
    page = (
        f"{_tried(queues)} SELECT one.*, COALESCE(u.name, '') AS owner FROM (SELECT t.* {chosen}"  # noqa: S608 - our own words
        " ORDER BY t.began DESC, t.id DESC LIMIT :limit OFFSET :start) one"
        " LEFT JOIN clients c ON c.id = one.client_id LEFT JOIN users u ON u.id = c.responsible_id"
        " ORDER BY one.began DESC, one.id DESC"
    )
    async with in_time(conn):
        rows = await _asked(conn, page, since, until, queues, **given, start=start, limit=limit)
        counted = f"{_tried(queues)} SELECT COUNT(*) AS total {chosen}"
        [all_] = await _asked(conn, counted, since, until, queues, **given)
    return [_lost(one) for one in rows], int(all_.total)


async def _asked(
    conn: AsyncConnection, statement: str, since: int, until: int, queues: Queues, **given: object
) -> Sequence[Any]:
    asked, given = text(statement), {"since": since, "until": until, **given}
    if queues is not None:
        asked, given["queues"] = asked.bindparams(bindparam("queues", type_=String, expanding=True)), list(queues)
    for several in ("bins", "pairs", "middle"):
        asked = asked.bindparams(bindparam(several, expanding=True)) if several in given else asked
    return await beside(await conn.execute(asked, given))


def _lost(row: Any) -> Lost:
    return Lost(
        call=row.id,
        at=row.began,
        queue=row.queue,
        owner=row.owner,
        hidden=row.fate == HIDDEN,
        after_s=row.after_s,
        again=row.fate == AGAIN,
    )


def _added(rows: Sequence[Any], median_s: float | None) -> Sums:
    """Counts as one."""
    fates: Counter[int] = Counter()
    steps: Counter[int] = Counter()
    for row in rows:
        fates[min(row.bin, REACHED)] += row.n
        steps[bisect_right(_EDGES, row.bin) - 1] += row.n
    return Sums(
        clients=fates.total() - fates[AGAIN],
        reached=fates[REACHED],
        open=fates[OPEN],
        hidden=fates[HIDDEN],
        again=fates[AGAIN],
        in_time=sum(int(row.in_time) for row in rows),
        median_s=median_s,
        steps=tuple(steps[place] for place in range(len(STEPS))),
    )
