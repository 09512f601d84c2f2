"""Toll guard and auto-answer: pure tables."""

from __future__ import annotations

import pytest

from cti.telephony.auto_answer import MODELS, headers_for, headers_of
from cti.telephony.toll import Pace, forbidden

DENY = ("+7809", "+7803", "+7805", "+7976")


@pytest.mark.parametrize("number", ["+79355550101", "+74950000001", "+78120000606", "+78001234567"])
def test_SEC_03_numbers_of_the_own_country_may_be_dialled(number: str) -> None:
    assert forbidden(number, countries=("RU",), deny=DENY) is None


@pytest.mark.parametrize(
    "number",
    [
        "+78091234567",  # premium
        "+8835100012345",  # satellite and networks
        "+882161234567",
        "+870773111632",
        "+88161234567",
        "+12025550123",
        "+77011234567",  # Kazakhstan shares the code 7
        "+375291234567",
        "+5350001234",
        "+7",
        "+7935",
        "+79355550101999",
    ],
)
def test_SEC_03_everything_else_is_refused_with_a_sentence(number: str) -> None:
    assert (forbidden(number, countries=("RU",), deny=DENY) or "").endswith(".")


def test_SEC_03_pace_allows_ten_a_minute_and_sixty_an_hour() -> None:
    pace = Pace(per_minute=10, per_hour=60)
    placed = 0
    for second in range(0, 3600, 5):
        if not pace.too_often(float(second)):
            pace.count(float(second))
            placed += 1
            assert placed <= 60
    assert placed == 60
    assert not pace.too_often(7300.0)


def test_phones_pick_up_by_model_and_a_stranger_just_rings() -> None:
    assert headers_for("Yealink SIP-T46S 66.85") == (("Call-Info", "answer-after=0"),)
    assert headers_for("snomD785/10.1") == (("Call-Info", "<sip:127.0.0.1>;answer-after=0"),)
    assert headers_for("Fanvil X4") == (("Alert-Info", "info=alert-autoanswer"),)
    assert headers_for("SomePhone/1.0") == ()


def test_a_model_that_an_admin_named_is_not_asked_for() -> None:
    assert headers_of("auto") is None
    assert headers_of("off") == ()
    assert headers_of("snom") == (("Call-Info", "<sip:127.0.0.1>;answer-after=0"),)
    assert [name for name, _ in headers_of("other") or ()] == ["Call-Info", "Alert-Info"]
    assert all(headers_of(model) for model in MODELS if model not in ("auto", "off"))
