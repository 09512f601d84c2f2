"""Hidden numbers: what a person is shown who may not see the telephone numbers of clients.

Records say of their fields what they hold (`Telephone`, `Words`, ...); a `Sight` shows a record: as it is to whom may
see numbers, masked to the others. Storage shows what it reads to the sight of whoever opened the connection
(`storage/sight.py`), so a page need not think of it.

A masked number keeps its first digits and the last two: `+7 935 •••-••-01`. One that may be dialled, or stands in a
form that is saved, carries a seal after its mask, which the server alone can open: `+7 935 •••-••-01§gAAA…`. Free text
keeps its words; each number of seven digits and more in it is masked, but for dates. Internal numbers stay: they are
colleagues'. What was masked and comes back in a form is put in its place again (`restored`).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import lru_cache
from types import NoneType, UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

from cti.telephony.numbering import SEAL, show

T = TypeVar("T")
DOT = "•"
LEAD, TAIL = 4, 2  # digits that stay before and after the hidden ones
HIDDEN = 5  # at least so many are hidden
SHORTEST = 7  # digits of a number in free text
_BETWEEN = r"[\s().\-/\\_*~'\u2010-\u2015\u2212]{0,3}"
_DATE = (
    r"(?<!\d)(?:(?:0?[1-9]|[12]\d|3[01])\.(?:0?[1-9]|1[0-2])\.(?:19|20)\d\d"
    r"|(?:19|20)\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01]))(?!\d)"
)
_NUMBER = re.compile(rf"(?P<date>{_DATE})|\+?\d(?:{_BETWEEN}\d){{{SHORTEST - 1},}}")
_MASKED = re.compile(rf"[\d{DOT}](?:{_BETWEEN}[\d{DOT}])*")
_LEG = re.compile(r"(?<=/)\+?\d{7,}")  # Local/79355550101@from-queue-0001;1
_PLAIN = frozenset(
    ("inn", "kpp", "ogrn", "kind", "time_zone", "currency", "number", "signed_on", "begins_on", "ends_on", "amount")
)
_TOLD = frozenset(("count", "clients", "date", "extension", "ms", "rule"))  # arguments that are no one's number


def mask(text: str) -> str:
    """A text with its numbers masked."""
    return _NUMBER.sub(lambda found: found[0] if found["date"] else _mask_digits(found[0]), text)


def unsealed(number: str) -> str:
    """A number as it is looked at: without its seal."""
    return number.partition(SEAL)[0]


def is_masked(text: str) -> bool:
    """Whether a part of a number is hidden in the text."""
    return any(found[0].count(DOT) > 1 for found in _MASKED.finditer(text))


def _mask_digits(text: str) -> str:
    """All digits of the text as one number: the middle hidden, of a short one all but the last two."""
    count = sum(sign.isdigit() for sign in text)
    lead, tail = min(max(count - HIDDEN - TAIL, 0), LEAD), TAIL if count > TAIL + 2 else 0
    place, out = 0, []
    for sign in text:
        if sign.isdigit():
            place += 1
            sign = sign if place <= lead or place > count - tail else DOT
        out.append(sign)
    return "".join(out)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sight:
    """How a person sees numbers. seal: of a number that may be dialled, and back; None: masks lead nowhere (files).

    internal: regular expression of the whole internal number.
    """

    hides: bool = False
    internal: str = r"[0-9]{2,5}"
    seal: Callable[[str], str] | None = None
    unseal: Callable[[str], str | None] | None = None

    def see(self, thing: T) -> T:
        """A record, or a list or dict of records, as this person is shown it."""
        eye = _eye_of(thing) if self.hides else None
        return eye(self, thing, None) if eye else thing

    def number(self, value: str) -> str:
        """An outside number that is dialled from the screen."""
        if not self._is_outside(value):
            return value
        return self._sealed(_mask_digits(show(value)), value)

    def shown(self, value: str) -> str:
        """An outside number that is only looked at."""
        return _mask_digits(show(value)) if self._is_outside(value) else value

    def words(self, value: str) -> str:
        """Free text."""
        return mask(value) if self.hides else value

    def phone(self, typed: str, e164: str | None, extension: str) -> str:
        """What was typed as a client's phone, whatever it is: its form saves it unchanged."""
        if not self.hides or SEAL in typed or DOT in typed:
            return typed
        read = show(e164) + (f" доб. {extension}" if extension else "") if e164 else ""
        return self._sealed(mask(read) if read else _mask_digits(typed), typed)

    def value(self, field: str, value: Any) -> Any:
        """A field's value in a record of changes, by its name there (clients/changes.py)."""
        name = field.rpartition(":")[2]
        if name in _PLAIN or name.endswith("_id") or not self.hides:
            return value
        if name == "phones" and isinstance(value, list):
            return [[_mask_digits(typed), *_deep(self.words, rest)] for typed, *rest in value]
        return _deep(self.words, value)

    def asked(self, field: str, value: Any) -> Any:
        """The value of a condition that somebody else wrote: a part of a number is told no more than a whole one."""
        if not self.hides or field in _PLAIN or not isinstance(value, str) or re.fullmatch(_DATE, value):
            return value
        return "".join(DOT if sign.isdigit() else sign for sign in value)

    def bookmark(self, cursor: str) -> str:
        """Where a page ended, which may tell of a name with a number in it: sealed."""
        return self.seal(cursor) if self.seal else cursor

    def place(self, bookmark: str) -> str:
        """The cursor of a bookmark; "" for what was not given here: a place of one's own choice would compare names."""
        return (self.unseal(bookmark) or "") if self.unseal else bookmark

    def _is_outside(self, value: str) -> bool:
        if not self.hides or SEAL in value or DOT in value or not any(sign.isdigit() for sign in value):
            return False
        return re.fullmatch(self.internal, value) is None

    def _sealed(self, shown: str, value: str) -> str:
        return f"{shown}{SEAL}{self.seal(value)}" if self.seal else shown


OPEN = Sight()
How = Callable[[Sight, Any, Any], Any]  # the sight, the value, the record it stands in


@dataclass(frozen=True, slots=True)
class Holds:
    """What a field of a record holds, as an annotation of its type."""

    how: How


Telephone = Annotated[str, Holds(lambda sight, value, _: sight.number(value))]  # dialled from the screen
Shown = Annotated[str, Holds(lambda sight, value, _: sight.shown(value))]  # only looked at
Words = Annotated[str, Holds(lambda sight, value, _: sight.words(value))]
Leg = Annotated[str, Holds(lambda _, value, __: _LEG.sub(lambda found: _mask_digits(found[0]), value))]
TYPED = Holds(lambda sight, value, phone: sight.phone(value, phone.e164, phone.extension))
CALLED = Holds(lambda sight, value, call: value if value is None or call.direction == "inbound" else sight.shown(value))
BY_FIELD = Holds(lambda sight, value, change: sight.value(change.field, value))
DEEP_WORDS = Holds(lambda sight, value, _: _deep(sight.words, value))
DEEP_LEGS = Holds(lambda _, value, __: _deep(lambda text: _LEG.sub(lambda found: _mask_digits(found[0]), text), value))
ARGS = Holds(lambda sight, value, _: {name: _told(sight, name, text) for name, text in value.items()})
REASONS = Holds(
    lambda sight, value, _: tuple(
        (code, text if code == "inn" else sight.shown(text) if code == "phone" else sight.words(text))
        for code, text in value
    )
)


def _told(sight: Sight, name: str, text: str) -> str:
    if name in _TOLD:
        return text
    return sight.shown(text) if name == "number" else _LEG.sub(lambda found: _mask_digits(found[0]), sight.words(text))


def _deep(change: Callable[[str], str], value: Any) -> Any:
    """All texts in a value of JSON."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {change(key) if isinstance(key, str) else key: _deep(change, one) for key, one in value.items()}
    return type(value)(_deep(change, one) for one in value) if isinstance(value, list | tuple) else value


# How records are walked -----------------------------------------------------------------------------------------------
def _eye_of(thing: Any) -> How | None:
    if isinstance(thing, list | tuple):
        return lambda sight, value, _: type(value)(sight.see(one) for one in value)
    if isinstance(thing, dict):
        return lambda sight, value, _: {key: sight.see(one) for key, one in value.items()}
    return _eye(type(thing))  # type: ignore[arg-type]


@lru_cache(maxsize=512)
def _eye(hint: Any) -> How | None:
    """How a value of a type is shown; None where nothing of it is hidden."""
    origin, args = get_origin(hint), get_args(hint)
    if origin is Annotated:
        marks = [one.how for one in hint.__metadata__ if isinstance(one, Holds)]
        return marks[0] if marks else _eye(args[0])
    if origin in (Union, UnionType):
        eyes = [eye for one in args if one is not NoneType and (eye := _eye(one))]
        return (lambda sight, value, of: None if value is None else eyes[0](sight, value, of)) if eyes else None
    if isinstance(hint, TypeVar):
        return lambda sight, value, _: sight.see(value)
    if origin is tuple and len(args) == 2 and args[1] is ...:
        return _many(tuple, _eye(args[0]))
    if origin is tuple:
        eyes_of = [_eye(one) or _as_it_is for one in args]
        some = any(eye is not _as_it_is for eye in eyes_of)
        return (lambda s, v, of: tuple(e(s, x, of) for e, x in zip(eyes_of, v, strict=True))) if some else None
    if origin is list:
        return _many(list, _eye(args[0]))
    return _of_record(origin or hint) if is_dataclass(origin or hint) else None


def _as_it_is(_sight: Sight, value: Any, _of: Any) -> Any:
    return value


def _many(kind: Callable[[Iterable[Any]], Any], eye: How | None) -> How | None:
    return (lambda sight, value, of: kind(eye(sight, one, of) for one in value)) if eye else None


def _of_record(kind: Any) -> How | None:
    hints = get_type_hints(kind, include_extras=True)
    eyes = {one.name: eye for one in fields(kind) if (eye := _eye(hints[one.name]))}
    if not eyes:
        return None
    return lambda sight, record, _: replace(
        record, **{name: eye(sight, getattr(record, name), record) for name, eye in eyes.items()}
    )


# The way back ---------------------------------------------------------------------------------------------------------
def restored(mine: Any, was: Any) -> Any:
    """What a form sent back (texts, lists, dicts of them) with the numbers that were masked in it, as they were."""
    if isinstance(mine, str):
        return _unmasked(mine, list(_texts(was)))
    if isinstance(mine, Mapping):
        names = {key: _unmasked(key, list(_texts(was))) if isinstance(key, str) else key for key in mine}
        known = was if isinstance(was, Mapping) else dict.fromkeys(names.values(), was)
        return {names[key]: restored(one, known.get(names[key])) for key, one in mine.items()}
    if isinstance(mine, list | tuple):
        return type(mine)(restored(one, was) for one in mine)
    return mine


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple | Mapping):
        for one in value if not isinstance(value, Mapping) else (*value, *value.values()):
            yield from _texts(one)


def _unmasked(text: str, originals: list[str]) -> str:
    """Each mask becomes the number it was made of, in their order; one that was never there stays a mask."""
    if DOT not in text:
        return text
    for original in originals:
        if mask(original) == text:
            return original
    known: dict[str, list[str]] = defaultdict(list)
    for original in originals:
        for found in _NUMBER.finditer(original):
            if not found["date"]:
                known[_mask_digits(found[0])].append(found[0])
    for masked in sorted(known, key=len, reverse=True):
        numbers = known[masked]
        parts = text.split(masked)
        text = parts[0]
        for place, part in enumerate(parts[1:]):
            text += numbers[min(place, len(numbers) - 1)] + part
    return text


def either(*shown: Mapping[str, Any]) -> dict[str, Any]:
    """For `restored`: the fields of several cards, any of which a form may have been filled from."""
    return {name: [one.get(name) for one in shown] for name in {name for one in shown for name in one}}
