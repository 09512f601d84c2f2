"""What clients have consented to as conditions; clients/consenting.py says the same, and a test keeps them equal."""

from __future__ import annotations

from sqlalchemy import ColumnElement, FromClause, and_, or_, select

from cti.clients.consenting import CODES
from cti.clients.filters import Condition
from cti.storage.campaign_tables import consents
from cti.storage.parts import NOBODY, Part, any_of, named_by, none_of


def consenting(one: Condition) -> Part:
    """Who has consented to, or refused, any of the codes that a condition names. Raises ValueError for another code."""
    codes = CODES if one.op in ("empty", "filled") else one.value
    if not isinstance(codes, list | tuple) or any(code not in CODES for code in codes):
        raise ValueError("these are no consents")
    found = [_given(code) if one.field == "consented" else _refused(code) for code in codes] or [NOBODY]
    return none_of(found) if one.op in ("empty", "none-of") else any_of(found)


def _given(code: str) -> Part:
    """A word that gives it, and no later one that withdraws it or all."""
    purpose, _, kind = code.partition(":")
    word = consents.alias()
    gives = and_(word.c.purpose == purpose, word.c.kind == kind, word.c.given, word.c.undone_at.is_(None))
    mine = select(word.c.client_id).where(word.c.client_id.is_not(None), gives, ~_later(word, purpose, "", given=False))
    return named_by(word.c.client_id, mine)


def _refused(code: str) -> Part:
    """A word that withdraws it and no later STOP, or a STOP not taken back; and no later one that gives it."""
    purpose, _, kind = code.partition(":")
    word = consents.alias()
    alone = and_(word.c.purpose == purpose, ~_later(word, "", given=False))
    stopped = and_(word.c.purpose == "", ~_later(word, "", given=True, kind=kind))
    withdrawn = and_(word.c.given.is_(False), or_(alone, stopped), ~_later(word, purpose, given=True, kind=kind))
    return named_by(word.c.client_id, select(word.c.client_id).where(word.c.client_id.is_not(None), withdrawn))


def _later(word: FromClause, *purposes: str, given: bool, kind: str = "") -> ColumnElement[bool]:
    """Whether the same client said something else later."""
    other = consents.alias()
    after = or_(other.c.at > word.c.at, and_(other.c.at == word.c.at, other.c.id > word.c.id))
    said = and_(other.c.client_id == word.c.client_id, other.c.purpose.in_(purposes), other.c.given.is_(given), after)
    said = and_(said, other.c.undone_at.is_(None))
    return select(other.c.id).where(said, *([other.c.kind == kind] if kind else [])).exists()
