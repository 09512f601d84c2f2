"""A letter on its way out: what it is made of, when it is tried again, and what its subject becomes when it answers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

import msgspec

from cti.messages.letter import REFERENCES_MOST, SUBJECT_CHARS, Attachment, Party, Role

Kind = Literal["new", "reply", "all", "forward"]
State = Literal["draft", "waiting", "sending", "sent", "unknown", "failed", "canceled", "held"]
TRIES_S = (60.0, 300.0, 900.0, 3600.0)  # after a refusal for now; the last of them again and again
GIVE_UP_S = 48 * 3600.0
UNDO_S = 10.0
# An address that every mail server takes: no quotes, no comments; a domain of any script.
ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_][\w-]{1,62}")
_ANSWER = re.compile(r"^\s*(?:(?:re|fwd?|fw|aw|wg|ответ|пересл|нa|на)(?:\[\d+\])?\s*:\s*)+", re.IGNORECASE)


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """A letter to be made. html, quoted: cleaned when it is made. files: those with a content_id stand in the text.

    automatic: nobody has written it: it says so, and no machine answers it. at: its date, UNIX seconds.
    unsubscribe: where one is rid of such letters; "": it is none of those.
    """

    message_id: str
    sender: Party
    people: tuple[Party, ...]
    subject: str
    html: str
    at: float
    quoted: str = ""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    files: tuple[Attachment, ...] = ()
    automatic: bool = False
    unsubscribe: str = ""


def party(role: Role, address: str, name: str = "") -> Party:
    """Somebody of a letter. The address is folded for looking it up."""
    return Party(role=role, name=name, address=address, folded=address.strip().casefold())


def next_try(tries: int, first_at: float, now: float) -> float | None:
    """When a letter that was refused for now is tried again; None: never. tries: so far; first_at: of the first."""
    after = TRIES_S[min(max(tries, 1), len(TRIES_S)) - 1]
    return now + after if now + after <= first_at + GIVE_UP_S else None


def answer_subject(subject: str, kind: Kind) -> str:
    """The subject of an answer, or of a letter that is passed on: one prefix, whoever wrote before."""
    bare = _ANSWER.sub("", subject).strip()
    prefix = {"reply": "Re: ", "all": "Re: ", "forward": "Fwd: "}.get(kind, "")
    return (prefix + bare)[:SUBJECT_CHARS]


def answer_people(kind: Kind, people: Sequence[Party], ours: frozenset[str]) -> list[Party]:
    """To whom an answer goes. people: of the letter that is answered; ours: folded addresses of our mailboxes.

    A letter of our own is answered to those it went to.
    """
    by: dict[str, list[Party]] = {}
    for one in people:
        by.setdefault(one.role, []).append(one)
    sender = by.get("reply-to") or by.get("from", [])
    own = bool(sender) and all(one.folded in ours for one in by.get("from", sender))
    first = by.get("to", []) if own else sender
    chosen = [party("to", one.address, one.name) for one in first]
    if kind == "all":
        rest = ([] if own else by.get("to", [])) + by.get("cc", [])
        chosen += [party("cc", one.address, one.name) for one in rest if one.folded not in ours]
    once: dict[str, Party] = {}
    for one in chosen:
        once.setdefault(one.folded, one)
    return [one for folded, one in once.items() if folded]


def thread(message_id: str, references: Sequence[str]) -> tuple[str, ...]:
    """The references of an answer: those of the letter and it itself; the first and the latest of a long row."""
    row = tuple(dict.fromkeys((*references, message_id)))
    return row if len(row) <= REFERENCES_MOST else (row[0], *row[-(REFERENCES_MOST - 1) :])
