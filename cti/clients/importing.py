"""Rows of a file as clients: which column is which field, what a row says, and what is wrong with it.

A cell that is empty says nothing: an import never empties a field. Several phones or e-mails may stand in one cell, or
in columns of their own. Directory entries are named; one that is not known is refused with its name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from cti.clients.card import KINDS, ClientDraft, Phone, Place
from cti.clients.properties import Property, Value, read_value
from cti.clients.requisites import digits, inn_fault, kpp_fault, ogrn_fault
from cti.telephony.numbering import Number, NumberPlan, read

Mapped = Sequence[str]  # field of each column, "" for one that is left out
SYNONYMS: dict[str, tuple[str, ...]] = {
    "id": ("id", "код", "номер клиента", "№"),
    "name": ("имя", "название", "наименование", "клиент", "краткое наименование", "короткое имя", "name", "контрагент"),
    "full_name": ("полное наименование", "полное имя", "полное название", "full name", "full_name", "юридическое лицо"),
    "kind": ("вид", "тип", "форма", "kind", "форма собственности"),
    "phones": ("телефон", "телефоны", "тел", "мобильный", "сотовый", "phone", "phones", "рабочий телефон"),
    "emails": ("почта", "email", "e mail", "emails", "эл почта", "электронная почта", "адрес почты"),
    "inn": ("инн", "inn"),
    "kpp": ("кпп", "kpp"),
    "ogrn": ("огрн", "огрнип", "ogrn"),
    "responsible": ("менеджер", "ответственный", "ответственный менеджер", "manager", "responsible"),
    "relation": ("отношение", "тип отношений", "relation", "статус"),
    "region": ("регион", "город", "region", "область"),
    "industry": ("отрасль", "industry", "сфера"),
    "source": ("источник", "source"),
    "time_zone": ("часовой пояс", "time zone", "time_zone"),
    "address": ("адрес", "address", "юридический адрес", "фактический адрес"),
    "site": ("сайт", "site", "url", "веб сайт"),
    "note": ("примечание", "комментарий", "заметка", "о клиенте", "note", "описание"),
}  # fmt: skip
LISTS = ("responsible", "relation", "region", "industry", "source")
WORDS_OF_KIND = {
    "физ лицо": "person", "физлицо": "person", "физическое лицо": "person", "person": "person", "человек": "person",
    "ип": "sole-trader", "индивидуальный предприниматель": "sole-trader", "sole trader": "sole-trader",
    "компания": "company", "юр лицо": "company", "юрлицо": "company", "организация": "company", "company": "company",
}  # fmt: skip
LIMITS = {"name": 200, "full_name": 400, "note": 20_000, "time_zone": 40}
_SPLIT = re.compile(r"[;\n]|,(?=\s*[+\d(])")


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """What cells may name. lists: field -> folded name -> id; properties by field."""

    plan: NumberPlan
    lists: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    properties: Mapping[str, Property] = field(default_factory=dict)


class RowFault(ValueError):
    """Why a row is refused: the field and what is wrong with it."""

    def __init__(self, *, field: str, what: str) -> None:
        super().__init__(f"{field}: {what}")
        self.field, self.what = field, what


def folded(text: str) -> str:
    """For comparing headings and names: no case, ё as е, punctuation as spaces."""
    return " ".join(re.sub(r"[^\w]+", " ", text.casefold().replace("ё", "е")).split())


@lru_cache(maxsize=8192)
def number_of(typed: str, plan: NumberPlan) -> Number:
    """A number as read: each is asked for twice, for its owner and for the card."""
    return read(typed, plan)


def guess(headers: Sequence[str], properties: Sequence[Property]) -> list[str]:
    """The field of each column by its heading; "" where none fits. Only phones, mails and addresses come twice."""
    by_name = {folded(word): name for name, words in SYNONYMS.items() for word in words}
    by_name |= {folded(prop.name): f"property:{prop.id}" for prop in properties}
    found: list[str] = []
    for header in headers:
        plain = re.sub(r" \d+$", "", folded(header))
        name = by_name.get(folded(header)) or by_name.get(plain, "")
        twice = name in found and name not in ("phones", "emails", "address")
        found.append("" if twice else name)
    return found


def fields_of(row: Sequence[str], mapped: Mapped, known: Known) -> dict[str, Any]:
    """What a row says, by the names of clients/changes.py; `id` where it has one. Raises RowFault."""
    fields: dict[str, Any] = {}
    for cell, name in zip(row, mapped, strict=False):
        text = cell.strip()
        if not text or not name:
            continue
        if name in ("phones", "emails", "address", "site"):
            _add(fields, name, text)
        elif name in known.properties:
            fields[name] = _property(known.properties[name], text)
        else:
            key, value = _field(name, text, known)
            fields[key] = value
    return fields


def draft_from(fields: Mapping[str, Any], plan: NumberPlan) -> ClientDraft:
    """A new client of what a row says. Raises RowFault without a name."""
    if not fields.get("name"):
        raise RowFault(field="name", what="a client needs a name")
    values: dict[int, Value] = {
        int(name[9:]): tuple(one) if isinstance(one, list) else one
        for name, one in fields.items()
        if name.startswith("property:")
    }
    phones = []
    for typed in fields.get("phones", ()):
        number = number_of(typed[0], plan)
        phones.append(Phone(typed=typed[0], e164=number.e164, extension=number.extension))
    plain = {
        name: value
        for name, value in fields.items()
        if name not in ("id", "phones", "emails", "places") and not name.startswith("property:")
    }
    return ClientDraft(
        **plain,
        phones=tuple(phones),
        emails=tuple(fields.get("emails", ())),
        places=tuple(Place(kind=kind, value=value) for kind, value in fields.get("places", ())),
        values=values,
    )


def _add(fields: dict[str, Any], name: str, text: str) -> None:
    parts = [part.strip() for part in _SPLIT.split(text) if part.strip()]
    if name == "phones":
        fields.setdefault("phones", []).extend([part[:80], "", "", False] for part in parts)
    elif name == "emails":
        for part in parts:
            if "@" not in part or len(part) > 254:
                raise RowFault(field="emails", what=f"“{part[:40]}” is not an e-mail")
        fields.setdefault("emails", []).extend(parts)
    else:
        fields.setdefault("places", []).append([name, text[:400]])


def _field(name: str, text: str, known: Known) -> tuple[str, Any]:
    if name in LISTS:
        found = known.lists.get(name, {}).get(folded(text))
        if found is None:
            raise RowFault(field=name, what=f"“{text[:60]}” is not in the directory")
        return f"{name}_id", found
    if name == "kind":
        kind = text if text in KINDS else WORDS_OF_KIND.get(folded(text))
        if kind is None:
            raise RowFault(field="kind", what=f"“{text[:40]}” is no kind of client")
        return name, kind
    if name == "id":
        if not digits(text) or len(text) > 9:
            raise RowFault(field="id", what="an id is a number")
        return name, int(digits(text))
    if name in ("inn", "ogrn"):
        number = digits(text)
        fault = inn_fault(number) if name == "inn" else ogrn_fault(number)
        if fault:
            raise RowFault(
                field=name, what=f"“{text[:40]}” has a wrong {'check digit' if fault == 'check' else 'form'}"
            )
        return name, number
    if name == "kpp":
        number = "".join(text.split()).upper()
        if kpp_fault(number):
            raise RowFault(field=name, what=f"“{text[:40]}” has a wrong form")
        return name, number
    if len(text) > LIMITS.get(name, 400):
        raise RowFault(field=name, what=f"longer than {LIMITS.get(name, 400)} characters")
    return name, text


def _property(prop: Property, text: str) -> Any:
    try:
        value = read_value(prop, text)
    except ValueError as error:
        raise RowFault(field=prop.name, what=str(error)) from None
    return list(value) if isinstance(value, tuple) else value
