"""A letter's head, read from whatever came: names in raw bytes, charsets nobody knows, addresses that are none.

Values are what the parser left of the bytes: ASCII, and a surrogate for each other byte. Nothing here raises for what
a letter says.
"""

from __future__ import annotations

import calendar
import codecs
import re
from binascii import Error as BinasciiError
from collections.abc import Callable, Iterable
from email.errors import HeaderParseError
from email.header import decode_header
from email.utils import mktime_tz, parsedate_tz

from charset_normalizer import from_bytes

from cti.messages.letter import ADDRESS_CHARS, ID_CHARS, NAME_CHARS, PEOPLE_MOST, REFERENCES_MOST, Party, Role
from cti.messages.texts import one_line, turns

CYRILLIC = ["cp1251", "koi8_r", "cp866", "mac_cyrillic", "iso8859_5"]  # what raw bytes are guessed to be
GUESSED_FROM = 1 << 16  # bytes
_WORD = re.compile(r"=\?[^?\s]{1,60}\?[bBqQ]\?[^?]*\?=")
# One address of a list: strings, comments and angles hold commas that end nothing.
_PIECE = re.compile(r'"(?:\\.|[^"\\]){0,400}"|\((?:\\.|[^()\\]){0,400}\)|<[^<>]*>|[^,;"(<]+|[,;"(<]', re.DOTALL)
_ID = re.compile(r"<([^<>]+)>")
_ADDRESS = re.compile(r"[^\s@,;:<>()\[\]\\\"]+@[^\s@,;:<>()\\\"]+")

Odd = Callable[[str], None]


def text_codec(charset: str) -> str | None:
    """The name of a codec that makes text of bytes; None for one we have not, and for those that are no charsets."""
    try:
        found = codecs.lookup(charset.strip().strip("'\"")[:60])
    except (LookupError, ValueError):
        return None
    known = getattr(found, "_is_text_encoding", True) and found.name not in ("idna", "punycode", "unicode_escape")
    return found.name if known and found.name != "raw-unicode-escape" else None


def text_of(raw: bytes, charset: str, odd: Odd) -> str:
    """Bytes as text: as they say they are, else as UTF-8, else as they look."""
    named = text_codec(charset) if charset else None
    if charset and named is None:
        odd("charset")
    for codec in dict.fromkeys(
        one for one in (named, "utf-8") if one and not (one == "ascii" and raw.isascii() is False)
    ):
        try:
            return raw.decode(codec)
        except (UnicodeError, ValueError):
            continue
    if named is not None:
        odd("charset")
    return raw.decode(_looks_like(raw), errors="replace")


def _looks_like(raw: bytes) -> str:
    """A codec by what the bytes look like; short ones are Russian before anything else."""
    sample = raw[:GUESSED_FROM]
    best = from_bytes(sample, cp_isolation=CYRILLIC).best() if len(sample) < 64 else from_bytes(sample).best()
    return best.encoding if best is not None else "cp1251"


def words(value: str, odd: Odd, most: int) -> str:
    """A head's value as people read it: encoded words and raw bytes decoded."""
    text = _decoded(value, odd)
    if turns(text):
        odd("direction")
    return one_line(text, most)


def _decoded(value: str, odd: Odd) -> str:
    if _WORD.search(value) is None:
        return _raw(value, odd)
    try:
        parts = decode_header(value.replace("\r", "").replace("\n", ""))
    except (HeaderParseError, BinasciiError, ValueError):
        odd("head")
        return _raw(value, odd)
    out = []
    for part, charset in parts:
        if isinstance(part, str):
            out.append(_raw(part, odd))
        elif charset is None:  # between the words: as the parser had it
            out.append(_raw(part.decode("raw-unicode-escape", "replace"), odd))
        else:
            out.append(text_of(part, charset, odd))
    return "".join(out)


def _raw(value: str, odd: Odd) -> str:
    """What stands in a head without being encoded: bytes that are not ASCII are guessed."""
    if value.isascii():
        return value
    try:
        raw = value.encode("ascii", "surrogateescape")
    except UnicodeEncodeError:  # it has been decoded already
        return value
    odd("raw-head")
    return text_of(raw, "", odd)


def people(role: Role, values: Iterable[str], odd: Odd) -> list[Party]:
    """Whom addresses name, the first PEOPLE_MOST of them."""
    found: list[Party] = []
    for value in values:
        for one in _split(value):
            if len(found) == PEOPLE_MOST:
                odd("many-people")
                return found
            party = _party(role, one, odd)
            if party is not None:
                found.append(party)
    return found


def _split(value: str) -> Iterable[list[str]]:
    """The addresses of a list, each in its pieces."""
    pieces: list[str] = []
    for piece in _PIECE.findall(value):
        if piece in (",", ";"):
            yield pieces
            pieces = []
        else:
            pieces.append(piece)
    yield pieces


def _party(role: Role, pieces: list[str], odd: Odd) -> Party | None:
    """`Name <address>`, `address (Name)`, or an address alone; None where nobody is named."""
    angles = [place for place, one in enumerate(pieces) if one[0] == "<" and one[-1] == ">"]
    last = "".join(pieces[angles[-1] + 1 :]) if angles else "".join(pieces)
    if "<" in pieces and "@" in last:  # never closed
        address, name = "".join(pieces[pieces.index("<") + 1 :]), "".join(pieces[: pieces.index("<")])
    elif angles:
        address, name = pieces[angles[-1]].strip("<>"), "".join(pieces[: angles[-1]])
    else:
        address, _, name = "".join(pieces).partition("(")
        name = name.rstrip(") \r\n\t")
    address = re.sub(r"\s+", "", address)
    if ":" in address and "@" not in address:  # a group: undisclosed-recipients:;
        address = address.rpartition(":")[2]
    address = one_line(words(address, odd, 1000), 1000)
    name = words(_unquoted(name.strip()), odd, NAME_CHARS)
    if re.search(r"\w", address) is None:
        address = ""
    if not address and not name:
        return None
    if _ADDRESS.fullmatch(address) is None or len(address) > ADDRESS_CHARS:
        odd("address")
    address = address[:ADDRESS_CHARS]
    return Party(role=role, name="" if name == address else name, address=address, folded=folded(address))


def _unquoted(name: str) -> str:
    if len(name) > 1 and name[0] == name[-1] == '"':
        name = name[1:-1]
    return re.sub(r"\\(.)", r"\1", name)


def folded(address: str) -> str:
    """An address as it is looked for."""
    return address.strip().casefold()[:ADDRESS_CHARS]


def letter_id(value: str, odd: Odd) -> str:
    """A Message-ID without its angles; blanks inside it are taken out, as some gateways do on the way."""
    found = _ID.search(value)
    inside = found[1] if found else value.strip("<> \t\r\n")
    if re.search(r"\s", inside.strip()):
        odd("message-id")
    return _bare(inside)


def letter_ids(value: str) -> tuple[str, ...]:
    """The ids of a References or In-Reply-To, the oldest first: the first of them, and the last ones."""
    written = _ID.findall(value) or [one for one in value.split() if "@" in one]
    ids = list(dict.fromkeys(filter(None, map(_bare, written))))
    return tuple(ids if len(ids) <= REFERENCES_MOST else ids[:1] + ids[1 - REFERENCES_MOST :])


def _bare(written: str) -> str:
    return one_line(re.sub(r"\s+", "", written.encode("ascii", "replace").decode()), ID_CHARS)


def moment(value: str) -> float | None:
    """A Date as UNIX seconds; one without a zone is UTC. None for what is no date."""
    try:
        told = parsedate_tz(one_line(value, 200))
        if told is None:
            return None
        at = float(calendar.timegm(told[:9]) if told[9] is None else mktime_tz(told))
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
    return at if 0 <= at < 253402300800 else None  # 1970 to 9999
