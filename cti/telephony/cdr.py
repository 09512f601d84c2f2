"""Asterisk's call detail records, read back into calls: who called whom, how it ended, who talked for how long.

A call has a record for each pair that was rung; what the records of a call share is their linkedid, or their uniqueid
where an old PBX has none. They know nothing of waiting in queues, and of a caller whom the plan had answered before
somebody was rung they tell the length of the whole, not when the two began to talk: that stays unsaid. Local times are
read by the zone of the PBX; in the hour that the clock has twice, the uniqueid (UNIX seconds) says which it is.
Source: cdr_csv.c, cdr_adaptive_odbc.c and cdr_pgsql.c of Asterisk 22; https://docs.asterisk.org, "CDR Specification".
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any, Final, NamedTuple

LINE_MOST: Final = 8_000
FIELD_MOST: Final = 80
ID = re.compile(r"(?:[\w.-]{1,40}-)?(\d{9,10})\.\d{1,9}")
_NAMED: Final = re.compile(r'\s*"?([^"<]*?)"?\s*<([^<>]*)>\s*')
# the order of Master.csv; what comes after depends on cdr.conf: loguniqueid, loguserfield, newcdrcolumns
_ORDER: Final = (
    "accountcode", "src", "dst", "dcontext", "clid", "channel", "dstchannel", "lastapp", "lastdata", "start", "answer",
    "end", "duration", "billsec", "disposition", "amaflags",
)  # fmt: skip
_MORE: Final = {
    0: (),
    2: ("uniqueid", "userfield"),
    3: ("peeraccount", "linkedid", "sequence"),
    4: ("uniqueid", "peeraccount", "linkedid", "sequence"),
    5: ("uniqueid", "userfield", "peeraccount", "linkedid", "sequence"),
}
_ALSO: Final = {"calldate": "start", "linked_id": "linkedid", "unique_id": "uniqueid"}
_DATES: Final = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S.%f", "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M")


class Row(NamedTuple):
    """One record. own, call: uniqueid and linkedid, "" where there is none; peer: who was rung, "" for nobody."""

    began: float
    answered: float | None
    ended: float
    talk_s: float
    src: str
    dst: str
    name: str
    account: str
    channel: str
    peer: str
    app: str
    data: str
    disposition: str
    own: str
    call: str


class Reader:
    """Lines of a file, or rows of a table, in; records out. zone: of the PBX's clock."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self._columns: tuple[str, ...] | None = None
        self._mark = ","

    def line(self, text: str) -> Row | None:
        """The record of a line; None for a torn one and for the headings."""
        text = text.strip("\r\n\ufeff")
        if not text or len(text) > LINE_MOST or "\0" in text:
            return None
        if self._columns is None and self._headings(text):
            return None
        try:
            cells = next(csv.reader([text], delimiter=self._mark, strict=True), [])
        except csv.Error:
            return None
        columns = self._columns or _columns_of(cells)
        if columns is None or len(cells) != len(columns):
            return None
        return self.row(dict(zip(columns, cells, strict=True)))

    def _headings(self, text: str) -> bool:
        """Whether a first line says which columns follow; exports of a database do."""
        for mark in ",;\t":
            try:
                names = tuple(_column(cell) for cell in next(csv.reader([text], delimiter=mark), []))
            except csv.Error:
                continue
            if {"src", "dst", "start", "disposition"} <= set(names):
                self._columns, self._mark = names, mark
                return True
        return False

    def headings_were(self, text: str) -> bool:
        """Whether this line was taken for the headings."""
        return self._columns is not None and self._headings(text.strip("\r\n\ufeff"))

    def row(self, cells: Mapping[str, Any]) -> Row | None:
        """The record of a table's row; None for one without a time or a channel."""
        own, call = _word(cells, "uniqueid"), _word(cells, "linkedid")
        channel = _word(cells, "channel")
        began = moment(cells.get("start") or cells.get("calldate"), self._zone, near_of(own))
        if began is None or not channel:
            return None
        answered = moment(cells.get("answer"), self._zone, began)
        duration, talk = _seconds(cells.get("duration")), _seconds(cells.get("billsec"))
        ended = moment(cells.get("end"), self._zone, began + duration)
        ended = began + duration if ended is None else ended
        disposition = _word(cells, "disposition").upper()
        if answered is None and disposition == "ANSWERED":  # tables have no such column: it lies billsec before the end
            answered = ended - talk
        called_by = _NAMED.fullmatch(_word(cells, "clid", 160))
        return Row(
            began=began,
            answered=answered if answered is not None and answered <= ended else None,
            ended=max(began, ended),
            talk_s=talk,
            src=_word(cells, "src") or (called_by[2][:FIELD_MOST] if called_by else ""),
            dst=_word(cells, "dst"),
            name=called_by[1].strip() if called_by else "",
            account=_word(cells, "accountcode"),
            channel=channel,
            peer=_word(cells, "dstchannel"),
            app=_word(cells, "lastapp"),
            data=_word(cells, "lastdata"),
            disposition=disposition,
            own=own,
            call=call or own,
        )


def moment(value: Any, zone: tzinfo, near: float | None = None) -> float | None:
    """UNIX seconds of a PBX's local time, as text or as a database gives it.

    near: about when it was, by which one of two equal hours is chosen.
    """
    if isinstance(value, str):
        value = _date(value.strip())
    if not isinstance(value, datetime) or value.year < 1990:  # MySQL has 0000-00-00 for none
        return None
    if value.tzinfo is not None:
        return value.timestamp()
    first, second = (value.replace(tzinfo=zone, fold=fold).timestamp() for fold in (0, 1))
    if first == second or near is None:
        return first
    return min((first, second), key=lambda at: abs(at - near))


def near_of(id_: str) -> float | None:
    """When a channel with this uniqueid was made; None where it does not say."""
    found = ID.fullmatch(id_)
    return float(found[1]) if found else None


def decoded(line: bytes) -> str:
    """A line as text, whatever the PBX's letters were: UTF-8, else those of Windows."""
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("cp1251", "replace")


def _columns_of(cells: Sequence[str]) -> tuple[str, ...] | None:
    more = len(cells) - len(_ORDER)
    if more == 1:
        return (*_ORDER, "uniqueid" if ID.fullmatch(cells[-1]) else "userfield")
    if more == 4 and not ID.fullmatch(cells[len(_ORDER)]):
        return (*_ORDER, "userfield", *_MORE[3])
    return (*_ORDER, *_MORE[more]) if more in _MORE else None


def _column(name: str) -> str:
    plain = name.strip().lower()
    return _ALSO.get(plain, plain)


def _word(cells: Mapping[str, Any], name: str, most: int = FIELD_MOST) -> str:
    value = cells.get(name)
    return "" if value is None else "".join(c for c in str(value) if c.isprintable())[:most].strip()


def _seconds(value: Any) -> float:
    try:
        seconds = float(value or 0)
    except (TypeError, ValueError):
        return 0.0
    return seconds if 0.0 <= seconds < 1e7 else 0.0


def _date(text: str) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    for form in _DATES:
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007 - the PBX's own clock
        except ValueError:
            continue
    return datetime.fromtimestamp(int(text), UTC) if text.isdecimal() and len(text) <= 10 else None


class Groups:
    """Records in, the records of whole calls out: of a call of which nothing came for HOLD_S."""

    HOLD_S: Final = 3600.0
    MOST: Final = 20_000

    def __init__(self) -> None:
        self._open: dict[str, dict[Row, None]] = {}
        self._ends: dict[str, float] = {}
        self._swept = 0.0

    def feed(self, row: Row) -> Iterator[list[Row]]:
        """Calls that are over for good by this record's time."""
        key = row.call or f"cdr:{int(row.began)}:{row.channel}"[:FIELD_MOST]
        self._open.setdefault(key, {})[row] = None
        self._ends[key] = max(self._ends.get(key, 0.0), row.ended)
        if row.ended - self._swept >= self.HOLD_S / 4 or row.ended < self._swept - self.HOLD_S:
            self._swept = row.ended
            for old in [one for one, end in self._ends.items() if abs(row.ended - end) >= self.HOLD_S]:
                yield self._whole(old)
        while len(self._open) > self.MOST:
            yield self._whole(next(iter(self._open)))

    def rest(self) -> Iterator[list[Row]]:
        """What the end of the records leaves."""
        for key in list(self._open):
            yield self._whole(key)

    def _whole(self, key: str) -> list[Row]:
        del self._ends[key]
        return sorted(self._open.pop(key), key=lambda row: row.began)
