"""A client base of any size for figures and plans of queries: made up, the same each time."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.card import ClientDraft, Phone
from cti.storage.client_tables import client_emails, client_phones, clients
from cti.storage.clients import fields_of

FIRST = ("Гранит", "Ромашка", "Алхимов", "Вектор", "Берёзка", "Заря", "Каскад", "Лидер", "Маяк", "Полёт", "Север", "Юг")
SECOND = ("Сервис", "Торг", "Строй", "Монтаж", "Логистика", "Трейд", "Проект", "Снаб", "Тех", "Авто", "Агро", "Софт")
ROWS = 5000


def number_of(index: int) -> str:
    """The first phone of the client `index`: a code not in service."""
    return f"+7935{index:07d}"


def draft(index: int) -> ClientDraft:
    """The client `index`."""
    name = f"{FIRST[index % 12]}-{SECOND[index // 12 % 12]} {index}"
    return ClientDraft(
        name=name,
        full_name=f"ООО «{name}»",
        phones=(
            Phone(typed=number_of(index), e164=number_of(index), label="приёмная"),
            Phone(typed=f"+7495000{index % 10_000:04d}", e164=f"+7495000{index % 10_000:04d}", shared=True),
        ),
        emails=(f"info{index}@firma{index % 977}.example",),
    )


async def fill(conn: AsyncConnection, count: int) -> None:
    """`count` clients with ids from 1, two phones and an e-mail each."""
    for start in range(1, count + 1, ROWS):
        some = [(index, draft(index)) for index in range(start, min(start + ROWS, count + 1))]
        await conn.execute(
            insert(clients),
            [{"id": i, **fields_of(d), "version": 1, "created_at": i, "updated_at": i} for i, d in some],
        )
        await conn.execute(insert(client_phones), [row for i, d in some for row in _phones(i, d)])
        await conn.execute(
            insert(client_emails),
            [{"client_id": i, "position": 0, "address": d.emails[0], "folded": d.emails[0]} for i, d in some],
        )


def _phones(client_id: int, client: ClientDraft) -> Iterator[dict[str, object]]:
    for position, phone in enumerate(client.phones):
        yield {
            "client_id": client_id,
            "position": position,
            "e164": phone.e164,
            "typed": phone.typed,
            "label": phone.label,
            "shared": phone.shared,
        }
