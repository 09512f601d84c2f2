"""Numbers as people and PBXs write them."""

from __future__ import annotations

import re
import time

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cti.telephony.numbering import LONGEST_INPUT, Number, NumberPlan, read, read_all, show, takes_texts

MOSCOW = NumberPlan()
ALHIMOV = "+79355550101"


@pytest.mark.parametrize(
    "typed",
    [
        *("+79355550101", "89355550101", "79355550101", "9355550101", "8 (935) 555-01-01", "+7 935 555-01-01"),
        *(
            "8-935-555-01-01",
            "8.935.555.01.01",
            "+7(935)5550101",
            "007 935 5550101",
            "8 935 555 01 01",
            "tel:+79355550101",
        ),
        *("sip:+79355550101@10.0.0.1", "sip:89355550101@pbx.example;user=phone", '"Пётр" <sip:+79355550101@h>'),
        *(
            "<sip:%2B79355550101@h:5060;transport=udp>;tag=1",
            "８９３５５５５０１０１",
            "\u202e+79355550101\u202c",
            "+7 935 555‑01‑01",
        ),
        *(
            "\t+7\u00a0935\u00a0555\u00a001\u00a001\r\n",
            "+79355550101\x00",
            "(+7) 935 5550101",
            "+7 935 555-01-01, +7 495 000-00-01",
        ),
    ],
)
def test_one_number_in_many_spellings(typed: str) -> None:
    assert read(typed, MOSCOW).e164 == ALHIMOV


@pytest.mark.parametrize(
    ("typed", "e164", "rule"),
    [
        ("+375 29 123-45-67", "+375291234567", "plus"),
        ("375291234567", "+375291234567", "without-plus"),
        ("380441234567", "+380441234567", "without-plus"),
        ("998901234567", "+998901234567", "without-plus"),
        ("0049 30 1234567", "+49301234567", "double-zero"),
        ("810 375 29 123 45 67", "+375291234567", "prefix-810"),
        ("8~10 49 30 1234567", "+49301234567", "prefix-810"),
        ("000-00-01", None, "impossible"),
        ("1234567", "+74951234567", "area-code"),
        ("123-45-67", "+74951234567", "area-code"),
        ("8-800-123-45-67", "+78001234567", "national"),
        ("+1 (202) 555-0123", "+12025550123", "plus"),
        ("12025550123", "+12025550123", "without-plus"),
        ("+39 06 1234567", "+39061234567", "plus"),
        ("+7 701 123 45 67", "+77011234567", "plus"),
    ],
)
def test_the_rule_that_read_it_is_told(typed: str, e164: str | None, rule: str) -> None:
    number = read(typed, MOSCOW)
    assert (number.e164, number.rule) == (e164, rule)
    assert number.kind == ("e164" if e164 else "unreadable")


@pytest.mark.parametrize(
    ("typed", "extension"),
    [
        *(("+7 495 000-00-01 доб. 123", "123"), ("84950000001 доб 123", "123"), ("+74950000001,123", "123")),
        *(("+7 (495) 000-00-01 (доб. 1)", "1"), ("84950000001 ext. 12", "12"), ("84950000001x12", "12")),
        *(("84950000001#5", "5"), ("tel:+74950000001;ext=77", "77"), ("+74950000001;ext=77", "77")),
        *(("+7 495 000-00-01, доб. 123", "123"), ("84950000001 добавочный 9", "9"), ("84950000001 вн. 9", "9")),
        ("+74950000001", ""),
    ],
)
def test_an_extension_is_kept_apart(typed: str, extension: str) -> None:
    number = read(typed, MOSCOW)
    assert (number.e164, number.extension) == ("+74950000001", extension)


@pytest.mark.parametrize("typed", ["101", "10", "99999", "1-01", "sip:101@pbx", "<sip:101@pbx>", " 101 ", "112"])
def test_the_own_plan_comes_before_the_world_s(typed: str) -> None:
    number = read(typed, MOSCOW)
    assert (number.kind, number.e164) == ("internal", None)
    assert re.fullmatch(r"\d{2,5}", number.internal or "")


def test_internal_numbers_are_what_the_plan_says() -> None:
    plan = NumberPlan(internal=r"7\d{6}")
    assert read("7123456", plan).kind == "internal"
    assert read("101", plan).kind == "unreadable"
    assert read("+7101", MOSCOW).kind == "unreadable"


@pytest.mark.parametrize(
    "raw",
    [
        *(None, "", " ", "Anonymous", "anonymous", "<unknown>", "Unknown", "RESTRICTED", "private", "unavailable"),
        *(
            "sip:anonymous@anonymous.invalid",
            '"Anonymous" <sip:anonymous@anonymous.invalid>',
            "аноним",
            "\x00",
            "\u202e",
        ),
    ],
)
def test_a_hidden_caller_has_no_number(raw: str | None) -> None:
    number = read(raw, MOSCOW)
    assert (number.kind, number.e164, number.internal) == ("hidden", None, None)


@pytest.mark.parametrize(
    ("raw", "rule"),
    [
        *(("abc", "letters"), ("1-800-FLOWERS", "letters"), ("<b>89355550101</b>", "letters"), ("*8", "too-short")),
        *(("1" * 40, "too-long"), ("1", "too-short"), ("s", "letters"), ("+", "too-short"), ("999999", "impossible")),
        *(("89355550101' --x", "letters"), ("${EXTEN}", "letters"), ("8935555010X", "letters")),
    ],
)
def test_what_is_no_number_is_said_so(raw: str, rule: str) -> None:
    number = read(raw, MOSCOW)
    assert number.e164 is None
    assert number.raw == raw
    assert (number.kind, number.rule) == ("unreadable", rule)


def test_local_digits_get_the_area_code_of_the_installation() -> None:
    assert read("123456", NumberPlan(area_code="4852")).e164 == "+74852123456"
    assert read("1234567", NumberPlan(area_code="")).e164 is None
    assert read("030 1234567", NumberPlan(region="DE", area_code="")).e164 == "+49301234567"


def test_every_number_in_a_field_is_found_once() -> None:
    field = "+7 495 000-00-01, 8 935 555 01 01 доб. 5; 8(495)0000002 / 84950000001\n+375 29 123-45-67 и 9355550102"
    assert [(n.e164, n.extension) for n in read_all(field, MOSCOW)] == [
        ("+74950000001", ""),
        (ALHIMOV, "5"),
        ("+74950000002", ""),
        ("+375291234567", ""),
        ("+79355550102", ""),
    ]
    assert read_all(None, MOSCOW) == ()
    assert [n.e164 for n in read_all("8 (495) 000-00-01/02", MOSCOW)] == ["+74950000001"]


@pytest.mark.parametrize(
    ("e164", "shown"),
    [
        *((ALHIMOV, "+7 935 555-01-01"), ("+375291234567", "+375 29 123-45-67"), ("101", "101"), (None, ""), ("", "")),
        *(("+12025550123", "+1 202-555-0123"), ("+9" * 30, "+9" * 30), ("+<b>", "+<b>")),
    ],
)
def test_numbers_are_shown_as_people_write_them(e164: str | None, shown: str) -> None:
    assert show(e164) == shown


@given(st.text(max_size=200))
@settings(max_examples=400, deadline=None)
def test_no_input_raises_or_grows(raw: str) -> None:
    number = read(raw, MOSCOW)
    assert number.raw == raw[:LONGEST_INPUT]
    if number.kind == "e164":
        assert re.fullmatch(r"\+[1-9]\d{4,17}", number.e164 or "")
    else:
        assert number.e164 is None
    assert re.fullmatch(r"\d{0,10}", number.extension)
    read_all(raw, MOSCOW)
    show(raw)


@given(st.text(alphabet="+0123456789 ()-.,;/#xдоб", max_size=80))
@settings(max_examples=600, deadline=None)
def test_what_was_read_reads_the_same_again(raw: str) -> None:
    number = read(raw, MOSCOW)
    if number.e164:
        again = read(number.e164, MOSCOW)
        assert (again.e164, again.rule) == (number.e164, "plus")
        assert read(show(number.e164), MOSCOW).e164 == number.e164


@given(st.from_regex(r"(\+7|7|8|)[0-9]{9,10}", fullmatch=True))
@settings(max_examples=200, deadline=None)
def test_russian_numbers_are_read_as_the_library_reads_them(typed: str) -> None:
    try:
        number = phonenumbers.parse(typed, "RU")
        possible = phonenumbers.is_possible_number_with_reason(number) == phonenumbers.ValidationResult.IS_POSSIBLE
    except phonenumbers.NumberParseException:
        possible = False
    if possible:
        assert read(typed, MOSCOW).e164 == phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def test_long_and_hostile_fields_cost_next_to_nothing() -> None:
    begun = time.process_time()
    for hostile in ("(" * 10**6, "+7" * 10**6, "доб" * 10**6, "1," * 10**6, " " * 10**6, "sip:" * 10**6, "1;" * 10**6):
        assert isinstance(read(hostile, MOSCOW), Number)
        read_all(hostile, MOSCOW)
    assert time.process_time() - begun < 1.0


@pytest.mark.parametrize(
    ("e164", "takes"),
    [
        *((ALHIMOV, True), ("+74950000001", False), ("+78001234567", False), ("+12125550100", True)),
        *(("+442079460001", False), ("+447701234567", True), ("+77011234567", True)),
        *(("", False), ("101", False), ("+", False), ("+7" + "9" * 90, False)),
    ],
)
def test_an_sms_goes_to_no_landline(e164: str, takes: bool) -> None:
    assert takes_texts(e164) is takes
