"""What is known of clients, for judging them one by one: all of it in one statement.

A dialplan that asks where a call should go waits for it: each trip to the database would be paid for by the caller.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnClause, Float, Integer, Row, String, bindparam, column, text
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.card import ClientCard, Phone, Place
from cti.clients.consenting import Word
from cti.clients.properties import Property, Value
from cti.clients.segments import CallFact, ClientFacts, ContractFact, Said
from cti.storage import properties

# Parts by their number: 0 the client himself, 1 phones, 2 e-mails, 3 what is said of him, 4 what was said, 5 calls,
# 6 contracts, 7 segments he was put into, 8 addresses and the like, 9 names of his contact persons, 10 what he said of
# being written to. The columns i to n, a to h and w to z are what each part says they are.
_FACTS = text(  # the first part gives the columns their types
    "SELECT 0 AS part, id AS client_id, responsible_id AS i, relation_id AS j, region_id AS k, industry_id AS l,"
    " source_id AS m, version AS n, name AS a, full_name AS b, kind AS c, inn AS d, kpp AS e, ogrn AS f,"
    " time_zone AS g, note AS h, created_at AS x, updated_at AS y, restricted_at AS z,"
    " last_letter_at AS w FROM clients WHERE id IN :ids"
    " UNION ALL SELECT 1, client_id, NULL, NULL, NULL, NULL, NULL, NULL, e164, '', '', '', '', '', '', '',"
    " 0.0, 0.0, 0.0, NULL FROM client_phones WHERE client_id IN :ids"
    " UNION ALL SELECT 2, client_id, NULL, NULL, NULL, NULL, NULL, NULL, address, '', '', '', '', '', '', '',"
    " 0.0, 0.0, 0.0, NULL FROM client_emails WHERE client_id IN :ids"
    " UNION ALL SELECT 3, client_id, property_id, value_id, NULL, NULL, NULL, NULL, text, '', '', '', '', '', '',"
    " '', since, number, NULL, NULL FROM client_values WHERE client_id IN :ids"
    " UNION ALL SELECT 4, client_id, property_id, value_id, NULL, NULL, NULL, NULL, text, '', '', '', '', '', '',"
    " '', since, number, until, NULL FROM value_history WHERE client_id IN :ids"
    " UNION ALL SELECT 5, client_id, NULL, NULL, NULL, NULL, NULL, NULL, direction, '', '', '', '', '', '', '',"
    " started_at, answered_at, ended_at, NULL FROM calls WHERE client_id IN :ids"
    " UNION ALL SELECT 6, client_id, NULL, NULL, NULL, NULL, NULL, NULL, signed_on, ends_on, currency, number,"
    " '', '', '', '', CAST(amount AS FLOAT), 0.0, 0.0, NULL FROM contracts WHERE client_id IN :ids"
    " UNION ALL SELECT 7, client_id, segment_id, NULL, NULL, NULL, NULL, NULL, '', '', '', '', '', '', '', '',"
    " 0.0, 0.0, 0.0, NULL FROM segment_clients WHERE client_id IN :ids"
    " UNION ALL SELECT 8, client_id, NULL, NULL, NULL, NULL, NULL, NULL, kind, value, '', '', '', '', '', '',"
    " 0.0, 0.0, 0.0, NULL FROM client_places WHERE client_id IN :ids"
    " UNION ALL SELECT 9, client_id, NULL, NULL, NULL, NULL, NULL, NULL, name, '', '', '', '', '', '', '',"
    " 0.0, 0.0, 0.0, NULL FROM contact_clients JOIN contacts ON contacts.id = contact_id WHERE client_id IN :ids"
    " UNION ALL SELECT 10, client_id, id, CASE WHEN given THEN 1 ELSE 0 END, NULL, NULL, NULL, NULL, kind, purpose,"
    " '', '', '', '', '', '', at, 0.0, 0.0, NULL FROM consents WHERE client_id IN :ids AND undone_at IS NULL"
)
_COLUMNS: tuple[ColumnClause[Any], ...] = (
    *(column(name, Integer) for name in ("part", "client_id", *"ijklmn")),
    *(column(name, String) for name in "abcdefgh"),
    *(column(name, Float) for name in "xyzw"),
)
_ASKED = _FACTS.bindparams(bindparam("ids", expanding=True)).columns(*_COLUMNS)


class _Said(NamedTuple):
    """A value's columns, as storage/properties.py reads them."""

    value_id: int | None
    number: float | None
    text: str | None


async def of(conn: AsyncConnection, ids: Sequence[int], known: Sequence[Property]) -> list[ClientFacts]:
    """All that can be asked of clients, in the order of the ids; who is not there is left out."""
    kinds = {prop.id: prop.kind for prop in known}
    parts: dict[int, list[Row[Any]]] = {}
    for row in await conn.execute(_ASKED, {"ids": list(ids)}):
        parts.setdefault(row.client_id, []).append(row)
    return [_facts(parts[one], kinds) for one in dict.fromkeys(ids) if one in parts]


def _facts(rows: Sequence[Row[Any]], kinds: dict[int, Any]) -> ClientFacts:
    def of_part(*numbers: int) -> list[Row[Any]]:
        return [row for row in rows if row.part in numbers]

    return ClientFacts(
        card=_card(of_part(0)[0], of_part(1), of_part(2), of_part(8)),
        said=tuple(
            Said(property_id=row.i, value=_value(kinds.get(row.i, "text"), row), since=row.x, until=row.z)
            for row in of_part(3, 4)
        ),
        calls=tuple(
            CallFact(started_at=row.x, direction=row.a, answered=row.y is not None, ended=row.z is not None)
            for row in of_part(5)
        ),
        contracts=tuple(
            ContractFact(
                signed_on=row.a,
                ends_on=row.b,
                amount=None if row.x is None else round(row.x),
                currency=row.c,
                number=row.d,
            )
            for row in of_part(6)
        ),
        frozen=frozenset(row.i for row in of_part(7)),
        contacts=tuple(row.a for row in of_part(9)),
        words=tuple(Word(id=row.i, at=row.x, kind=row.a, purpose=row.b, given=bool(row.j)) for row in of_part(10)),
    )


def _card(
    row: Row[Any], phones: Sequence[Row[Any]], emails: Sequence[Row[Any]], places: Sequence[Row[Any]]
) -> ClientCard:
    """As much of the card as can be asked."""
    return ClientCard(
        id=row.client_id,
        name=row.a,
        kind=row.c,
        full_name=row.b,
        note=row.h,
        responsible_id=row.i,
        responsible="",
        phones=tuple(Phone(typed=one.a or "", e164=one.a) for one in phones),
        emails=tuple(one.a for one in emails),
        places=tuple(Place(kind=one.a, value=one.b) for one in places),
        version=row.n,
        created_at=row.x,
        updated_at=row.y,
        inn=row.d,
        kpp=row.e,
        ogrn=row.f,
        time_zone=row.g,
        restricted_at=row.z,
        last_letter_at=row.w,
        relation_id=row.j,
        region_id=row.k,
        industry_id=row.l,
        source_id=row.m,
    )


def _value(kind: str, row: Row[Any]) -> Value:
    said = _Said(value_id=row.j, number=row.y, text=row.a)
    return properties.value_of("list" if kind == "several" else kind, said)
