"""Check digits: right numbers pass, one wrong digit never does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.clients.requisites import digits, inn_fault, kpp_fault, ogrn_fault

COMPANIES = ("7707083893", "7736050003", "7710140679")
PERSONS = ("500100732259", "772456789014")
REGISTERED = ("1027700132195", "1027700070518", "304500116000157")


def person(first_ten: str) -> str:
    """A person's INN with its two check digits."""
    for last in range(100):
        if inn_fault(f"{first_ten}{last:02}") is None:
            return f"{first_ten}{last:02}"
    raise AssertionError(first_ten)


@pytest.mark.parametrize("inn", [*COMPANIES, PERSONS[0], person("7724567890")])
def test_right_numbers_pass_and_any_other_digit_is_caught(inn: str) -> None:
    assert inn_fault(inn) is None
    assert inn_fault(inn, company=len(inn) == 10) is None
    assert inn_fault(inn, company=len(inn) != 10) == "length"
    for place in range(len(inn)):
        other = str((int(inn[place]) + 1) % 10)
        assert inn_fault(inn[:place] + other + inn[place + 1 :]) == "check"


@pytest.mark.parametrize("ogrn", REGISTERED[:2])
def test_ogrn(ogrn: str) -> None:
    assert ogrn_fault(ogrn) is None
    for place in range(len(ogrn)):
        other = str((int(ogrn[place]) + 1) % 10)
        assert ogrn_fault(ogrn[:place] + other + ogrn[place + 1 :]) is not None


def test_what_cannot_be_such_a_number() -> None:
    assert inn_fault("123") == "length"
    assert inn_fault("77070838٩3") == "digits"
    assert kpp_fault("773601001") is None
    assert kpp_fault("7736AB001") is None
    assert (kpp_fault("77360100"), kpp_fault("7736ab001")) == ("length", "digits")
    assert ogrn_fault("10277001321951") == "length"
    assert digits("77 07-083893") == "7707083893"


@given(st.text(max_size=20))
def test_no_text_raises(text: str) -> None:
    inn_fault(text)
    kpp_fault(text)
    ogrn_fault(text)
