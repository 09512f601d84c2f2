"""Two cards as one and as two again: nothing that either said is lost, and the way back leads where it came from."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cti.clients.card import ClientCard, Phone, Place
from cti.clients.changes import as_fields
from cti.clients.merging import combined, differ, separated

ROMASHKA = ClientCard(
    id=1, name="Ромашка", kind="company", full_name="", note="", responsible_id=None, responsible="", phones=(),
    emails=(), version=1, created_at=1.0, updated_at=1.0,
)  # fmt: skip
WORDS = st.sampled_from(["", "a", "b", "c"])
PHONES = st.lists(
    st.sampled_from([Phone(typed=f"+7935555010{n}", e164=f"+7935555010{n}") for n in range(4)]), unique=True, max_size=4
)
CARDS = st.builds(
    lambda **fields: replace(ROMASHKA, **fields),
    name=st.sampled_from(["Ромашка", "Берёзка"]),
    note=WORDS,
    inn=WORDS,
    responsible_id=st.sampled_from([None, 1, 2]),
    phones=PHONES.map(tuple),
    emails=st.lists(st.sampled_from(["a@a.example", "A@A.example", "b@b.example"]), unique=True).map(tuple),
    places=st.lists(st.sampled_from([Place(kind="site", value="a"), Place(kind="vk", value="b")]), unique=True).map(
        tuple
    ),
    values=st.dictionaries(st.sampled_from([1, 2]), st.sampled_from([1.0, 2.0, None])),
)
CHOICES = st.dictionaries(st.sampled_from(["name", "note", "inn", "property:1"]), st.sampled_from(["kept", "gone"]))


@given(CARDS, CARDS, CHOICES)
def test_taken_back_at_once_the_kept_card_is_as_it_was(kept: ClientCard, gone: ClientCard, choices: Any) -> None:
    before, after = as_fields(kept), combined(kept, gone, choices)
    assert separated(after, before, after) == before


@given(CARDS, CARDS, CHOICES)
def test_every_phone_mail_and_place_of_both_is_there_once(kept: ClientCard, gone: ClientCard, choices: Any) -> None:
    fields = combined(kept, gone, choices)
    numbers = [row[0] for row in fields["phones"]]
    assert sorted(numbers) == sorted({phone.typed for phone in (*kept.phones, *gone.phones)})
    assert {one.casefold() for one in fields["emails"]} == {one.casefold() for one in (*kept.emails, *gone.emails)}
    places = {(place.kind, place.value) for place in (*kept.places, *gone.places)}
    assert sorted(fields["places"]) == sorted(map(list, places))


@given(CARDS, CARDS)
def test_a_person_chooses_only_where_both_say_something_else(kept: ClientCard, gone: ClientCard) -> None:
    asked, fields = differ(kept, gone), combined(kept, gone, {})
    for name, value in as_fields(gone).items():
        if name in asked:
            assert fields[name] == as_fields(kept)[name]
        elif not isinstance(value, list) and value not in (None, ""):
            assert fields[name] == value


def test_a_note_may_be_both_and_several_of_a_list_are_united() -> None:
    one = replace(ROMASHKA, note="первое", values={1: (1, 2)})
    two = replace(ROMASHKA, note="второе", values={1: (2, 3)})
    fields = combined(one, two, {"note": "both"})
    assert (fields["note"], fields["property:1"]) == ("первое\n\nвторое", [1, 2, 3])


def test_from_what_was_changed_since_goes_only_what_the_other_brought() -> None:
    one = replace(ROMASHKA, note="было", emails=("a@a.example",))
    two = replace(ROMASHKA, inn="7707083893", emails=("b@b.example",))
    before, after = as_fields(one), combined(one, two, {})
    now = {**after, "note": "стало", "emails": ["b@b.example", "c@c.example"]}
    back = separated(now, before, after)
    assert (back["note"], back["inn"], back["emails"]) == ("стало", "", ["c@c.example"])
