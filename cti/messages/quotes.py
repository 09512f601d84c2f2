"""What a letter quotes, told from what its writer says: headers of answers in Russian and English, Outlook's, and `>`.

The whole text is kept; a quotation is folded where something of the writer's own stands beside it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_DAY = (
    r"(?:\d{1,2}[./]\d{1,2}[./]\d{2,4}|\d{4}-\d\d-\d\d|\d{1,2}\.? +[a-zа-я]{3,9}\.?(?:,? +\d{4})?"
    r"|[a-z]{3,9} +\d{1,2},? +\d{4})"
)
_HEADERS = re.compile(
    r"(?:on .{6,200} wrote"  # Gmail, Apple, Thunderbird
    rf"|.{{0,40}}\b{_DAY}.{{0,200}}(?:пишет|писал|писала|писали|написал|написала|написал\(а\)|wrote)"
    r"|(?:вы писали|you wrote).{0,60}"  # The Bat!
    rf"|(?:[а-я]{{2,11}}, +)?{_DAY}.{{0,60}}\d\d?:\d\d.{{0,160}}<?[^\s<>@]+@[^\s<>@]+>?)"  # Gmail, Yandex, Mail.ru
    r"\s*:",
    re.IGNORECASE,
)
_ORIGINAL = re.compile(
    r"[-_* ]{3,}\s*(?:original message|исходное сообщение|forwarded message|пересылаемое сообщение"
    r"|пересланное сообщение|пересланное письмо|конец пересылаемого сообщения)\s*[-_* ]{3,}",
    re.IGNORECASE,
)
_FROM = re.compile(r"\*?(?:from|от|от кого)\*?:\s*\*?\s*\S", re.IGNORECASE)
_BESIDE = re.compile(r"\*?(?:sent|date|to|subject|отправлено|дата|кому|тема|когда)\*?:\s*\*?\s*\S", re.IGNORECASE)
_RULE = re.compile(r"_{5,}\s*")
WRAPPED = 3  # lines over which a header may go


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """A part of a letter's text. quoted: somebody said it before."""

    text: str
    quoted: bool


def pieces(text: str) -> list[Piece]:
    """A letter's text in its parts, in order; together they are the whole of it. One part: nothing is to be folded."""
    lines = text.split("\n")
    marks = _marks(lines)
    found: list[Piece] = []
    begin = 0
    for place in range(1, len(lines) + 1):
        if place == len(lines) or marks[place] != marks[begin]:
            found.append(Piece(text="\n".join(lines[begin:place]), quoted=marks[begin]))
            begin = place
    if any(not one.quoted and one.text.strip() for one in found) and any(one.quoted for one in found):
        return found
    return [Piece(text=text, quoted=False)]


def _marks(lines: list[str]) -> list[bool]:
    """Which lines are quoted."""
    marks = [line.lstrip().startswith(">") for line in lines]
    place = 0
    while place < len(lines):
        length = 0 if marks[place] else _header(lines, place)
        if length:
            after = place + length
            while after < len(lines) and not lines[after].strip():
                after += 1
            end = after if after < len(lines) and marks[after] else len(lines)  # without > the rest is quoted
            marks[place:end] = [True] * (end - place)
            place = end
        place += 1
    _join(lines, marks)
    return marks


def _header(lines: list[str], place: int) -> int:
    """Over how many lines a header of a quotation goes that begins here; 0: none does."""
    line = lines[place].strip()
    if not line:
        return 0
    if _ORIGINAL.fullmatch(line):
        return 1
    at = place + 1 if _RULE.fullmatch(line) and place + 1 < len(lines) else place
    if _FROM.match(lines[at].strip()) and sum(bool(_BESIDE.match(one.strip())) for one in lines[at + 1 : at + 6]) >= 2:
        return at - place + 1
    for length in range(1, WRAPPED + 1):
        if not "".join(lines[place + length - 1 : place + length]).strip():
            return 0
        if _is_header(lines[place : place + length]):
            own_line = length > 1 and _is_header(lines[place + 1 : place + length])
            return 0 if own_line else length
    return 0


def _is_header(lines: list[str]) -> bool:
    return heads(" ".join(one.strip() for one in lines))


def heads(text: str) -> bool:
    """Whether a text is the line that stands over a quotation."""
    return _HEADERS.fullmatch(text[:400]) is not None


def _join(lines: list[str], marks: list[bool]) -> None:
    """Empty lines between quoted ones are quoted too."""
    for place in range(1, len(lines) - 1):
        if not lines[place].strip() and marks[place - 1]:
            after = next((n for n in range(place, min(place + 5, len(lines))) if lines[n].strip()), None)
            marks[place] = after is None or marks[after]
