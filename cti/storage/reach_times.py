"""When somebody talked with a client who had called in vain: one row of reach_times for every call in vain.

What a call in vain is, storage/missed.py says; who talked with him, reach_figures.py. Triggers mark in the transaction
of a change what it concerns (migrations/versions/0075_reach_times.py). A change concerns nothing that came before the
talk before it and nothing that came after the next call in vain: that much is worked out anew, from the journal alone.
"""

from __future__ import annotations

from sqlalchemy import bindparam, delete, func, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.storage.rollup_tables import reach_marks, reach_times
from cti.storage.tables import VAIN

AT_ONCE = 100  # marks
DAY = 1440  # minutes
_MARK = reach_marks.c

_OWNER = (  # whose a number is, where it is one client's alone
    "SELECT CASE WHEN MIN(o.client_id) = MAX(o.client_id) THEN MIN(o.client_id) END FROM client_phones o"
    " WHERE o.e164 = {number} AND NOT o.shared"
)
_TALK = "SELECT MIN(t.answered_at) FROM calls t WHERE t.answered_at IS NOT NULL AND t.answered_at >= v.{since}"
_REACHED = (
    f"CASE WHEN v.client_id IS NOT NULL THEN (SELECT MIN(talk) FROM (SELECT ({_TALK} AND t.client_id IS NOT NULL"  # noqa: S608 - our own words
    f" AND t.client_id = v.client_id) AS talk UNION ALL SELECT ({_TALK} AND t.number = p.e164 AND t.client_id IS NULL)"
    " AS talk FROM client_phones p WHERE p.client_id = v.client_id) his) ELSE (SELECT MIN(talk) FROM"
    f" (SELECT ({_TALK} AND t.number = v.number AND t.client_id IS NULL) AS talk"
    f" UNION ALL SELECT ({_TALK} AND t.number = v.number AND t.client_id IS NOT NULL) AS talk) its) END"
)
_LATEST = (  # call in vain before another
    f"SELECT c.started_at FROM calls c WHERE {VAIN} AND c.started_at <= v.at AND (c.started_at < v.at OR c.id < v.id)"  # noqa: S608 - our own words
    " AND {of} ORDER BY c.started_at DESC LIMIT 1"
)
_BEFORE = (
    f"CASE WHEN v.client_id IS NOT NULL THEN (SELECT MAX(latest) FROM"  # noqa: S608 - our own words
    f" (SELECT ({_LATEST.format(of='c.client_id = v.client_id')}) AS latest"
    f" UNION ALL SELECT ({_LATEST.format(of='c.number = p.e164 AND +c.client_id IS NULL')}) AS latest"
    f" FROM client_phones p WHERE p.client_id = v.client_id AND ({_OWNER.format(number='p.e164')}) = v.client_id) his)"
    f" ELSE ({_LATEST.format(of='c.number = v.number AND +c.client_id IS NULL')}) END"
)
_NEXT = (
    f"SELECT c.started_at FROM calls c WHERE {VAIN} AND c.started_at > l.at AND {{of}} ORDER BY c.started_at LIMIT 1"  # noqa: S608 - our own words
)
_SINCE = (  # the talk before a mark
    "CASE {mark}.kind WHEN 'vain' THEN {mark}.at WHEN 'talk' THEN COALESCE((SELECT MAX(t.answered_at) FROM calls t"
    " WHERE t.answered_at IS NOT NULL AND t.answered_at < {mark}.at AND {of}), 0) ELSE 0 END AS since"
)
_HIS = "t.client_id IS NOT NULL AND t.client_id = w.client_id"


def _concerned(of: str, line: str) -> str:
    """Calls in vain of a client or of a number that a mark concerns."""
    until = f"CASE l.kind WHEN 'all' THEN 1e12 ELSE COALESCE(({_NEXT.format(of=of)}), l.at) END"
    return (
        f"SELECT c.id FROM (SELECT l.*, {until} AS until FROM {line} l) l CROSS JOIN calls c"  # noqa: S608 - our own words
        f" WHERE {VAIN} AND {of} AND c.started_at >= l.since AND c.started_at <= l.until"
    )


_MAKE = (
    "INSERT INTO reach_times (at, call_id, queue, client_id, hidden, reached_at, bin, before_at)"  # noqa: S608 - our own words
    " WITH marks AS MATERIALIZED (SELECT * FROM reach_marks WHERE id IN :ids),"
    " whom AS MATERIALIZED (SELECT kind, at, client_id FROM marks WHERE client_id IS NOT NULL"
    " UNION SELECT s.kind, s.at, p.client_id FROM marks s CROSS JOIN client_phones p WHERE p.e164 = s.number),"
    f" theirs AS MATERIALIZED (SELECT w.*, {_SINCE.format(mark='w', of=_HIS)} FROM whom w),"
    " numbers AS MATERIALIZED (SELECT l.kind, l.at, l.since, p.e164 AS number FROM theirs l CROSS JOIN client_phones p"
    " WHERE p.client_id = l.client_id UNION"
    f" SELECT s.kind, s.at, {_SINCE.format(mark='s', of='t.number = s.number AND t.client_id IS NULL')}, s.number"
    " FROM marks s WHERE s.number IS NOT NULL),"
    f" chosen AS MATERIALIZED ({_concerned('c.client_id = l.client_id', 'theirs')}"
    f" UNION {_concerned('c.number = l.number AND +c.client_id IS NULL', 'numbers')}"
    " UNION SELECT call_id FROM marks WHERE call_id IS NOT NULL),"
    " vain AS MATERIALIZED (SELECT c.id, c.started_at AS at, COALESCE(c.queue, '') AS queue, c.number,"
    f" COALESCE(c.client_id, ({_OWNER.format(number='c.number')})) AS client_id"
    f" FROM chosen CROSS JOIN calls c WHERE c.id = chosen.id AND {VAIN}),"
    f" talked AS MATERIALIZED (SELECT v.*, {_REACHED.format(since='at')} AS reached_at, {_BEFORE} AS before_at"
    " FROM vain v)"
    " SELECT v.at, v.id, v.queue, v.client_id, v.client_id IS NULL AND v.number IS NULL, v.reached_at,"
    " CASE WHEN v.reached_at - v.at < 86400 THEN {minutes} ELSE 1416 + {hours} END,"
    " CASE WHEN v.before_at IS NOT NULL AND (v.reached_at IS NULL OR v.reached_at > v.at)"
    f" AND COALESCE(({_REACHED.format(since='before_at')}), -1) = COALESCE(v.reached_at, -1) THEN v.before_at END"
    " FROM talked v WHERE 1 = 1 ORDER BY 1, 2 ON CONFLICT (at, call_id) DO UPDATE SET queue = excluded.queue,"
    " client_id = excluded.client_id, hidden = excluded.hidden, reached_at = excluded.reached_at,"
    " bin = excluded.bin, before_at = excluded.before_at"
)
_WHOLE = {"sqlite": "CAST({0} AS INTEGER)", "postgresql": "CAST(FLOOR({0}) AS INTEGER)"}
_MADE = {
    name: text(
        _MAKE.replace("{minutes}", whole.format("(v.reached_at - v.at) / 60"))
        .replace("{hours}", whole.format("(v.reached_at - v.at) / 3600"))
    ).bindparams(bindparam("ids", expanding=True))
    for name, whole in _WHOLE.items()
}  # fmt: skip


def bin_of(after_s: float) -> int:
    """The step in which a reach time is kept: whole minutes, after a day whole hours beyond them."""
    return int(after_s // 60) if after_s < 60 * DAY else DAY - 24 + int(after_s // 3600)


async def waits(conn: AsyncConnection) -> bool:
    """Whether there are marks."""
    return (await conn.execute(select(_MARK.id).limit(1))).first() is not None


async def left(conn: AsyncConnection) -> int:
    """How many marks there are."""
    return (await conn.execute(select(func.count()).select_from(reach_marks))).scalar_one()


async def fold(conn: AsyncConnection) -> bool:
    """Work out anew what the newest marks concern; whether there were as many as go at once."""
    ids = list((await conn.execute(select(_MARK.id).order_by(_MARK.id.desc()).limit(AT_ONCE))).scalars())
    if not ids:
        return False
    theirs = select(_MARK.at, _MARK.call_id).where(_MARK.id.in_(ids), _MARK.call_id.is_not(None))
    await conn.execute(delete(reach_times).where(tuple_(reach_times.c.at, reach_times.c.call_id).in_(theirs)))
    await conn.execute(_MADE[conn.dialect.name], {"ids": ids})
    await conn.execute(delete(reach_marks).where(_MARK.id.in_(ids)))
    return len(ids) == AT_ONCE
