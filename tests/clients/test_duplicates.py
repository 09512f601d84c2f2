"""Which two cards are likely one client, and why."""

from __future__ import annotations

import random
import time
from collections import defaultdict
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.clients.duplicates import LIKELY, Candidate, blocking_keys, likeness, name_key

INN, OTHER_INN = "7707083893", "7736207543"
PHONE, OTHER_PHONE = "+74950000100", "+74950000101"
EMAIL = "anna@mail.example"


def card(name: str = "", **fields: object) -> Candidate:
    return Candidate(id=1, name=name, **fields)  # type: ignore[arg-type]


def score(one: Candidate, two: Candidate) -> float:
    return likeness(one, two).score


@pytest.mark.parametrize(
    "name",
    [
        "ромашка",
        'ООО "Ромашка"',
        "Ромашка, ООО",
        "ООО «РОМАШКА»",
        "Общество с ограниченной ответственностью «Ромашка»",
        "Публичное акционерное общество „Ромашка“",
        "  ромашка  (ЗАО) ",
        "ИП Ромашка",
        "Индивидуальный предприниматель Ромашка",
        "Ромашка Co., Ltd.",
        "Ромашка, Inc.",
        "Ромашка LLC",
        "Ромашка GmbH",
    ],
)
def test_a_legal_form_case_and_punctuation_do_not_matter(name: str) -> None:
    assert name_key(name) == "ромашка"


def test_a_legal_form_inside_a_word_stays() -> None:
    assert name_key("АО Аорта") == "аорта"
    assert name_key("Типография") == "типография"
    assert name_key("Coca-Cola Inc") == "coca cola"


def test_yo_is_ye_even_when_written_as_two_signs() -> None:
    assert name_key("Пётр Королёв") == name_key("Петр Королев") == name_key("Пе\u0308тр Королев")


def test_the_order_of_a_person_s_names_does_not_matter() -> None:
    assert name_key("Иванов Иван") == name_key("Иван Иванов") == "иван иванов"
    assert name_key("ИП Иванов Иван Петрович") == name_key("Иван Петрович Иванов (ИП)")


def test_surname_and_initials() -> None:
    spelled = {
        name_key(name) for name in ("Иванов И. И.", "Иванов И.И.", "И. И. Иванов", "И.И.Иванов", "ИП Иванов И И")
    }
    assert spelled == {"и и иванов"}
    assert name_key("Иванов И. П.") == "и иванов п"  # initials that spell a legal form are none


@pytest.mark.parametrize("name", ["", " ", "«»", "ООО", "АО - ЗАО", "_", "🙂"])
def test_a_name_of_nothing_has_no_key(name: str) -> None:
    assert name_key(name) == ""
    assert blocking_keys(card(name)) == frozenset()
    assert likeness(card(name), card(name)).reasons == ()


def test_keys_of_a_full_card() -> None:
    one = card(
        "Ромашка", full_name='ООО "Торговый дом"', inn="7707 083893", phones=(PHONE,), emails=(" Anna@Mail.example",)
    )
    assert blocking_keys(one) == {
        f"inn:{INN}",
        f"phone:{PHONE}",
        f"email:{EMAIL}",
        "name:ромашка",
        "name:дом торговый",
        "near:рмш",
        "near:дм трг",
    }


def test_empty_values_and_fillers_make_no_key() -> None:
    assert blocking_keys(card(inn="-", phones=("",), emails=("", " "))) == frozenset()
    assert blocking_keys(card(inn="0000000000")) == frozenset()
    assert likeness(card(inn="0000000000"), card(inn="000000000000")).score == 0


@pytest.mark.parametrize(
    ("one", "two", "expected", "reasons"),
    [
        (card("А", inn=INN), card("Б", inn="7707 083893"), 1.0, [("inn", INN)]),
        (card("А", inn=INN), card("Б", inn=INN, kind="person"), 0.95, [("inn", INN)]),
        (card("А", phones=(PHONE,)), card("Б", phones=(OTHER_PHONE, PHONE)), 0.9, [("phone", PHONE)]),
        (card("А", emails=(EMAIL,)), card("Б", emails=("ANNA@mail.example",)), 0.85, [("email", EMAIL)]),
        (card('ООО "Ромашка"'), card("Ромашка, ООО"), 0.6, [("name", "ромашка")]),
        (card("Белая Ромашка"), card("Ромашка белая"), 0.75, [("name", "белая ромашка")]),
        (card("Иванов Иван", kind="person"), card("ИП Иванов Иван"), 0.6, [("name", "иван иванов")]),
        (card("Ромашка-Сервис"), card("Рамашка-Сервис"), 0.5, [("name", "рамашка сервис ~ ромашка сервис")]),
        (card("Р", full_name="ООО Ромашка"), card("Ромашка"), 0.6, [("full-name", "ромашка")]),
        (card("Мир", full_name="Мир Чая"), card("Мир", full_name="АО Мир чая"), 0.75, [("full-name", "мир чая")]),
        (card("Лютик"), card("Мотик"), 0.0, []),
        (card(), card(), 0.0, []),
    ],
)
def test_one_reason(one: Candidate, two: Candidate, expected: float, reasons: list[tuple[str, str]]) -> None:
    found = likeness(one, two)
    assert found.score == expected
    assert list(found.reasons) == reasons
    assert likeness(two, one) == found


def test_several_reasons_add_up() -> None:
    one, two = (card(name, phones=(PHONE,), emails=(EMAIL,)) for name in ("Ромашка", "ООО Ромашка"))
    assert likeness(one, two).score == pytest.approx(1 - 0.1 * 0.15 * 0.4)
    assert [reason for reason, _ in likeness(one, two).reasons] == ["phone", "email", "name"]


def test_each_reason_counts_once() -> None:
    one = card(phones=(PHONE, OTHER_PHONE))
    assert likeness(one, one).score == 0.9
    assert likeness(one, one).reasons == (("phone", PHONE), ("phone", OTHER_PHONE))
    both = card("Ромашка", full_name="ООО Ромашка")
    assert likeness(both, both).score == 0.6


def test_two_different_inns_are_two_clients_whatever_else_is_equal() -> None:
    one, two = (card("Ромашка", inn=inn, phones=(PHONE,), emails=(EMAIL,)) for inn in (INN, OTHER_INN))
    assert likeness(one, two).score == 0.4
    assert len(likeness(one, two).reasons) == 3  # still told
    assert score(card("Лютик", inn=INN), card("Мотик", inn=OTHER_INN)) == 0


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("Ромашка Плюс", "Ромашка Сервис"),
        ("Торговый дом Альфа", "Торговый дом Бета"),
        ("Строительная компания Север", "Строительная компания Сервер"),
        ("Управляющая компания Жилищник 1", "Управляющая компания Жилищник 2"),
        ("Сбербанк", "Сбербанк Лизинг"),
        ("Иванов Иван Иванович", "Иванов Пётр Иванович"),
        ("Мир", "Мира"),
    ],
)
def test_different_clients_with_a_common_word_stay_apart(one: str, two: str) -> None:
    assert score(card(one), card(two)) < LIKELY


def test_short_keys_are_near_to_nothing() -> None:
    assert score(card("Мирон"), card("Мироны")) == 0
    assert score(card("Ромашка"), card("Ромашки")) == 0  # 6 of 7: 0.857
    assert score(card("Ромашковая"), card("Ромашковое")) == 0
    assert score(card("Ромашковый"), card("Ромашковый2")) == 0.5


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("Ромашка-Сервис", "Рамашка-Сервис"),
        ("Александров Геннадий", "Александров Генадий"),
        ("Металлургстрой", "Металургстрой"),
    ],
)
def test_names_with_a_slip_of_the_pen_meet(one: str, two: str) -> None:
    assert score(card(one), card(two)) == 0.5
    assert blocking_keys(card(one)) & blocking_keys(card(two))


WORDS = ["Ромашка", "Рамашка", "ромашковый", "Иванов", "И.", "ООО", "ИП", "плюс", "ß", "ё", "аб", ""]
NAMES = st.lists(st.sampled_from(WORDS), max_size=4).map(" ".join) | st.text(max_size=20)
CARDS = st.builds(
    Candidate,
    id=st.integers(),
    name=NAMES,
    full_name=NAMES,
    kind=st.sampled_from(["person", "sole-trader", "company"]),
    inn=st.sampled_from(["", INN, OTHER_INN, "0000000000", "нет"]),
    phones=st.lists(st.sampled_from([PHONE, OTHER_PHONE, ""]), max_size=3).map(tuple),
    emails=st.lists(st.sampled_from([EMAIL, EMAIL.upper(), "", " "]), max_size=2).map(tuple),
)


@given(CARDS, CARDS)
def test_likeness_is_symmetric_and_between_0_and_1(one: Candidate, two: Candidate) -> None:
    assert likeness(one, two) == likeness(two, one)
    assert 0 <= likeness(one, two).score <= 1
    assert bool(likeness(one, two).reasons) == (likeness(one, two).score > 0)


@given(st.text(alphabet="абв ", max_size=16), st.text(alphabet="абв ", max_size=16))
def test_near_names_are_symmetric(one: str, two: str) -> None:
    assert likeness(card(one), card(two)) == likeness(card(two), card(one))


@given(CARDS, CARDS)
def test_likely_twins_always_meet(one: Candidate, two: Candidate) -> None:
    if score(one, two) >= LIKELY:
        assert blocking_keys(one) & blocking_keys(two)


@given(CARDS)
def test_no_key_is_of_an_empty_value(one: Candidate) -> None:
    assert all(value.strip() for _, _, value in (key.partition(":") for key in blocking_keys(one)))


def crowd(count: int) -> list[Candidate]:
    """Clients with common names, and every twentieth a twin of an earlier one, typed otherwise."""
    chance = random.Random(7)
    stems = ["Алекс", "Ива", "Пет", "Сидо", "Куз", "Мака", "Нико", "Степа", "Гри", "Федо", "Тимо", "Кали"]
    surnames = [stem + tail for stem in stems for tail in ("нов", "рин", "шкин", "чук", "лев", "ренко", "цев", "дзе")]
    first = ["Иван", "Пётр", "Анна", "Мария", "Олег", "Сергей", "Ольга", "Елена", "Дмитрий", "Александр"]
    trades = ["Строй", "Торг", "Мед", "Авто", "Агро", "Тех", "Проф", "Эко", "Рос", "Мос", "Альфа", "Вектор"]
    made: list[Candidate] = []
    for number in range(count):
        phone, kind = f"+7495{number:07d}", "company"
        if number % 20 == 19:
            twin = made[chance.randrange(len(made))]
            made.append(Candidate(id=number, name=f"ООО «{twin.name.upper()}»", phones=twin.phones))
            continue
        if number % 2:
            name, kind = f"{chance.choice(surnames)} {chance.choice(first)} {chance.choice(first)}ович", "person"
        else:
            name = f"{chance.choice(trades)}{chance.choice(trades).lower()} {chance.choice(trades)} {number % 50}"
        made.append(Candidate(id=number, name=name, kind=kind, phones=(phone,), emails=(f"c{number}@mail.example",)))
    return made


def test_ten_thousand_clients_are_compared_by_groups_in_seconds() -> None:
    clients = crowd(10_000)
    began = time.perf_counter()
    groups: dict[str, list[Candidate]] = defaultdict(list)
    for client in clients:
        for key in blocking_keys(client):
            groups[key].append(client)
    pairs = {(a.id, b.id) for group in groups.values() for a, b in combinations(group, 2)}
    likely = [pair for pair in pairs if score(clients[pair[0]], clients[pair[1]]) >= LIKELY]
    spent = time.perf_counter() - began
    assert len(likely) >= 500  # the twins at least
    assert spent < 3, f"{len(pairs)} pairs took {spent:.1f} s"
