"""Rows of a file as clients: which column is which field, what a row says, and what is wrong with it.

A cell that is empty says nothing: an import never empties a field. Several phones, e-mails or addresses may stand in
one cell, or in columns of their own. Directory entries are named; one that is not known is refused with its name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from cti.clients import importing_consents
from cti.clients.card import KINDS, ClientDraft, Phone, Place
from cti.clients.changes import Fields
from cti.clients.importing_contacts import PARTS
from cti.clients.masking import DOT, is_masked
from cti.clients.properties import Property, Value, read_value
from cti.clients.requisites import PERSON_INN, PERSON_OGRN, digits, inn_fault, kpp_fault, ogrn_fault, refusal
from cti.telephony.numbering import Number, NumberPlan, read

Mapped = Sequence[str]  # field of each column, "" for one that is left out
SYNONYMS: dict[str, tuple[str, ...]] = {
    "id": ("id", "код", "номер клиента", "№"),
    "name": ("имя", "название", "наименование", "клиент", "краткое наименование", "короткое имя", "name", "контрагент"),
    "full_name": (
        "полное наименование", "полное имя", "полное название", "full name", "full_name", "юридическое лицо",
        "organisation", "organization", "организация",
    ),
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
    "site": ("сайт", "site", "url", "веб сайт", "www"),
    "contact": ("контактное лицо", "контактная персона", "контакт", "contact person", "contact"),
    "contact_phone": ("телефон контактного лица", "телефон контакта", "contact phone"),
    "contact_email": ("почта контактного лица", "почта контакта", "contact e mail"),
    "contact_role": ("должность", "должность контактного лица", "роль контакта", "contact role"),
    **importing_consents.NAMES,
    "note": ("примечание", "комментарий", "заметка", "о клиенте", "note", "описание"),
}  # fmt: skip
AGAIN = (  # fields that several columns may say
    "phones", "emails", "address", "site", "full_name", "contact_phone", "contact_email",
)  # fmt: skip
KEYS = ("id", "inn", "phone", "email")  # by what a client is known again, in this order where nobody chose
OWN = "{name} (свойство)"  # the heading of a property that is named as a standard field is
LISTS = ("responsible", "relation", "region", "industry", "source")
WORDS_OF_KIND = {
    "физ лицо": "person", "физлицо": "person", "физическое лицо": "person", "person": "person", "человек": "person",
    "ип": "sole-trader", "индивидуальный предприниматель": "sole-trader", "sole trader": "sole-trader",
    "компания": "company", "юр лицо": "company", "юрлицо": "company", "организация": "company", "company": "company",
}  # fmt: skip
LIMITS = {"name": 200, "full_name": 400, "note": 20_000, "time_zone": 40}
FAULTS: Mapping[str, str] = {
    "nothing": "says nothing of the chosen columns",
    "masked": "a number in it is hidden by dots: write it whole or empty the cell",
    "no-name": "a client needs a name",
    "twice": "the same client stands in row {row}",
    "gone": "there is no client {value}",
    "no-email": "“{value}” is not an e-mail",
    "no-contact": "a contact person needs a name",
    "no-phone": "“{value}” is not a telephone number",
    "not-listed": "“{value}” is not in the directory",
    "no-kind": "“{value}” is no kind of client",
    "no-id": "an id is a number",
    "check-digit": "“{value}” has a wrong check digit",
    "form": "“{value}” has a wrong form",
    "not-of-kind": "“{value}” is not of a client of this kind",
    "too-long": "longer than {most} characters",
    "too-many": "a client has at most {most} of them",
    "value": "“{value}” does not fit this property",
    "no-yes": "“{value}” is neither yes nor no",
}  # code -> what is wrong, in English; the panel says it in the reader's language
PERSON = "person"  # of a row: what it says of its contact person
CONSENTS = "consents"  # of a row: what it says of consents, by purpose
NUMBERS = ("inn", "kpp", "ogrn")
MOST = {"phones": 50, "emails": 50, "places": 50}  # of one client
UNREADABLE = ("letters", "too-long", "hidden")  # how it was read; what has the digits of a number is kept as typed
_SPLIT = re.compile(r"[;\n]|,(?=\s*[+\d(])")
_BETWEEN = re.compile(r"[;,\s]+")


class Fault(NamedTuple):
    """Why a row was refused. row: from 1, without the headings. args: what the sentence is filled with."""

    row: int
    field: str
    code: str
    args: dict[str, str]

    @property
    def what(self) -> str:
        """The sentence, in English."""
        return FAULTS[self.code].format_map(self.args)


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """What cells may name. lists: field -> folded name -> id; properties by field."""

    plan: NumberPlan
    lists: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    properties: Mapping[str, Property] = field(default_factory=dict)


class RowFault(ValueError):
    """Why a row is refused: the field and what is wrong with it, a code of FAULTS."""

    def __init__(self, field: str, code: str, **args: object) -> None:
        super().__init__(f"{field}: {code}")
        self.field, self.code = field, code
        self.filled = {name: str(value)[:60] for name, value in args.items()}

    def at(self, row: int) -> Fault:
        """As it is told of a row."""
        return Fault(row, self.field, self.code, self.filled)


def folded(text: str) -> str:
    """For comparing headings and names: no case, ё as е, punctuation as spaces."""
    return " ".join(re.sub(r"[^\w]+", " ", text.casefold().replace("ё", "е")).split())


@lru_cache(maxsize=8192)
def number_of(typed: str, plan: NumberPlan) -> Number:
    """A number as read: each is asked for twice, for its owner and for the card."""
    return read(typed, plan)


def own_heading(prop: Property) -> str:
    """A property's heading in a file: its name, unless a standard field is known by that."""
    taken = {folded(word) for words in SYNONYMS.values() for word in words}
    return OWN.format(name=prop.name) if re.sub(r" \d+$", "", folded(prop.name)) in taken else prop.name


def guess(headers: Sequence[str], properties: Sequence[Property]) -> list[str]:
    """The field of each column by its heading; "" where none fits. Only what is in AGAIN comes twice."""
    by_name = {folded(prop.name): f"property:{prop.id}" for prop in properties}
    by_name |= {folded(word): name for name, words in SYNONYMS.items() for word in words}
    by_name |= {folded(own_heading(prop)): f"property:{prop.id}" for prop in properties}
    found: list[str] = []
    for header in headers:
        plain = re.sub(r" \d+$", "", folded(header))
        name = by_name.get(folded(header)) or by_name.get(plain, "")
        found.append("" if name in found and name not in AGAIN else name)
    return found


def fields_of(row: Sequence[str], mapped: Mapped, known: Known) -> dict[str, Any]:
    """What a row says, by the names of clients/changes.py; `id` where it has one. Raises RowFault."""
    fields: dict[str, Any] = {}
    for cell, name in zip(row, mapped, strict=False):
        text = cell.strip()
        if not text or not name:
            continue
        if DOT in text and is_masked(text):
            raise RowFault(name, "masked")
        if name in ("phones", "emails", "address", "site"):
            _add(fields, name, text)
        elif name in PARTS:
            fields.setdefault(PERSON, {})[name] = _of_person(name, text, fields.get(PERSON, {}), known)
        elif name in importing_consents.FIELDS:
            fields.setdefault(CONSENTS, {})[importing_consents.FIELDS[name]] = _yes(name, text)
        elif name in known.properties:
            fields[name] = _property(known.properties[name], text)
        else:
            key, value = _field(name, text, known)
            fields[key] = value
    return fields


def _of_person(name: str, text: str, said: Mapping[str, Any], known: Known) -> Any:
    """A part of a contact person, added to what the row said of it before."""
    if name == "contact_role":
        found = known.lists.get("contact-role", {}).get(folded(text))
        if found is None:
            raise RowFault(name, "not-listed", value=text)
        return found
    if name == "contact":
        if len(text) > LIMITS["name"]:
            raise RowFault(name, "too-long", most=LIMITS["name"])
        return text
    parts = [part.strip() for part in _SPLIT.split(text) if part.strip()]
    if name == "contact_email":
        return [*said.get(name, ()), *(_email(name, part) for part in parts)]
    return [*said.get(name, ()), *((part, _number(part, known.plan, name)) for part in parts)]


def _yes(name: str, text: str) -> bool:
    found = importing_consents.said(text)
    if found is None:
        raise RowFault(name, "no-yes", value=text)
    return found


def _email(name: str, text: str) -> str:
    if "@" not in text or len(text) > 254:
        raise RowFault(name, "no-email", value=text)
    return text


def draft_from(fields: Mapping[str, Any], plan: NumberPlan) -> ClientDraft:
    """A new client of what a row says. Raises RowFault without a name."""
    if not fields.get("name"):
        raise RowFault("name", "no-name")
    values: dict[int, Value] = {
        int(name[9:]): tuple(one) if isinstance(one, list) else one
        for name, one in fields.items()
        if name.startswith("property:")
    }
    phones = []
    for typed in fields.get("phones", ()):
        number = _number(typed[0], plan)
        phones.append(Phone(typed=typed[0], e164=number.e164, extension=number.extension))
    plain = {
        name: value
        for name, value in fields.items()
        if name not in ("id", "phones", "emails", "places") and not name.startswith("property:")
    }
    plain.setdefault("kind", _kind(fields))
    _check_numbers({**dict.fromkeys(NUMBERS, ""), **plain})
    return ClientDraft(
        **plain,
        phones=tuple(phones),
        emails=tuple(fields.get("emails", ())),
        places=tuple(Place(kind=kind, value=value) for kind, value in fields.get("places", ())),
        values=values,
    )


def fields_after(before: Fields, phones: Sequence[Phone], said: Mapping[str, Any], plan: NumberPlan) -> dict[str, Any]:
    """A card's fields after what a row says; what there is already, in whatever spelling, stays as it is.

    phones: the card's, as they were read.
    """
    after = dict(before)
    for name, value in said.items():
        if name not in ("id", "phones", "emails", "places") and not _same(before.get(name), value):
            after[name] = value
    numbers = {one.e164 or _spelled(one.typed) for one in phones}
    numbers |= {f"{one.e164}x{one.extension}" for one in phones}
    for typed in said.get("phones", ()):
        number = number_of(typed[0], plan)
        key = number.e164 or _spelled(typed[0])
        if (f"{key}x{number.extension}" if number.e164 and number.extension else key) not in numbers:
            _number(typed[0], plan)
            after["phones"] = [*after["phones"], typed]
            numbers |= {key, f"{key}x{number.extension}"}
    for name in ("emails", "places"):
        have = {_plain(one) for one in before[name]}
        fresh = {_plain(one): one for one in said.get(name, ()) if _plain(one) not in have}
        after[name] = [*before[name], *fresh.values()]
    if any(after[name] != before[name] for name in ("kind", *NUMBERS)):
        _check_numbers(after)
    for name, most in MOST.items():
        if len(after[name]) > max(most, len(before[name])):
            raise RowFault(name, "too-many", most=most)
    return after


def _number(typed: str, plan: NumberPlan, field: str = "phones") -> Number:
    """A number that is new to the base. Raises RowFault for what is none."""
    number = number_of(typed, plan)
    if number.rule in UNREADABLE:
        raise RowFault(field, "no-phone", value=typed)
    return number


def _kind(fields: Mapping[str, Any]) -> str:
    """Of a row that does not say it: by its numbers, which only people or only companies have."""
    if len(fields.get("inn", "")) == PERSON_INN or len(fields.get("ogrn", "")) == PERSON_OGRN:
        return "sole-trader" if fields.get("ogrn") or folded(fields["name"]).startswith("ип ") else "person"
    return "company"


def _check_numbers(fields: Mapping[str, Any]) -> None:
    """Raises RowFault for a number that this kind of client does not have."""
    wrong = refusal(fields["kind"], *(fields[name] for name in NUMBERS))
    if wrong:
        name = next(name for name in reversed(NUMBERS) if name in wrong[0])
        raise RowFault(name, "not-of-kind", value=fields[name])


def _same(before: Any, said: Any) -> bool:
    """Whether a cell says what there is: spaces around it and the order of several do not count."""
    if isinstance(before, str) and isinstance(said, str):
        return before.strip().splitlines() == said.strip().splitlines()
    if isinstance(before, list) and isinstance(said, list):
        return set(before) == set(said)
    return bool(before == said)


def _spelled(typed: str) -> str:
    return " ".join(_BETWEEN.split(typed.strip()))


def _plain(one: str | list[str]) -> str:
    """An e-mail or a place, for comparing."""
    return folded_text(one if isinstance(one, str) else " ".join(one))


def folded_text(text: str) -> str:
    """For comparing texts: no case, ё as е, spaces once; punctuation counts."""
    return " ".join(text.casefold().replace("ё", "е").split())


def _add(fields: dict[str, Any], name: str, text: str) -> None:
    if name == "phones":
        parts = [part.strip() for part in _SPLIT.split(text) if part.strip()]
        fields.setdefault("phones", []).extend([part, "", "", False] for part in parts)
    elif name == "emails":
        parts = [part.strip() for part in _SPLIT.split(text) if part.strip()]
        fields.setdefault("emails", []).extend(_email(name, part) for part in parts)
    else:
        parts = [" ".join(part.split()) for part in text.split("\n") if part.strip()]
        if any(len(part) > 400 for part in parts):
            raise RowFault(name, "too-long", most=400)
        fields.setdefault("places", []).extend([name, part] for part in parts)
    listed = "places" if name in ("address", "site") else name
    if len(fields[listed]) > MOST[listed]:
        raise RowFault(listed, "too-many", most=MOST[listed])


def _field(name: str, text: str, known: Known) -> tuple[str, Any]:
    if name in LISTS:
        found = known.lists.get(name, {}).get(folded(text))
        if found is None:
            raise RowFault(name, "not-listed", value=text)
        return f"{name}_id", found
    if name == "kind":
        kind = text if text in KINDS else WORDS_OF_KIND.get(folded(text))
        if kind is None:
            raise RowFault("kind", "no-kind", value=text)
        return name, kind
    if name == "id":
        if not digits(text) or len(text) > 9:
            raise RowFault("id", "no-id")
        return name, int(digits(text))
    if name in ("inn", "ogrn"):
        number = digits(text)
        fault = inn_fault(number) if name == "inn" else ogrn_fault(number)
        if fault:
            raise RowFault(name, "check-digit" if fault == "check" else "form", value=text)
        return name, number
    if name == "kpp":
        number = "".join(text.split()).upper()
        if kpp_fault(number):
            raise RowFault(name, "form", value=text)
        return name, number
    if len(text) > LIMITS.get(name, 400):
        raise RowFault(name, "too-long", most=LIMITS.get(name, 400))
    return name, text


def _property(prop: Property, text: str) -> Any:
    try:
        value = read_value(prop, _named(prop, text))
    except ValueError:
        raise RowFault(prop.name, "value", value=text) from None
    return list(value) if isinstance(value, tuple) else value


def _named(prop: Property, text: str) -> object:
    """A list's values by their names, which come before ids here; `; ` may stand in a name."""
    if prop.kind not in ("list", "several"):
        return text
    by_name = {folded_text(one.name): one.id for one in prop.values}
    if folded_text(text) in by_name:
        found = by_name[folded_text(text)]
        return found if prop.kind == "list" else [found]
    if prop.kind == "list":
        return text
    parts, chosen = text.split(";"), []
    while parts:
        many = next((n for n in range(len(parts), 0, -1) if folded_text(";".join(parts[:n])) in by_name), 1)
        whole = folded_text(";".join(parts[:many]))
        if whole:
            chosen.append(by_name.get(whole, whole))
        del parts[:many]
    return chosen
