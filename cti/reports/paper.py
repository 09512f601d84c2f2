"""A report as a table: what a page shows, what goes into a file and into a letter are this one shape.

Values are plain: shares of one, seconds, counts, texts; how each is written is said by its column. `opens` is the
address of the calls, letters or messages behind a number; files leave it out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "count", "number", "share", "seconds"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Value:
    """One number or text; None: there is nothing to reckon it from."""

    value: str | int | float | None
    opens: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """A column. definition: how its numbers are reckoned. tint: its colour in the chart, "" where it is not in it.

    key: what programs call it.
    """

    head: str
    key: str = ""
    kind: Kind = "count"
    definition: str = ""
    tint: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """A number of the whole report. before: of the period before, where it was asked for."""

    name: str
    kind: Kind
    value: Value
    definition: str = ""
    before: Value | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Balance:
    """Whole = its parts; what they lack is the difference. why: where a difference comes from."""

    whole: tuple[str, Value]
    parts: Sequence[tuple[str, Value]]
    why: str = ""
    opens: str = ""  # what the difference is made of

    @property
    def difference(self) -> int:
        """What the parts lack of the whole."""
        return _whole(self.whole[1]) - sum(_whole(value) for _, value in self.parts)


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A table. rows, total: as many values as there are columns. heat: shown by how great its numbers are."""

    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Value]]
    total: Sequence[Value] = ()
    heat: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Paper:
    """A report. parts: its tables, the chart is of the first. notes: what is left out and why, how it is counted.

    counting: what is said above all where not all of the period is counted yet.

    name: in the names of files, plain ASCII.
    """

    name: str
    title: str
    period: str
    counting: str = ""
    filters: Sequence[tuple[str, str]] = ()
    figures: Sequence[Figure] = ()
    balance: Balance | None = None
    parts: Sequence[Part]
    notes: Sequence[str] = ()

    @property
    def definitions(self) -> list[tuple[str, str]]:
        """All names that are defined, each once."""
        columns = [(one.head, one.definition) for part in self.parts for one in part.columns]
        said = [(one.name, one.definition) for one in self.figures] + columns
        return list({name: (name, text) for name, text in said if text}.values())


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """What a file says beside the report, in the reader's language; made: when, and for whom."""

    language: str
    total: str
    difference: str
    definitions: str
    seconds: str
    page: str
    made: str


def _whole(value: Value) -> int:
    return int(value.value or 0)


def balance_line(balance: Balance, words: Words) -> str:
    """The line in plain text: `Came 10 = answered 8 + hung up 2; difference 0`."""
    whole = f"{balance.whole[0]} {_whole(balance.whole[1])}"
    parts = " + ".join(f"{name} {_whole(value)}" for name, value in balance.parts)
    why = f" ({balance.why})" if balance.why and balance.difference else ""
    return f"{whole} = {parts}; {words.difference} {balance.difference}{why}"


def plain(value: str | int | float | None, kind: Kind, language: str) -> str:
    """A value as it is read on paper: 12 345; 78,4 %; 4,2 or 1:02:03."""
    point = "," if language == "ru" else "."
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    match kind:
        case "share":
            return f"{value * 100:.1f} %".replace(".", point)
        case "seconds":
            return length(value, point)
        case "number":
            return f"{value:.2f}".replace(".", point)
        case _:
            return f"{value:,.0f}".replace(",", "\u00a0")


def length(seconds: float, point: str) -> str:
    """Seconds below a minute, then minutes, then hours."""
    if seconds < 60:
        return f"{seconds:.1f}".replace(".", point)
    whole = round(seconds)
    hours, left = divmod(whole, 3600)
    return f"{hours}:{left // 60:02}:{left % 60:02}" if hours else f"{left // 60}:{left % 60:02}"
