"""Which letters are one conversation, and why, as a code.

Two letters belong together when one names the other (Message-ID in References or In-Reply-To), or both name the same
third, whether it ever came here or not; else, where the later one names nobody, when Outlook gave both the same
conversation (Thread-Index), or when they were exchanged with the same address under the same subject within 14 days.
Never by subject alone. This is a relation of two letters, so the order
of their arrival changes nothing: a letter that links two conversations makes one of them, unless a person split them.
Sources: RFC 5322, 3.6.4; JWZ, "message threading", for unseen parents; [MS-OXOMSG] 2.2.1.3, of which the first 22
bytes (time and GUID) are the conversation's and every answer adds five. Pure.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

NEAR_S = 14 * 86400.0
KEY_CHARS = 200
INDEX_BYTES, GUID_FROM = 22, 6
_MARK = re.compile(
    r"^\s*(?:(?:re|fwd?|aw|wg|sv|vs|antw|odp|rif|ref|на|отв|ответ|пер|переслать|пересл)"
    r"(?:\s*[\[(]?\d+[\])]?)?\s*[:：]|\[[^\]]{1,40}\])\s*",
    re.IGNORECASE,
)


def subject_key(subject: str) -> str:
    """A subject without what programs put before it, folded: `Re[2]: FW: Счёт  №7` and `счет №7` are one."""
    text = " ".join(subject.split())
    while (shorter := _MARK.sub("", text)) != text:
        text = shorter
    return text.casefold().replace("ё", "е")[:KEY_CHARS]


def mark(message_id: str) -> int:
    """A Message-ID as a signed number of 64 bits, as it is looked for."""
    return int.from_bytes(blake2b(message_id.encode(), digest_size=8).digest(), "big", signed=True)


def outlook_id(thread_index: str) -> str:
    """The conversation in a Thread-Index, in hex; "" for none, or one that nobody's Outlook made."""
    text = "".join(thread_index.split())
    try:
        found = base64.b64decode(text[: 4 * INDEX_BYTES], validate=True)[:INDEX_BYTES]
    except (binascii.Error, ValueError):
        return ""
    return found.hex() if len(found) == INDEX_BYTES and any(found[GUID_FROM:]) else ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Thread:
    """What of a letter tells its conversation. parents: whom it names, the nearest first. party: the other side's
    first address. outlook: its conversation as Outlook has it, "" for none. automatic: by no person, so its subject
    tells nothing."""

    message_id: str
    parents: tuple[str, ...] = ()
    subject: str = ""
    party: str = ""
    outlook: str = ""
    at: float = 0.0
    automatic: bool = False

    @property
    def marks(self) -> tuple[int, ...]:
        """Of itself, of whom it names and of its conversation in Outlook."""
        outlook = (f"thread-index\n{self.outlook}",) if self.outlook else ()
        return tuple(mark(one) for one in dict.fromkeys((self.message_id, *self.parents, *outlook)))


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """A letter that is in a conversation. by_hand: that somebody split it."""

    conversation: int
    thread: Thread
    by_hand: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Placed:
    """Where a letter goes. into: None for a new conversation. also: conversations that turn out to be the same.

    code: reply, named, sibling, outlook, subject, new; names: what it is told with.
    """

    into: int | None
    code: str
    also: tuple[int, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)


def parents_of(in_reply_to: str, references: Sequence[str]) -> tuple[str, ...]:
    """Whom a letter names, the nearest first."""
    return tuple(one for one in dict.fromkeys((in_reply_to, *reversed(references))) if one)


def by_ids(one: Thread, other: Thread) -> str:
    """How two letters are linked by what they name: reply, named, sibling; "" for not at all."""
    if other.message_id == one.message_id or other.message_id in one.parents:
        return "reply"
    if one.message_id in other.parents:
        return "named"
    return "" if set(one.parents).isdisjoint(other.parents) else "sibling"


def by_outlook(one: Thread, other: Thread) -> bool:
    """Whether Outlook made them one, and the later one names nobody who could say otherwise."""
    return bool(one.outlook) and one.outlook == other.outlook and not _later(one, other).parents


def by_subject(one: Thread, other: Thread) -> bool:
    """Whether they are one by address, subject and time."""
    key = subject_key(one.subject)
    alike = key and key == subject_key(other.subject) and one.party and one.party == other.party
    if not alike or one.automatic or other.automatic or abs(one.at - other.at) > NEAR_S:
        return False
    return not _later(one, other).parents


def _later(one: Thread, other: Thread) -> Thread:
    return max(one, other, key=lambda thread: (thread.at, thread.message_id))


def place(letter: Thread, named: Sequence[Known], near: Sequence[Known]) -> Placed:
    """Where a letter goes. named: letters with marks of it; near: of its address and subject; both in any order."""
    linked = [(known, how) for known in named if (how := _how(letter, known.thread))]
    linked += [(known, "subject") for known in near if by_subject(letter, known.thread)]
    if not linked:
        return Placed(into=None, code="new")
    nearest = min(linked, key=lambda pair: _distance(letter, *pair))
    free = {known.conversation for known, _ in linked if not known.by_hand}
    if nearest[0].by_hand:  # somebody split it: nothing is put together again by itself
        into, also = nearest[0].conversation, set[int]()
    else:
        into = min(free)
        also = free - {into}
    told = {"subject": letter.subject} if nearest[1] == "subject" else {}
    return Placed(into=into, code=nearest[1], also=tuple(sorted(also)), names=told)


def _how(one: Thread, other: Thread) -> str:
    return by_ids(one, other) or ("outlook" if by_outlook(one, other) else "")


def _distance(letter: Thread, known: Known, how: str) -> tuple[int, int, float, int]:
    order = ("reply", "named", "sibling", "outlook", "subject").index(how)
    at = letter.parents.index(known.thread.message_id) if known.thread.message_id in letter.parents else 0
    return order, at, abs(letter.at - known.thread.at), known.conversation
