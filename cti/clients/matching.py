"""Who may be calling: the clients of a number, best first, each with the reason.

A hidden number matches nobody. Among several clients of one number the agent's own earlier choice comes first, then
a colleague's (newest first), then the same number with the same extension, then the same subscriber whose extension
differs or is not known, then what was only found as it is dialled here; each time personal phones before shared ones.

Codes of `Why` (web/texts.py says them): `exact-phone` (number, label), `exact-phone-with-extension` (number, label,
extension), `same-subscriber` (number, label, extension: the card's), `local-form` (number, label), `contact-phone`
(number, contact, role), `shared-phone` (number, count: how many clients share it), `chosen-before` (date, YYYY-MM-DD
in UTC), `chosen-by-colleague` (date).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from cti.clients.card import PhoneMatch
from cti.desktop import Match, PopKind, Why
from cti.telephony.numbering import Number

Choice = tuple[int, int, float]  # user id, client id, UNIX seconds


def match(
    number: Number, candidates: Sequence[PhoneMatch], choices: Iterable[Choice], user_id: int | None
) -> tuple[PopKind, tuple[Match, ...]]:
    """The kind of card and its matches. candidates: clients with this number; choices: who was picked for it before."""
    if number.kind == "hidden":
        return "hidden", ()
    if number.kind == "internal" and not candidates:
        return "colleague", ()
    found = _one_per_client(number, candidates)
    if not found:
        return "unknown", ()
    own, others = _latest(choices, user_id)

    def rank(candidate: PhoneMatch) -> tuple[float, float, int, bool]:
        client = candidate.client.id
        return (
            -own.get(client, 0.0),
            -others.get(client, 0.0),
            *_distance(number, candidate),
        )

    ranked = sorted(found, key=rank)
    matches = tuple(
        Match(
            client=c.client,
            why=_why(number, c, own.get(c.client.id), others.get(c.client.id), len(found)),
            contact=c.contact,
        )
        for c in ranked
    )
    return ("client" if len(matches) == 1 else "several"), matches


def _one_per_client(number: Number, candidates: Sequence[PhoneMatch]) -> list[PhoneMatch]:
    """A client may hold the number twice, with different extensions: the best of them stands for him."""
    best: dict[int, PhoneMatch] = {}
    for candidate in candidates:
        known = best.get(candidate.client.id)
        if known is None or _distance(number, candidate) < _distance(number, known):
            best[candidate.client.id] = candidate
    return list(best.values())


def _distance(number: Number, candidate: PhoneMatch) -> tuple[int, bool]:
    """How far a phone is from the caller's: 0 the same, 1 another extension, 2 as dialled here; and whether shared."""
    if candidate.local:
        return 2, candidate.shared
    return int(number.extension != candidate.extension), candidate.shared


def _latest(choices: Iterable[Choice], user_id: int | None) -> tuple[dict[int, float], dict[int, float]]:
    """When each client was last chosen: by this agent, and by the others."""
    own: dict[int, float] = {}
    others: dict[int, float] = {}
    for chooser, client, at in choices:
        side = own if chooser == user_id else others
        side[client] = max(at, side.get(client, 0.0))
    return own, others


def _why(number: Number, candidate: PhoneMatch, own: float | None, other: float | None, count: int) -> Why:
    args = {"number": number.e164 or "", "label": candidate.label}
    if own:
        return Why(code="chosen-before", args={"date": _date(own)})
    if other:
        return Why(code="chosen-by-colleague", args={"date": _date(other)})
    extension = {**args, "extension": candidate.extension}
    if candidate.contact:
        return Why(
            code="contact-phone", args={**extension, "contact": candidate.contact.name, "role": candidate.contact.role}
        )
    if candidate.local:
        return Why(code="local-form", args={**args, "number": number.e164 or number.raw})
    if candidate.shared:
        return Why(code="shared-phone", args={"number": args["number"], "count": str(count)})
    if number.extension != candidate.extension:
        return Why(code="same-subscriber", args=extension)
    return (
        Why(code="exact-phone-with-extension", args=extension)
        if number.extension
        else Why(code="exact-phone", args=args)
    )


def _date(at: float) -> str:
    return datetime.fromtimestamp(at, tz=UTC).date().isoformat()
