"""The figures of the journal reckoned the long way: every row read, every quarter cut out by itself."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

DAY_MS, WEEK_MS, QUARTER_MS, IDLE_MS = 86_400_000, 7 * 86_400_000, 900_000, 8 * 3_600_000
BEGINS = (0, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300)
EXITS = ("diverted", "timeout", "leaveempty", "joinempty", "full", "other")


async def of_queues(conn: AsyncConnection) -> dict[tuple[int, str], dict[str, int]]:
    """By quarter and queue; what is 0 is left out."""
    found: dict[tuple[int, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    set_ = (await conn.execute(text("SELECT * FROM queue_thresholds ORDER BY since"))).all()
    calls = {row.id: row for row in await conn.execute(text("SELECT * FROM calls"))}
    stays = (await conn.execute(text("SELECT * FROM call_waits ORDER BY call_id, place"))).all()
    for stay in stays:
        at = int(stay.joined_at // 900) * 900
        own = found[at, stay.queue]
        within, short = 20, 5
        for row in (*(one for one in set_ if one.queue == ""), *(one for one in set_ if one.queue == stay.queue)):
            if row.since <= at and row.answer_within_s is not None:
                within, short = row.answer_within_s, row.short_s
        own["entered"] += 1
        call = calls[stay.call_id]
        over = call.outcome is not None or call.ended_at is not None
        own[stay.how or ("unseen" if over else "waiting")] += 1
        wait = None if stay.left_at is None or stay.left_at < stay.joined_at else stay.left_at - stay.joined_at
        if wait is not None:
            own["longest_ms"] = max(own["longest_ms"], round_ms(wait))
        if stay.how not in ("answered", "abandoned"):
            continue
        if wait is None:
            own[f"{stay.how}_untimed"] += 1
            continue
        kind = "" if stay.how == "answered" else "abandoned_"
        own["wait_ms" if not kind else "abandoned_ms"] += round_ms(wait)
        own[f"{kind}in_t"] += wait <= within
        own["short"] += bool(kind) and wait <= short
        own[f"{kind}waits_{max(step for step in BEGINS if step <= wait)}"] += 1
    await _handled(conn, found, stays, calls)
    return {key: {name: n for name, n in own.items() if n} for key, own in found.items()}


async def of_numbers(conn: AsyncConnection) -> dict[tuple[int, str, str], dict[str, int]]:
    """By quarter, queue and number that was called: what its service level is reckoned of."""
    found: dict[tuple[int, str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    set_ = (await conn.execute(text("SELECT * FROM queue_thresholds ORDER BY since"))).all()
    asked = text("SELECT w.*, c.called FROM call_waits w JOIN calls c ON c.id = w.call_id WHERE direction = 'inbound'")
    for stay in await conn.execute(asked):
        if stay.left_at is None or stay.left_at < stay.joined_at or stay.how not in ("answered", "abandoned"):
            continue
        at, wait, within, short = int(stay.joined_at // 900) * 900, stay.left_at - stay.joined_at, 20, 5
        for row in (*(one for one in set_ if one.queue == ""), *(one for one in set_ if one.queue == stay.queue)):
            if row.since <= at and row.answer_within_s is not None:
                within, short = row.answer_within_s, row.short_s
        own = found[at, stay.queue, stay.called or ""]
        own[stay.how] += 1
        own["in_t"] += stay.how == "answered" and wait <= within
        own["short"] += stay.how == "abandoned" and wait <= short
    return {key: {name: n for name, n in own.items() if n} for key, own in found.items()}


async def of_called(
    conn: AsyncConnection, since: int, until: int, queues: list[str] | None
) -> dict[str, dict[str, int]]:
    """Incoming calls by number and kind, "calls" among the kinds; what is 0 is left out."""
    found: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in await conn.execute(text("SELECT * FROM calls WHERE direction = 'inbound'")):
        if since <= row.started_at < until and (queues is None or row.queue in queues):
            for kind in ("calls", _kind(row)):
                found[row.called or ""][kind] += 1
    return {number: dict(own) for number, own in found.items()}


async def of_days(conn: AsyncConnection) -> dict[tuple[int, str, str, str], int]:
    """Incoming calls by day of UTC, queue, number and kind."""
    found: dict[tuple[int, str, str, str], int] = defaultdict(int)
    for row in await conn.execute(text("SELECT * FROM calls WHERE direction = 'inbound'")):
        found[int(row.started_at // 86_400) * 86_400, row.queue or "", row.called or "", _kind(row)] += 1
    return dict(found)


def _kind(row: Any) -> str:
    if row.answered_at is not None:
        return "answered"
    if row.outcome is not None:
        return "abandoned" if row.outcome == "abandoned" else "others"
    return "open" if row.ended_at is None else "unseen"


async def _handled(conn: AsyncConnection, found: Any, stays: Any, calls: Any) -> None:
    """Talks, holds and work after calls, to the stay that each belongs to."""
    legs = (await conn.execute(text("SELECT * FROM legs"))).all()
    lines = await _lines(conn)
    for call_id in {stay.call_id for stay in stays}:
        answered = [stay for stay in stays if stay.call_id == call_id and stay.how == "answered"]
        if not answered:
            continue
        for leg in legs:
            called = leg.rang_at is not None or leg.user_id is not None
            own = leg.device is not None and leg.device == calls[call_id].caller_device
            if leg.call_id == call_id and leg.answered_at is not None and leg.talk_s is not None and called and not own:
                stay = ([one for one in answered if one.joined_at <= leg.answered_at] or answered[:1])[-1]
                sums = found[int(stay.joined_at // 900) * 900, stay.queue]
                sums["talk_ms"] += round_ms(leg.talk_s)
                sums["hold_ms"] += round_ms(leg.hold_s or 0.0)
        for mine in lines.values():
            for line, following in pairwise(mine):
                if line["call_id"] == call_id and line["state"] == "after-call":
                    same = [s for s in answered if s.queue == line["queue"] and s.joined_at <= line["at"]]
                    before = [s for s in answered if s.joined_at <= line["at"]]
                    stay = (same or before or answered[:1])[-1]
                    sums = found[int(stay.joined_at // 900) * 900, stay.queue]
                    sums["wrap_ms"] += round_ms(following["at"] - line["at"])


async def of_agents(conn: AsyncConnection, now: float) -> dict[tuple[int, int], dict[str, int]]:
    """By quarter and person; pauses by `pause:REASON`; what is 0 is left out."""
    found: dict[tuple[int, int], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    lines = await _lines(conn)
    asked = text(
        "SELECT l.*, c.direction, c.outcome AS said, c.ended_at AS over FROM legs l JOIN calls c ON c.id = l.call_id"
        " WHERE l.user_id IS NOT NULL"
    )
    spans: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for leg in await conn.execute(asked):
        picked_up = leg.ended_at if leg.answered_at is None else leg.answered_at
        if leg.rang_at is not None and picked_up is not None and picked_up > leg.rang_at:
            at = leg.rang_at if leg.answered_at is None else leg.answered_at
            found[_quarter(round_ms(at)), leg.user_id]["ring_ms"] += round_ms(min(picked_up - leg.rang_at, 86_400))
        if leg.answered_at is None:
            if leg.result == "no-answer" and leg.rang_at is not None:
                found[_quarter(round_ms(leg.rang_at)), leg.user_id]["missed"] += 1
            continue
        goes_on = leg.said is None and leg.over is None
        end = leg.ended_at or (now if goes_on else leg.over or leg.answered_at + (leg.talk_s or 0) + (leg.hold_s or 0))
        begun = round_ms(leg.answered_at)
        ended = min(max(begun, round_ms(end)), begun + DAY_MS)
        spans[leg.user_id].append((begun, ended))
        kind = "placed" if leg.direction == "outbound" else "answered"
        found[_quarter(begun), leg.user_id][kind] += 1
        found[_quarter(begun), leg.user_id]["transferred"] += leg.result == "transferred"
        talk = ended - begun
        if leg.talk_s is not None and not (goes_on and leg.ended_at is None):
            talk = min(talk, round_ms(leg.talk_s))
        hold = min(ended - begun - talk, round_ms(leg.hold_s or 0.0))
        for name, length in (("talk_ms", talk), ("hold_ms", hold), ("dial_ms", ended - begun - talk - hold)):
            _spread(found, leg.user_id, name, begun, ended, length)
    for user_id, mine in lines.items():
        _idle(found, user_id, mine, spans[user_id], round_ms(now))
    for user_id in lines.keys() | spans.keys():
        _sessions(found, user_id, lines.get(user_id, []), spans[user_id], round_ms(now))
    return {key: {name: n for name, n in own.items() if n} for key, own in found.items() if any(own.values())}


def _idle(found: Any, user_id: int, lines: Any, busy: list[tuple[int, int]], now: int) -> None:
    """Between any two moments at which something changes nothing changes: each such piece is looked at by itself."""
    changes = {at for line in lines for at in (round_ms(line["at"]), round_ms(line["at"]) + WEEK_MS)}
    cuts = sorted(changes | {at for span in busy for at in span} | {now})
    pieces: list[tuple[int, int, int | None]] = []
    for begun, ended in pairwise(cuts):
        place = max((n for n, line in enumerate(lines) if round_ms(line["at"]) <= begun), default=None)
        if ended > now or any(from_ <= begun and ended <= to for from_, to in busy):
            place = None
        if place is not None and begun >= round_ms(lines[place]["at"]) + WEEK_MS:
            place = None  # nobody is ready for a week: he forgot to sign out
        if pieces and place is not None and pieces[-1][2] == place:
            pieces[-1] = (pieces[-1][0], ended, place)
        else:
            pieces.append((begun, ended, place))
    names = {"ready": "ready_ms", "not-ready": "pause_ms", "after-call": "wrap_ms"}
    for begun, ended, place in pieces:
        if place is None or lines[place]["state"] not in names:
            continue
        name = "ignored_ms" if ended - begun > IDLE_MS else names[lines[place]["state"]]
        _spread(found, user_id, name, begun, ended, ended - begun)
        if name == "pause_ms":
            _spread(found, user_id, f"pause:{lines[place]['reason']}", begun, ended, ended - begun)


def _sessions(found: Any, user_id: int, lines: Any, busy: list[tuple[int, int]], now: int) -> None:
    """In each piece between two moments at which something changes: was he logged in, and how many calls had he?"""
    on = ("ready", "not-ready", "after-call")
    for place, line in enumerate(lines):
        before = lines[place - 1] if place else None
        goes_on = before is not None and before["state"] in on and line["at"] - before["at"] < 7 * 86_400
        found[_quarter(round_ms(line["at"])), user_id]["sessions"] += line["state"] in on and not goes_on
    changes = {at for line in lines for at in (round_ms(line["at"]), round_ms(line["at"]) + WEEK_MS)}
    for begun, ended in pairwise(sorted(changes | {at for span in busy for at in span} | {now})):
        last = [line for line in lines if round_ms(line["at"]) <= begun < now]
        is_in = bool(last) and last[-1]["state"] in on and begun < round_ms(last[-1]["at"]) + WEEK_MS
        calls = sum(from_ <= begun and ended <= to for from_, to in busy)
        if is_in:
            _spread(found, user_id, "session_ms", begun, ended, ended - begun)
        elif calls:
            _spread(found, user_id, "outside_ms", begun, ended, ended - begun)
        if calls > 1:
            _spread(found, user_id, "twice_ms", begun, ended, (ended - begun) * (calls - 1))


def _spread(found: Any, user_id: int, name: str, begun: int, ended: int, length: int) -> None:
    before, at = 0, _quarter(begun)
    while length and at * 1000 < ended:
        upto = length * (min(at * 1000 + QUARTER_MS, ended) - begun) // (ended - begun)
        found[at, user_id][name] += upto - before
        before, at = upto, at + 900


async def of_talks(
    conn: AsyncConnection, since: int, until: int
) -> tuple[dict[int, tuple[int, int]], int, dict[tuple[str, int], int], dict[tuple[str, str], int]]:
    """By person: conversations with an outcome of his and without one; how many calls rang; outcomes by name and
    person, and by name and queue of the call."""
    queues = {row.id: row.queue or "" for row in await conn.execute(text("SELECT * FROM calls"))}
    told = {(row.call_id, row.user_id): row for row in await conn.execute(text("SELECT * FROM call_dispositions"))}
    talks: dict[int, tuple[int, int]] = {}
    rang = 0
    for leg in await conn.execute(text("SELECT * FROM legs WHERE user_id IS NOT NULL")):
        at = leg.rang_at if leg.answered_at is None else leg.answered_at
        if at is None or not since * 1000 <= round_ms(at) < until * 1000:
            continue
        ends = leg.ended_at if leg.answered_at is None else leg.answered_at
        rang += None not in (ends, leg.rang_at) and ends > leg.rang_at
        if leg.answered_at is not None:
            with_, without = talks.get(leg.user_id, (0, 0))
            is_told = (leg.call_id, leg.user_id) in told
            talks[leg.user_id] = with_ + is_told, without + (not is_told)
    by_person: dict[tuple[str, int], int] = defaultdict(int)
    by_queue: dict[tuple[str, str], int] = defaultdict(int)
    for row in told.values():
        if row.user_id is not None and since <= row.at < until:
            by_person[row.name, row.user_id] += 1
            by_queue[row.name, queues.get(row.call_id, "")] += 1
    return talks, rang, dict(by_person), dict(by_queue)


async def _lines(conn: AsyncConnection) -> dict[int, list[dict[str, Any]]]:
    """The lines of each person as they really were."""
    said = {row.state_id: row for row in await conn.execute(text("SELECT * FROM agent_state_corrections ORDER BY id"))}
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in await conn.execute(text("SELECT * FROM agent_states ORDER BY user_id, at, id")):
        real = said.get(row.id, row)
        found[row.user_id].append({**row._mapping, "state": real.state, "reason": real.reason})
    return found


def round_ms(seconds: float) -> int:
    return int(seconds * 1000 + 0.5)


def _quarter(at_ms: int) -> int:
    return at_ms // QUARTER_MS * 900
