"""Sample directories and properties, and what is said of each sample client."""

from __future__ import annotations

import time
from dataclasses import replace

from sqlalchemy import select

from cti.clients.card import ClientDraft
from cti.clients.properties import Property, PropertyValue, read_value
from cti.storage import directories, dispositions, duty, properties
from cti.storage.desktop_events import Connection
from cti.storage.directories import Directory
from cti.storage.dispositions import Disposition
from cti.storage.duty import Reason
from cti.storage.tables import users

DIRECTORIES: dict[Directory, tuple[str, ...]] = {
    "relation": ("Клиент", "Потенциальный клиент", "Поставщик", "Партнёр", "Конкурент"),
    "region": ("Москва", "Санкт-Петербург", "Поволжье", "Урал", "Сибирь", "Юг"),
    "industry": ("Торговля", "Строительство", "Производство", "Услуги", "Перевозки"),
    "source": ("Звонок", "Сайт", "Рекомендация", "Выставка"),
    "contract-state": ("Проект", "Действует", "Исполнен", "Расторгнут"),
    "contact-role": ("Директор", "Бухгалтер", "Снабжение", "Секретарь"),
}
ZONES = {
    "Москва": "Europe/Moscow",
    "Санкт-Петербург": "Europe/Moscow",
    "Поволжье": "Europe/Samara",
    "Урал": "Asia/Yekaterinburg",
    "Сибирь": "Asia/Novosibirsk",
    "Юг": "Europe/Moscow",
}
INDUSTRY_PARTS = {"Торговля": ("Опт", "Розница"), "Производство": ("Металл", "Мебель", "Продукты")}
RATINGS = ("Платёжеспособность", "Потенциал", "Лояльность")
COLOR = "Цвет"
# name -> relation, region, industry, manager's login, colour, solvency, potential, loyalty
SAID: dict[str, tuple[str, str, str, str, str, int, int, int]] = {
    "Алхимов": ("Клиент", "Москва", "Услуги", "anna", "зелёный", 5, 4, 5),
    "Гранит-Сервис": ("Клиент", "Урал", "Строительство", "boris", "зелёный", 4, 5, 3),
    "Гранит-Монтаж": ("Потенциальный клиент", "Урал", "Строительство", "boris", "красный", 2, 4, 2),
    "ИП Соколова М. А.": ("Клиент", "Москва", "Розница", "anna", "зелёный", 3, 2, 4),
    "Орион": ("Поставщик", "Поволжье", "Опт", "clara", "зелёный", 4, 3, 4),
    "Ромашка": ("Клиент", "Санкт-Петербург", "Продукты", "clara", "красный", 1, 3, 2),
    "Северный ветер": ("Партнёр", "Санкт-Петербург", "Перевозки", "anna", "зелёный", 5, 5, 5),
}
PAUSES = {"Перерыв": False, "Обед": False, "Обучение": True, "Письма": True}  # whether it is work
RESULTS = {"Заказ": "green", "Консультация": "blue", "Перезвонить": "amber", "Отказ": "red"}
INN = {"Алхимов": "0012345017"}


async def fill(conn: Connection) -> None:
    """Directories and properties, in a base that has none."""
    for directory, names in DIRECTORIES.items():
        for name in names:
            made = await directories.add(conn, directory, name, time_zone=ZONES.get(name, ""))
            for part in INDUSTRY_PARTS.get(name, ()) if directory == "industry" else ():
                await directories.add(conn, directory, part, made)
    colors = (PropertyValue(id=0, name="красный", color="red"), PropertyValue(id=0, name="зелёный", color="green"))
    await properties.add(conn, Property(id=0, name=COLOR, kind="list", in_pop=True, values=colors))
    for name in RATINGS:
        await properties.add(conn, Property(id=0, name=name, kind="rating", in_pop=name == "Лояльность"))
    await properties.add(conn, Property(id=0, name="Договор до", kind="date"))
    await properties.add(conn, Property(id=0, name="Рассылка", kind="yes-no"))
    named = [
        Disposition(id=0, name=name, color=color, next_step="callback" if name == "Перезвонить" else "")
        for name, color in RESULTS.items()
    ]
    await dispositions.keep(conn, "", named, time.time())
    await duty.keep_reasons(conn, [Reason(id=0, name=name, work=work) for name, work in PAUSES.items()], time.time())


async def said(conn: Connection, draft: ClientDraft) -> ClientDraft:
    """The sample client with what is said of him."""
    one = SAID.get(draft.name)
    if one is None:
        return draft
    relation, region, industry, login, color, *ratings = one
    known = {prop.name: prop for prop in await properties.every(conn)}
    manager = (await conn.execute(select(users.c.id).where(users.c.login == login))).scalar()
    values = {known[COLOR].id: read_value(known[COLOR], color)}
    values |= {known[name].id: float(rating) for name, rating in zip(RATINGS, ratings, strict=True)}
    values[known["Договор до"].id] = time.strftime("%Y-12-31")
    return replace(
        draft,
        relation_id=await directories.named(conn, "relation", relation),
        region_id=await directories.named(conn, "region", region),
        industry_id=await directories.named(conn, "industry", industry),
        responsible_id=manager,
        inn=INN.get(draft.name, ""),
        values=values,
    )
