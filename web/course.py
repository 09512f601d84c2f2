"""The course of a call in words: it came, waited, rang at whom, who talked how long, who hung up. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from cti.storage.corrections import Correction
from cti.storage.journal import CallRow, LegRow
from cti.storage.waits import Stay
from cti.telephony.numbering import show
from web import course_texts as words
from web import texts
from web.i18n import say

Line = tuple[float, str, str]  # when, the kind of mark (ring, talk, miss or ""), what was


def course(row: CallRow, language: str, zone: ZoneInfo) -> list[Line]:
    """What happened in the call, in order."""
    lines: list[Line] = [(row.started_at, "", say(language, words.COURSE["began"], who=_caller(row, language)))]
    for stay in row.waits:
        lines += _stay(stay, language)
    for leg in row.legs:
        lines += _leg(leg, language)
    for transfer in row.transfers:
        at = max((leg.ended_at or 0 for leg in row.legs if leg.leg == transfer.get("by")), default=0)
        kind = str(transfer.get("kind", ""))
        lines.append((at or row.ended_at or row.started_at, "", say(language, words.TRANSFERS.get(kind, kind))))
    lines += [line for one in row.conferences for line in _together(row, one, language)]
    lines += _end(row, language, zone)
    lines += [(one.at, "", _correction(one, language)) for one in row.corrections]
    return sorted(lines, key=lambda line: line[0])


def length(seconds: float, language: str) -> str:
    """`4 min 5 s`."""
    minutes, rest = divmod(round(seconds), 60)
    short = {"m": minutes, "s": rest}
    return say(language, words.LENGTHS["minutes" if minutes else "seconds"], **{k: str(v) for k, v in short.items()})


def _stay(stay: Stay, language: str) -> Iterator[Line]:
    if stay.joined_at:
        yield stay.joined_at, "", say(language, words.COURSE["queued"], queue=stay.queue)
    if stay.left_at and stay.how and stay.how != "answered":
        how = say(language, words.WAITS.get(stay.how, stay.how))
        yield stay.left_at, "miss", say(language, words.COURSE["dequeued"], queue=stay.queue, how=how)


def _leg(leg: LegRow, language: str) -> Iterator[Line]:
    who = leg.user_name or (leg.device or "").rpartition("/")[2]
    if not who:  # a trunk's leg: its story is the call's own
        return
    if leg.rang_at:
        yield leg.rang_at, "ring", say(language, words.COURSE["rang"], who=who)
    if leg.answered_at:
        yield leg.answered_at, "talk", say(language, words.COURSE["answered"], who=who)
    if leg.ended_at and leg.result:
        result = say(language, texts.OUTCOMES.get(leg.result, leg.result))
        line = say(language, words.COURSE["left"], who=who, result=result)
        if leg.talk_s and leg.result == "talked":
            line = say(language, words.COURSE["spoke"], who=who, length=length(leg.talk_s, language))
        elif leg.talk_s:
            line += say(language, words.COURSE["talk"], length=length(leg.talk_s, language))
        if leg.hold_s and leg.hold_s >= 1:
            line += say(language, words.COURSE["hold"], length=length(leg.hold_s, language))
        yield leg.ended_at, "", line


def _together(row: CallRow, one: Mapping[str, Any], language: str) -> Iterator[Line]:
    """Three or more talked with one another. one: began, ended, legs."""
    if one.get("began") is None:
        return
    own = {leg.leg: leg.user_name or (leg.device or "").rpartition("/")[2] for leg in row.legs}
    outside = show(row.number) or row.caller_number or say(language, words.COURSE["hidden"])
    who = ", ".join(dict.fromkeys(own.get(leg) or outside for leg in one.get("legs", ())))
    line = say(language, words.COURSE["together"], who=who)
    if one.get("ended"):
        line += say(language, words.COURSE["for"], length=length(one["ended"] - one["began"], language))
    yield one["began"], "talk", line


def _end(row: CallRow, language: str, zone: ZoneInfo) -> Iterator[Line]:
    if row.unseen_since is not None:
        between = [row.unseen_since, row.unseen_until]
        times = [datetime.fromtimestamp(at, zone).strftime("%H:%M:%S") for at in between if at is not None]
        code = "unseen-between" if len(times) == 2 else "unseen-after"
        told = {"since": times[0], "until": times[-1]}
        yield row.unseen_until or row.unseen_since, "miss", say(language, words.COURSE[code], **told)
    if not row.ended_at:
        return
    outcome = say(language, texts.OUTCOMES.get(row.outcome or "", ""))
    line = say(language, words.COURSE["ended"], outcome=outcome)
    if row.released_by:
        line += say(language, words.RELEASES[row.released_by])
    if row.cause and row.cause not in words.PLAIN_CAUSES:
        line += say(language, words.CAUSES.get(row.cause, words.CAUSE), code=str(row.cause))
    yield row.ended_at, "" if row.answered_at else "miss", line


def _correction(one: Correction, language: str) -> str:
    def named(value: str | None) -> str:
        if value is None:
            return say(language, words.COURSE["nothing"])
        return say(language, texts.OUTCOMES.get(value, value)) if one.field == "outcome" else value

    told = {"was": named(one.was), "became": named(one.became), "who": one.user_name}
    return say(language, words.COURSE[f"corrected-{one.field}"], **told)


def _caller(row: CallRow, language: str) -> str:
    number = show(row.number) if row.direction == "inbound" else row.caller_name or row.caller_number
    return number or row.caller_number or say(language, words.COURSE["hidden"])
