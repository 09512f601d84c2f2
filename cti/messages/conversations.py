"""Which letters are one conversation, and why, as a code.

Two letters belong together when one names the other (Message-ID in References or In-Reply-To), or both name the same
third, whether it ever came here or not; else when they were exchanged with the same address under the same subject
within 14 days and the later one names nobody. Never by subject alone. This is a relation of two letters, so the order
of their arrival changes nothing: a letter that links two conversations makes one of them, unless a person split them.
Sources: RFC 5322, 3.6.4; JWZ, "message threading", for unseen parents. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

NEAR_S = 14 * 86400.0
KEY_CHARS = 200
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Thread:
    """What of a letter tells its conversation. parents: whom it names, the nearest first. party: the other side's
    first address. automatic: by no person, so its subject tells nothing."""

    message_id: str
    parents: tuple[str, ...] = ()
    subject: str = ""
    party: str = ""
    at: float = 0.0
    automatic: bool = False

    @property
    def marks(self) -> tuple[int, ...]:
        """Of itself and of whom it names."""
        return tuple(mark(one) for one in dict.fromkeys((self.message_id, *self.parents)))


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """A letter that is in a conversation. by_hand: that somebody split it."""

    conversation: int
    thread: Thread
    by_hand: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Placed:
    """Where a letter goes. into: None for a new conversation. also: conversations that turn out to be the same.

    code: reply, named, sibling, subject, new; names: what it is told with.
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


def by_subject(one: Thread, other: Thread) -> bool:
    """Whether they are one by address, subject and time."""
    key = subject_key(one.subject)
    alike = key and key == subject_key(other.subject) and one.party and one.party == other.party
    if not alike or one.automatic or other.automatic or abs(one.at - other.at) > NEAR_S:
        return False
    later = max(one, other, key=lambda thread: (thread.at, thread.message_id))
    return not later.parents


def place(letter: Thread, named: Sequence[Known], near: Sequence[Known]) -> Placed:
    """Where a letter goes. named: letters with marks of it; near: of its address and subject; both in any order."""
    linked = [(known, how) for known in named if (how := by_ids(letter, known.thread))]
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


def _distance(letter: Thread, known: Known, how: str) -> tuple[int, int, float, int]:
    order = ("reply", "named", "sibling", "subject").index(how)
    at = letter.parents.index(known.thread.message_id) if known.thread.message_id in letter.parents else 0
    return order, at, abs(letter.at - known.thread.at), known.conversation
