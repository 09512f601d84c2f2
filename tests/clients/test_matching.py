"""Who may be calling, best first, and why."""

from __future__ import annotations

from dataclasses import replace

from cti.clients.card import ClientDraft, Phone, PhoneMatch, with_numbers
from cti.clients.matching import match
from cti.desktop import ClientBrief, ContactBrief, Match
from cti.telephony.numbering import NumberPlan, read

PLAN = NumberPlan()
ANNA, BORIS, CLARA = 1, 2, 3
PYOTR = ClientBrief(id=10, name="Пётр")
ROMASHKA = ClientBrief(id=20, name="Ромашка")
GRANIT = ClientBrief(id=30, name="Гранит")
NUMBER = read("+7 495 000-01-00", PLAN)
DAY = 1_795_000_000.0  # 2026-11-18


def phone(client: ClientBrief, extension: str = "", *, shared: bool = False, label: str = "работа") -> PhoneMatch:
    return PhoneMatch(client=client, label=label, extension=extension, shared=shared)


def told(matches: tuple[Match, ...]) -> list[tuple[str, str]]:
    return [(m.client.name, m.why.code) for m in matches]


def test_one_client_is_the_client() -> None:
    kind, matches = match(NUMBER, [phone(PYOTR, label="мобильный")], [], ANNA)
    assert (kind, told(matches)) == ("client", [("Пётр", "exact-phone")])
    assert dict(matches[0].why.args) == {"number": "+74950000100", "label": "мобильный"}


def test_nobody_is_unknown() -> None:
    assert match(NUMBER, [], [], ANNA) == ("unknown", ())
    assert match(read("abc", PLAN), [], [], ANNA) == ("unknown", ())


def test_a_hidden_caller_matches_nobody_whatever_is_offered() -> None:
    for raw in (None, "", "Anonymous", "unknown"):
        assert match(read(raw, PLAN), [phone(PYOTR)], [(ANNA, 10, DAY)], ANNA) == ("hidden", ())


def test_an_internal_number_is_a_colleague() -> None:
    assert match(read("101", PLAN), [], [], ANNA) == ("colleague", ())


def test_personal_phones_come_before_shared_ones() -> None:
    kind, matches = match(NUMBER, [phone(ROMASHKA, shared=True), phone(PYOTR)], [], ANNA)
    assert (kind, told(matches)) == ("several", [("Пётр", "exact-phone"), ("Ромашка", "shared-phone")])
    assert matches[1].why.args["count"] == "2"


def test_the_caller_s_extension_tells_who_it_is() -> None:
    with_extension = read("+7 495 000-01-00 доб. 14", PLAN)
    _, matches = match(with_extension, [phone(ROMASHKA), phone(GRANIT, "15"), phone(PYOTR, "14")], [], ANNA)
    assert told(matches)[0] == ("Пётр", "exact-phone-with-extension")
    assert matches[0].why.args["extension"] == "14"


def test_the_own_choice_comes_first_then_a_colleague_s() -> None:
    candidates = [phone(PYOTR), phone(ROMASHKA, shared=True), phone(GRANIT, shared=True)]
    choices = [(BORIS, ROMASHKA.id, DAY + 5), (ANNA, GRANIT.id, DAY), (CLARA, PYOTR.id, DAY - 5)]
    kind, matches = match(NUMBER, candidates, choices, ANNA)
    assert kind == "several"
    assert told(matches) == [
        ("Гранит", "chosen-before"),
        ("Ромашка", "chosen-by-colleague"),
        ("Пётр", "chosen-by-colleague"),
    ]
    assert dict(matches[0].why.args) == {"date": "2026-11-18"}
    assert told(match(NUMBER, candidates, choices, None)[1])[0] == ("Ромашка", "chosen-by-colleague")


def test_a_client_who_has_the_number_twice_is_one_match_by_its_better_phone() -> None:
    with_extension = read("+7 495 000-01-00 доб. 14", PLAN)
    kind, matches = match(with_extension, [phone(PYOTR, shared=True), phone(PYOTR, "14"), phone(PYOTR)], [], ANNA)
    assert (kind, told(matches)) == ("client", [("Пётр", "exact-phone-with-extension")])


def test_equal_candidates_keep_their_order() -> None:
    _, matches = match(NUMBER, [phone(GRANIT), phone(PYOTR), phone(ROMASHKA)], [], ANNA)
    assert [m.client.name for m in matches] == ["Гранит", "Пётр", "Ромашка"]


def test_a_draft_s_phones_are_read_and_what_was_typed_is_kept() -> None:
    draft = ClientDraft(
        name="Пётр", phones=(Phone(typed="8 935 555-03-01", label="мобильный"), Phone(typed="спросить", shared=True))
    )
    assert with_numbers(draft, PLAN).phones == (
        Phone(typed="8 935 555-03-01", e164="+79355550301", label="мобильный"),
        Phone(typed="спросить", shared=True),
    )


def test_an_extension_given_apart_is_kept() -> None:
    apart = Phone(typed="84950000100", extension="14")
    both = Phone(typed="84950000100 доб. 5", extension="14")
    assert [p.extension for p in with_numbers(ClientDraft(name="П", phones=(apart, both)), PLAN).phones] == ["14", "5"]


def test_the_same_subscriber_comes_after_the_same_number_and_before_what_is_dialled_here() -> None:
    local = replace(phone(ROMASHKA), local=True)
    _, matches = match(NUMBER, [local, phone(GRANIT, "15"), phone(PYOTR)], [], ANNA)
    assert told(matches) == [("Пётр", "exact-phone"), ("Гранит", "same-subscriber"), ("Ромашка", "local-form")]
    assert matches[1].why.args["extension"] == "15"


def test_a_contact_person_s_phone_says_whose_it_is() -> None:
    olga = ContactBrief(id=7, name="Ольга", role="бухгалтер")
    _, matches = match(NUMBER, [phone(ROMASHKA, shared=True), replace(phone(GRANIT), contact=olga)], [], ANNA)
    assert told(matches) == [("Гранит", "contact-phone"), ("Ромашка", "shared-phone")]
    assert matches[0].contact == olga
    assert (matches[0].why.args["contact"], matches[0].why.args["role"]) == ("Ольга", "бухгалтер")


def test_with_the_extension_of_a_person_the_company_s_own_line_is_him() -> None:
    olga = ContactBrief(id=7, name="Ольга")
    asked = read("+7 495 000-01-00 доб. 14", PLAN)
    _, (one,) = match(asked, [phone(GRANIT, shared=True), replace(phone(GRANIT, "14"), contact=olga)], [], ANNA)
    assert one.contact == olga
