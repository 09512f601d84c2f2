"""Which clients a line of the access journal names: their ids as one short text, and back.

A page of a list is kept id by id (`12,7,40`), so that a database finds one of them in it; what is longer is kept in
order and as ranges (`1-4000,4010,4012-9000`). Beyond MOST characters the list ends in `…`, and the line's count tells
how many there were.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

PLAIN = 500
MOST = 4_000_000  # characters: half a million ids that do not follow each other
CUT = "…"


def told(ids: Iterable[int]) -> str:
    """Ids as text, each once."""
    each = list(dict.fromkeys(ids))
    if len(each) <= PLAIN:
        return ",".join(map(str, each))
    text = ",".join(_ranges(sorted(each)))
    return text if len(text) <= MOST else f"{text[: text.rindex(',', 0, MOST)]},{CUT}"


def _ranges(ids: Iterable[int]) -> Iterator[str]:
    first = last = -1
    for one in ids:
        if one == last + 1 and first >= 0:
            last = one
            continue
        if first >= 0:
            yield str(first) if first == last else f"{first}-{last}"
        first = last = one
    if first >= 0:
        yield str(first) if first == last else f"{first}-{last}"


def ids_of(text: str) -> Iterable[int]:
    """The ids, in the order of the text."""
    return _one_by_one(text) if "-" in text or is_cut(text) else map(int, text.split(",") if text else ())


def _one_by_one(text: str) -> Iterator[int]:
    for part in text.split(",") if text else ():
        first, _, last = part.partition("-")
        if last:
            yield from range(int(first), int(last) + 1)
        elif part != CUT:
            yield int(part)


def names(text: str, client_id: int) -> bool:
    """Whether a client is among them."""
    for part in text.split(",") if text else ():
        first, _, last = part.partition("-")
        if part != CUT and int(first) <= client_id <= int(last or first):
            return True
    return False


def is_cut(text: str) -> bool:
    """Whether there were more than the text holds."""
    return text.endswith(CUT)
