"""Russian company numbers: right ones pass, slips are named."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.clients.requisites import digits, inn_fault, kpp_fault, ogrn_fault

# Sberbank, Yandex, Gazprom, Russian Railways, Lukoil, Rostelecom, Aeroflot.
COMPANY_INNS = ("7707083893", "7736207543", "7736050003", "7708503727", "7708004767", "7707049388", "7712040126")
# By hand: 1234567891 sums to 265, 265 % 11 = 1; with that 1 to 264, 264 % 11 = 0. 5001007322: 148 -> 5, then 141 -> 9.
PERSON_INNS = ("123456789110", "500100732259")
COMPANY_OGRNS = ("1027700132195", "1027700229193", "1027700070518", "1037739877295", "1027700035769")
PERSON_OGRNS = ("304500116000157",)


def changed(number: str) -> Iterator[str]:
    """The number with each digit replaced by each other digit."""
    for place, own in enumerate(number):
        for other in "0123456789":
            if other != own:
                yield number[:place] + other + number[place + 1 :]


@pytest.mark.parametrize("number", COMPANY_INNS)
def test_a_company_s_inn_is_right(number: str) -> None:
    assert inn_fault(number) is None
    assert inn_fault(number, company=True) is None
    assert inn_fault(number, company=False) == "length"


@pytest.mark.parametrize("number", PERSON_INNS)
def test_a_person_s_inn_is_right(number: str) -> None:
    assert inn_fault(number) is None
    assert inn_fault(number, company=False) is None
    assert inn_fault(number, company=True) == "length"


@pytest.mark.parametrize("number", COMPANY_OGRNS + PERSON_OGRNS)
def test_an_ogrn_is_right(number: str) -> None:
    assert ogrn_fault(number) is None


@pytest.mark.parametrize("number", COMPANY_INNS + PERSON_INNS)
def test_each_changed_digit_of_an_inn_is_caught(number: str) -> None:
    assert {inn_fault(other) for other in changed(number)} == {"check"}


@pytest.mark.parametrize("number", COMPANY_OGRNS + PERSON_OGRNS)
def test_each_changed_digit_of_an_ogrn_is_caught(number: str) -> None:
    assert {ogrn_fault(other) for other in changed(number)} == {"check"}


@given(st.from_regex(r"[0-9]{9}", fullmatch=True))
def test_a_changed_digit_is_caught_for_any_company_whose_check_digit_is_not_0(start: str) -> None:
    right = next((start + last for last in "0123456789" if inn_fault(start + last) is None), "0")
    if right[-1] != "0":
        assert {inn_fault(other) for other in changed(right)} == {"check"}


@given(st.from_regex(r"[0-9]{12}", fullmatch=True))
def test_a_changed_digit_is_caught_for_any_ogrn_whose_check_digit_is_not_0(start: str) -> None:
    right = next((start + last for last in "0123456789" if ogrn_fault(start + last) is None), "0")
    if right[-1] != "0":
        assert {ogrn_fault(other) for other in changed(right)} == {"check"}


def test_the_remainders_0_and_10_share_a_check_digit() -> None:
    """What the published check cannot see: these differ in one digit and are both right."""
    assert inn_fault("7700000030") is None  # 66 % 11 = 0
    assert inn_fault("7700000070") is None  # 98 % 11 = 10, written as 0
    assert inn_fault("7700000040") == "check"  # 74 % 11 = 8
    assert ogrn_fault("1027700132250") is None  # a multiple of 11
    assert ogrn_fault("1027700132240") is None  # one less: 10, written as 0


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "length"),
        ("770708389", "length"),
        ("77070838931", "length"),
        ("7707 083893", "digits"),
        ("770708389З", "digits"),
        ("٧٧٠٧٠٨٣٨٩٣", "digits"),
        ("²²²²²²²²²²", "digits"),
        ("0000000000", "check"),
        ("000000000000", "check"),
    ],
)
def test_a_wrong_inn_is_told_why(text: str, fault: str) -> None:
    assert inn_fault(text) == fault


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "length"),
        ("102770013219", "length"),
        ("10277001321950", "length"),
        ("1027700132195 ", "digits"),
        ("O027700132195", "digits"),
        ("0000000000000", "check"),
    ],
)
def test_a_wrong_ogrn_is_told_why(text: str, fault: str) -> None:
    assert ogrn_fault(text) == fault


@pytest.mark.parametrize("text", ["773601001", "770501001", "0000AZ000", "99093A001"])
def test_a_kpp_is_right(text: str) -> None:
    assert kpp_fault(text) is None


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "length"),
        ("77360100", "length"),
        ("7736010011", "length"),
        ("773601001\n", "digits"),
        ("7736ab001", "digits"),
        ("7736АВ001", "digits"),  # Cyrillic letters that look Latin
        ("A73601001", "digits"),
        ("77360100A", "digits"),
    ],
)
def test_a_wrong_kpp_is_told_why(text: str, fault: str) -> None:
    assert kpp_fault(text) == fault


def test_digits_of_what_was_typed() -> None:
    assert digits(" 7707 083-893 ") == "7707083893"
    assert digits("ИНН: 7707083893") == "7707083893"
    assert digits("нет") == ""
    assert inn_fault(digits("7707 083893")) is None


@given(st.text() | st.text(alphabet="0123456789АA² ", max_size=16))
def test_no_text_breaks_them(text: str) -> None:
    for company in (None, True, False):
        assert inn_fault(text, company=company) in (None, "length", "digits", "check")
    assert kpp_fault(text) in (None, "length", "digits")
    assert ogrn_fault(text) in (None, "length", "digits", "check")
    assert set(digits(text)) <= set("0123456789")
