"""Masks of numbers, records as somebody sees them, and what was masked put in its place again."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.access import Person
from cti.clients.card import ClientCard, Phone, Place
from cti.clients.changes import Change
from cti.clients.masking import DOT, OPEN, Sight, is_masked, mask, restored, unsealed
from cti.desktop import CallView, ClientBrief, Match, Why
from cti.errors import Refused
from cti.sights import Sights
from cti.storage.journal import CallRow
from cti.telephony.numbering import SEAL, show

SIGHTS = Sights(b"key of the tests")
HIDING = SIGHTS.hiding


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("+7 935 555-01-01", "+7 935 •••-••-01"),
        ("звонить 8 (935) 555-01-01 Ивану", "звонить 8 (935) •••-••-01 Ивану"),
        ("555-01-01", "•••-••-01"),
        ("89355550101", "8935•••••01"),
        ("8‑935‑555‑01‑01", "8‑935‑•••‑••‑01"),
        ("+49 30 12345678", "+49 30 ••••••78"),
        ("7935\n5550101", "7935\n•••••01"),
        ("до 23.11.2026, 2026-11-23 15:30", "до 23.11.2026, 2026-11-23 15:30"),
        ("Школа 1234, дом 56", "Школа 1234, дом 56"),
        ("", ""),
    ],
)
def test_a_text_with_its_numbers_masked(text: str, masked: str) -> None:
    assert mask(text) == masked
    assert is_masked(masked) == (DOT in masked)


@given(st.text(alphabet="0123456789 -()+.абв\n", max_size=60))
def test_what_is_masked_shows_no_seven_digits_and_comes_back_whole(text: str) -> None:
    dates = re.sub(r"\d{1,2}\.\d{1,2}\.\d{4}|\d{4}-\d\d-\d\d", "#", mask(text))
    assert not re.search(r"\d(?:[\s().-]{0,3}\d){6}", dates)
    assert restored(mask(text), text) == text
    assert mask(mask(text)) == mask(text)


def test_new_words_around_a_masked_number_leave_it_what_it_was() -> None:
    was = "Марина 8 935 555-01-01, муж 8 935 777-02-02"
    assert restored(f"Утром: {mask(was)}!", was) == f"Утром: {was}!"
    assert restored("муж 8 935 •••-••-02", was) == "муж 8 935 777-02-02"
    assert restored("чужой 8 999 •••-••-09", was) == "чужой 8 999 •••-••-09"
    places = [["whatsapp", "+7 935 •••-••-01"], ["site", "a.example"]]
    assert restored(places, [["whatsapp", "+79355550101"], ["other", "+7 935 555-01-01"]])[0][1] == "+7 935 555-01-01"


def test_a_seal_opens_to_the_number_and_nothing_else_opens() -> None:
    sealed = HIDING.number("+79355550101")
    assert (show(sealed), unsealed(sealed)) == ("+7 935 •••-••-01",) * 2
    assert HIDING.number(sealed) == sealed
    assert SIGHTS.opened(sealed) == "+79355550101"
    assert SIGHTS.opened(f"{sealed} доб. 12") == "+79355550101 доб. 12"
    assert SIGHTS.opened("8 935 555-01-01") == "8 935 555-01-01"
    mark, seal = sealed.split(SEAL)
    for bad in (mark, f"{mark}{SEAL}", f"{sealed}1", f"1{sealed} {sealed}", f"{mark}{SEAL}{seal[::-1]}", "8935•••••01"):
        with pytest.raises(Refused, match="hidden"):
            SIGHTS.opened(bad)
    with pytest.raises(Refused):
        Sights(b"another installation").opened(sealed)


def test_a_right_hides_numbers_and_colleagues_keep_theirs() -> None:
    anna = Person(id=1, login="anna", name="Anna", role="agent")
    assert SIGHTS.of(anna) is OPEN
    sight = SIGHTS.of(Person(id=1, login="anna", name="Anna", role="agent", changed={"clients.numbers": "none"}))
    assert sight.hides
    assert sight.number("102") == "102"
    assert sight.shown("anonymous") == "anonymous"
    assert Sight(hides=True).number("+79355550101") == "+7 935 •••-••-01"


def test_records_are_shown_by_what_their_fields_hold() -> None:
    card = ClientCard(
        id=79355550, name="Пётр 89355550101", kind="person", full_name="", note="8 935 555-01-01", responsible_id=7,
        responsible="Anna",
        phones=(Phone(typed="555 вечером"), Phone(typed="8935 5550101", e164="+79355550101")),
        emails=("79355550101@mail.example",), version=1, created_at=1700000000.0, updated_at=1700000000.0,
        places=(Place(kind="whatsapp", value="+79355550101"),), inn="7707083893", values={1: "8(935)5550101", 2: 5.0},
    )  # fmt: skip
    seen = HIDING.see(card)
    assert "5550101" not in re.sub(r"[^0-9•]", "", str(seen).replace("1700000000", ""))
    assert (seen.id, seen.inn, seen.created_at, seen.values[2]) == (79355550, "7707083893", 1700000000.0, 5.0)
    assert [unsealed(phone.typed) for phone in seen.phones] == ["••• вечером", "+7 935 •••-••-01"]
    assert [SIGHTS.opened(phone.typed) for phone in seen.phones] == ["555 вечером", "8935 5550101"]
    assert OPEN.see(card) is card
    assert HIDING.see({1: [card]})[1][0].name == "Пётр 8935•••••01"
    brief = ClientBrief(id=1, name="А", phones=(("+79355550101", "5", "моб. 89355550101"),))
    match = HIDING.see(Match(client=brief, why=Why(code="exact-phone", args={"number": "+79355550101", "count": "2"})))
    assert match.why.args == {"number": "+7 935 •••-••-01", "count": "2"}
    assert match.client.phones[0][1:] == ("5", "моб. 8935•••••01")
    view = HIDING.see(CallView(id="1700000000.12", state="talking", number="102", name="+79355550101"))
    assert (view.id, view.number, view.name) == ("1700000000.12", "102", "+7935•••••01")


def test_a_change_of_phones_is_told_without_digits_and_one_of_an_inn_with_them() -> None:
    change = Change(field="phones", was=[["8 935 555-01-01", "", "дом", False]], became=[])
    assert HIDING.see(change).was == [["8 935 •••-••-01", "", "дом", False]]
    assert HIDING.see(Change(field="contact:7:phones", was=[["5501", "", "", False]], became=None)).was[0][0] == "••••"
    assert HIDING.see(Change(field="inn", was="7707083893", became="")).was == "7707083893"
    assert HIDING.see(Change(field="property:5", was="8935 5550101", became=4.0)).was == "8935 •••••01"


def test_our_own_number_stays_in_the_journal() -> None:
    row = CallRow(
        **{name: None for name in CallRow.__dataclass_fields__},
    )  # type: ignore[arg-type]
    values = {name: getattr(row, name) for name in CallRow.__dataclass_fields__}
    values |= {
        "client_name": "",
        "note": "",
        "called": "74950000001",
        "transfers": (),
        "conferences": (),
        "legs": (),
        "notes": (),
    }
    values |= {"waits": (), "corrections": (), "caller_number": "79355550101"}
    values |= {"marks": (), "answers": (), "variables": (), "score": None, "imported": False}
    inbound = HIDING.see(CallRow(**{**values, "direction": "inbound"}))
    outbound = HIDING.see(CallRow(**{**values, "direction": "outbound"}))
    assert (inbound.called, outbound.called) == ("74950000001", "7495•••••01")
    assert inbound.caller_number == "7935•••••01"
