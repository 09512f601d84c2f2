"""Finding clients: any part of a word of a name or e-mail, a phone in any spelling; case and ё do not matter.

Words are joined by AND. Three characters and more are looked up in the trigram index; shorter ones are matched as
they stand among what the others found, and alone against the beginning of the name. What people type is always a
parameter: the characters of LIKE and of FTS5 mean nothing.

To whom numbers are hidden (storage/sight.py) a word with a digit in it finds whole words only: a number that he knows,
an INN, an e-mail; never a part, or a number could be read out digit by digit.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from sqlalchemy import ColumnElement, Integer, and_, column, func, literal, literal_column, or_, select, table, true

from cti.clients.filters import fold as fold
from cti.errors import Refused
from cti.storage.client_tables import clients
from cti.storage.parts import Asked, Part, Way, all_of, aside, on_column

RowT = TypeVar("RowT")
KeyT = TypeVar("KeyT")
Id = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
KeyText = Annotated[str, msgspec.Meta(pattern="^[^\x00]*$", max_length=400)]

COUNT_LIMIT = 10_000
QUERY_LIMIT = 200
WORDS_LIMIT = 8
TRIGRAM = 3
PAGE_LIMIT = 500
PHONE_END = 7  # the digits of a number that are its own
FTS = table("clients_fts", column("rowid", Integer))
_EXTENSION_WORDS = frozenset(("доб", "доб.", "ext", "ext."))
_CONTROL = re.compile(r"[\x01-\x1f\x7f]")
_PHONE_WORD = re.compile(r"[+(]*\d[\d()+\-./\u2010-\u2015]*")


@dataclass(frozen=True, kw_only=True, slots=True)
class Page(Generic[RowT]):
    """A part of a list. total: how many there are, None: more than were counted. next_cursor: where to go on."""

    rows: list[RowT]
    total: int | None
    next_cursor: str | None


def found_by(q: str, *, is_sqlite: bool, whole: bool = False) -> Part | None:
    """The condition that a client is found by `q`; None where nothing is asked. whole: words with digits as wholes."""
    groups = words_of(q) if not whole else [_with_country(group) for group in words_of(q)]
    long = [group for group in groups if all(len(word) >= TRIGRAM for word in group)]
    short = [group for group in groups if group not in long]
    if long:
        parts = [containing(long, is_sqlite=is_sqlite)]
    elif short:
        words = short.pop(0)
        parts = [on_column(clients.c.name_folded, lambda column: _begins(column, words, is_sqlite), indexed=True)]
    else:
        return None
    also = [_contains(group, is_sqlite) for group in short]
    also += [_has_word(group) for group in groups if whole and _has_digits(group)]
    return all_of([*parts, *(Part(leads=one, follows=one) for one in also)], sqlite=is_sqlite)


def containing(groups: Sequence[Sequence[str]], *, is_sqlite: bool) -> Part:
    """That the text a client is found by has a word of each group, all of three characters and more, folded.

    A rare word leads by the index of trigrams; a common one is sooner seen in the text itself. Of a whole number the
    index is asked for the end alone: the beginning is everybody's, and reading it costs fifty times as much.
    """
    each = and_(true(), *(_contains(group, is_sqlite) for group in groups))
    if not is_sqlite:
        return Part(leads=each, follows=each, way=Way.LIST)
    parts = [[word[-PHONE_END:] if word.isdigit() else word for word in group] for group in groups]
    wanted = " AND ".join("(" + " OR ".join(quoted(word) for word in group) + ")" for group in parts)
    ids = select(FTS.c.rowid).where(literal_column("clients_fts").op("MATCH")(wanted))
    check = true() if parts == [list(group) for group in groups] else each
    leads = and_(clients.c.id.in_(ids), check)
    return Part(leads=leads, follows=each, way=Way.LIST, ids=ids, check=check, in_order=True)


def _with_country(group: list[str]) -> list[str]:
    """A whole number is known without its country's 7, too."""
    return [*group, *(f"7{word}" for word in group if word.isdigit() and len(word) == 10)]


def _has_digits(group: list[str]) -> bool:
    return any(sign.isdigit() for word in group for sign in word)


def _has_word(group: list[str]) -> Asked:
    spaced = literal(" ").concat(aside(clients.c.search)).concat(" ")
    return or_(*(spaced.contains(f" {word} ", autoescape=True) for word in group))


def write_cursor(*key: object) -> str:
    """Where a page ended, as text for the address of the next."""
    return msgspec.json.encode(key).hex()


def read_cursor(cursor: str, key: type[KeyT]) -> KeyT:
    """The key back from its text. Raises Refused when it was not made for this list."""
    try:
        return msgspec.json.decode(bytes.fromhex(cursor), type=key)
    except (ValueError, msgspec.MsgspecError):
        raise bad_cursor() from None


def bad_cursor() -> Refused:
    """For the address of a page that was not made for this list."""
    return Refused("bad-cursor", "This page address is not complete: open the list again.")


def clean(value: str) -> str:
    """Without what no database keeps as text: NUL and halves of characters."""
    return value.encode("utf-8", "ignore").decode().replace("\x00", "")


def words_of(q: str) -> list[list[str]]:
    """What must be found, each by any of its spellings: a phone by its digits, with 8, 00 and 810 as meant."""
    text = _CONTROL.sub(" ", clean(q[:QUERY_LIMIT]))
    groups: list[list[str]] = []
    phone: list[str] = []
    for word in fold(text).split()[: WORDS_LIMIT * 2]:
        if _PHONE_WORD.fullmatch(word):
            phone.append(word)
            continue
        groups += _phone_spellings(phone)
        phone = []
        if word not in _EXTENSION_WORDS:
            groups.append([word])
    return [*groups, *_phone_spellings(phone)][:WORDS_LIMIT]


def _phone_spellings(words: list[str]) -> list[list[str]]:
    if not words:
        return []
    typed = " ".join(words)
    digits = re.sub(r"\D", "", typed)
    spellings = [digits]
    if not typed.startswith(("+", "(+")):
        spellings += [
            new + digits[len(old) :] for old, new in (("810", ""), ("00", ""), ("8", "7")) if digits.startswith(old)
        ]
    if typed != digits:
        spellings.append(typed)
    return [[spelling for spelling in dict.fromkeys(spellings) if len(spelling) >= min(TRIGRAM, len(digits))]]


def quoted(word: str) -> str:
    """A string of FTS5: inside quotes nothing has a meaning but the quote, which is doubled."""
    return '"' + word.replace('"', '""') + '"'


def _contains(group: Sequence[str], is_sqlite: bool) -> Asked:
    if is_sqlite:  # half the time of LIKE
        return or_(*(func.instr(aside(clients.c.search), word) > 0 for word in group))
    return or_(*(clients.c.search.contains(word, autoescape=True) for word in group))


def _begins(name: ColumnElement[Any], words: Sequence[str], is_sqlite: bool) -> Asked:
    return or_(*(begins(name, word, is_sqlite=is_sqlite) for word in words))


def begins(column: ColumnElement[Any], word: str, *, is_sqlite: bool) -> Asked:
    """That a folded column begins with a word, by its index."""
    if is_sqlite:  # LIKE would not use the index
        return and_(column >= word, column < word + "\U0010ffff")
    return column.startswith(word, autoescape=True)
