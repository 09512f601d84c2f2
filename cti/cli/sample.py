"""Sample people and clients: the seed of every demo and of the end-to-end tests.

All numbers are from codes not in service (7 935, 7 495 000) and all addresses end in .example: nobody real is in it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from cti.access import Role
from cti.clients.card import ClientDraft, Phone


@dataclass(frozen=True, kw_only=True, slots=True)
class SamplePerson:
    """One sample user with the device names he has."""

    login: str
    name: str
    role: Role
    team: str | None = None
    extension: str = ""
    devices: tuple[tuple[str, str], ...] = ()  # (name, kind)
    queues: tuple[str, ...] = ()


def _phones(extension: str) -> tuple[tuple[str, str], ...]:
    return ((f"PJSIP/{extension}", "desk"), (f"PJSIP/{extension}-web", "browser"))


PEOPLE = (
    SamplePerson(
        login="anna",
        name="Анна Белова",
        role="agent",
        team="Продажи",
        extension="101",
        devices=_phones("101"),
        queues=("sales",),
    ),
    SamplePerson(
        login="boris",
        name="Борис Ким",
        role="agent",
        team="Продажи",
        extension="102",
        devices=_phones("102"),
        queues=("sales",),
    ),
    SamplePerson(
        login="clara",
        name="Клара Ли",
        role="agent",
        team="Поддержка",
        extension="103",
        devices=_phones("103"),
        queues=("support",),
    ),
    SamplePerson(
        login="vera",
        name="Вера Орлова",
        role="supervisor",
        team="Продажи",
        extension="110",
        devices=_phones("110"),
    ),
    SamplePerson(login="pavel", name="Павел Гусев", role="admin"),
)


def _client(
    name: str, full_name: str, kind: str, phones: tuple[tuple[str, str, bool], ...], email: str = "", note: str = ""
) -> ClientDraft:
    return ClientDraft(
        name=name,
        full_name=full_name,
        kind=kind,
        phones=tuple(Phone(typed=typed, label=label, shared=shared) for typed, label, shared in phones),
        emails=(email,) if email else (),
        note=note,
    )


CLIENTS = (
    _client(
        "Алхимов",
        "ООО «Алхимов и партнёры»",
        "company",
        (("+7 935 555-01-01", "приёмная", False), ("+7 935 555-01-02 доб. 14", "бухгалтерия", False)),
        "info@alhimov.example",
        "Счёт до пятницы, цены прошлого договора.",
    ),
    _client(
        "Гранит-Сервис",
        "АО «Гранит-Сервис»",
        "company",
        (("+7 935 555-02-10", "приёмная", True),),
        "zakaz@granit.example",
    ),
    _client(
        "Гранит-Монтаж", "ООО «Гранит-Монтаж»", "company", (("+7 935 555-02-10", "общий", True),), "m@granit.example"
    ),
    _client(
        "ИП Соколова М. А.",
        "Соколова Мария Андреевна",
        "sole-trader",
        (("8 (935) 555-03-77", "мобильный", False),),
        "m.sokolova@mail.example",
    ),
    _client("Новиков Денис", "Новиков Денис Олегович", "person", (("+79355550419", "мобильный", False),)),
    _client("Орион", "ООО «Орион»", "company", (("+7 935 555-05-00 доб. 12", "склад", False),), "orion@orion.example"),
    _client(
        "Ромашка",
        "ООО «Ромашка»",
        "company",
        (("+7 935 555-06-06", "приёмная", True), ("+7 935 555-06-07", "цех", False)),
        "hello@romashka.example",
    ),
    _client("Ёлкина Пелагея", "Ёлкина Пелагея Фёдоровна", "person", (("935 555 07 08", "дом", False),)),
    _client("Северный ветер", "ООО «Северный ветер»", "company", (("+7 935 555-08-09", "", False),), "sv@sv.example"),
    _client("Кузнецов и сыновья", "ИП Кузнецов А. П.", "sole-trader", (("+7 935 555-09-90", "", False),)),
)

GIVEN = ("Анна", "Борис", "Вера", "Глеб", "Дарья", "Егор", "Жанна", "Захар", "Инна", "Кирилл", "Лев", "Мария", "Пётр")
FAMILY = ("Белов", "Волков", "Громов", "Дымов", "Ершов", "Жуков", "Зимин", "Котов", "Лосев", "Мохов", "Носов", "Репин")
_WORK = ("Снаб", "Торг", "Строй", "Лес", "Агро", "Металл", "Свет", "Тепло", "Вода", "Транс", "Мебель", "Хлеб", "Тек")
_SUFFIX = ("Сервис", "Плюс", "Групп", "Центр", "Трейд", "Ресурс", "Системы", "Север", "Юг", "Восток", "Дом", "Маркет")


def many(count: int, *, seed: int = 1) -> Iterator[ClientDraft]:
    """`count` made-up clients for load, the same for the same seed; numbers +7 935 000-00-00 and up, each once."""
    rng = random.Random(seed)  # noqa: S311 - sample data
    for number in range(count):
        phone = Phone(typed=f"+7935{number:07d}", e164=f"+7935{number:07d}", label="мобильный")
        if rng.random() < 0.5:
            last = rng.choice(FAMILY)
            yield ClientDraft(name=f"{last} {rng.choice(GIVEN)} {number}", kind="person", phones=(phone,))
        else:
            firm = f"{rng.choice(_WORK)}{rng.choice(_SUFFIX)}-{number}"
            yield ClientDraft(
                name=firm, full_name=f"ООО «{firm}»", phones=(phone,), emails=(f"office{number}@firm.example",)
            )
