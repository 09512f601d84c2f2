"""A sheet of made-up clients as a call centre keeps one: what a new user imports first (`python -m lab sheet FILE`).

The names of regions, managers and properties are those of the sample base; its own clients stand above the others, so
that an import knows them again. Requisites are of region 00, which is nobody's, and right in their check digits.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

from cti.cli.sample import CLIENTS, FAMILY, GIVEN, PEOPLE, many
from cti.cli.sample_catalogue import DIRECTORIES, INDUSTRY_PARTS, RATINGS, SAID
from cti.clients.card import ClientDraft
from cti.clients.exporting import KINDS

HEADERS = (
    "Название", "Полное наименование", "Вид", "Телефоны", "Почта", "ИНН", "Менеджер", "Отношение", "Регион", "Отрасль",
    "Источник", "Адрес", "Примечание", "Контактное лицо", "Телефон контактного лица", "Должность", "Цвет", *RATINGS,
)  # fmt: skip
NAMES = {person.login: person.name for person in PEOPLE}
MANAGERS = tuple(person.name for person in PEOPLE if person.role == "agent")
STREETS = ("Полевая", "Озёрная", "Лесная", "Заводская", "Садовая", "Речная")
NOTES = ("", "", "", "Звонить после обеда.", "Просит счёт по почте.", "Платит по факту.", "Ждёт новый прайс.")
SPELLINGS = ("+7 {0} {1}-{2}-{3}", "8 ({0}) {1}-{2}-{3}", "8{0}{1}{2}{3}", "+7-{0}-{1}-{2}-{3}")
RATED = (1, 2, 3, 3, 4, 4, 5)


def rows(count: int, *, seed: int = 1) -> Iterator[tuple[str, ...]]:
    """`count` rows under HEADERS, the same for the same seed: the sample clients, then made-up ones."""
    rng = random.Random(seed)  # noqa: S311 - sample data
    for draft in CLIENTS[:count]:
        yield _known(draft)
    for number, draft in enumerate(many(count - len(CLIENTS[:count]), seed=seed)):
        yield _made_up(rng, number, draft)


def _known(draft: ClientDraft) -> tuple[str, ...]:
    """A client of the sample base with what is said of him there."""
    relation, region, industry, login, color, *ratings = SAID.get(draft.name, ("", "", "", "", ""))
    phones = "; ".join(phone.typed for phone in draft.phones)
    said = (relation, region, industry, "", "", draft.note, "", "", "", color)
    rated = [str(one) for one in ratings] or ["", "", ""]
    whose = (draft.name, draft.full_name, KINDS[draft.kind], phones, "; ".join(draft.emails), "", NAMES.get(login, ""))
    return (*whose, *said, *rated)


def _made_up(rng: random.Random, number: int, draft: ClientDraft) -> tuple[str, ...]:
    person = draft.kind == "person"
    one = replace(draft, full_name=draft.name.rpartition(" ")[0]) if person else draft
    phones = _spelled(rng, one.phones[0].e164 or "")
    mail = one.emails[0] if one.emails else f"client{number}@mail.example"
    said = (
        rng.choice(DIRECTORIES["relation"]), rng.choice(DIRECTORIES["region"]),
        "" if person else rng.choice((*DIRECTORIES["industry"], *INDUSTRY_PARTS["Торговля"])),
        rng.choice(DIRECTORIES["source"]), f"{rng.choice(STREETS)} ул., {rng.randint(1, 90)}", rng.choice(NOTES),
        *_contact(rng, number, person), rng.choice(("красный", "зелёный", "зелёный", "")),
    )  # fmt: skip
    rated = tuple(str(rng.choice(RATED)) for _ in RATINGS)
    inn = _inn(number + 1, person=person)
    return (one.name, one.full_name, KINDS[one.kind], phones, mail, inn, rng.choice(MANAGERS), *said, *rated)


def _contact(rng: random.Random, number: int, person: bool) -> tuple[str, str, str]:
    """Somebody at a firm, with a phone of his own and a role."""
    if person or rng.random() < 0.4:
        return "", "", ""
    name = f"{rng.choice(FAMILY)} {rng.choice(GIVEN)}"
    return name, _spelled(rng, f"+7936{number:07d}"), rng.choice(DIRECTORIES["contact-role"])


def _spelled(rng: random.Random, e164: str) -> str:
    """The number as people type it."""
    return rng.choice(SPELLINGS).format(e164[2:5], e164[5:8], e164[8:10], e164[10:])


def _inn(number: int, *, person: bool) -> str:
    """A taxpayer's number of region 00 with its check digits (`cti/clients/requisites.py`)."""
    digits = f"00{number:08d}" if person else f"00{number:07d}"
    weights = ((7, 2, 4, 10, 3, 5, 9, 4, 6, 8), (3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8)) if person else (
        (2, 4, 10, 3, 5, 9, 4, 6, 8),
    )  # fmt: skip
    for row in weights:
        digits += str(sum(int(one) * weight for one, weight in zip(digits, row, strict=True)) % 11 % 10)
    return digits
