"""Whose letter it is, and why."""

from __future__ import annotations

import pytest

from cti.messages.belonging import Owner, decide, domain_of, outside

PYOTR = Owner(client_id=1, name="Pyotr")
ROMASHKA = Owner(client_id=2, name="Romashka")
RYABOVA = Owner(client_id=2, name="Romashka", contact_id=5, contact="Ryabova")


def test_our_own_addresses_tell_nothing_and_the_sender_tells_most() -> None:
    people = [("to", "sales@house.example"), ("cc", "boss@romashka.example"), ("from", "pyotr@mail.example")]
    ours = {"sales@house.example"}
    assert outside(people, ours, "in") == ["pyotr@mail.example", "boss@romashka.example"]
    assert outside([("from", "sales@house.example"), ("to", "pyotr@mail.example")], ours, "out") == [
        "pyotr@mail.example"
    ]


@pytest.mark.parametrize("host", ["gmail.com", "yandex.ru", "bk.ru", "icloud.com", "localhost", ""])
def test_a_public_host_speaks_for_no_company(host: str) -> None:
    assert domain_of(f"a@{host}") == ""


def test_an_address_on_a_card_comes_before_a_domain() -> None:
    by_address = {"p@romashka.example": [PYOTR]}
    found = decide(["p@romashka.example"], by_address=by_address, by_domain={"romashka.example": [ROMASHKA]})
    assert (found.client_id, found.code, found.names["address"]) == (1, "address", "p@romashka.example")


def test_a_contact_persons_address_names_him_and_his_company() -> None:
    found = decide(["r@romashka.example"], by_address={"r@romashka.example": [RYABOVA]}, by_domain={})
    assert (found.client_id, found.contact_id, found.code) == (2, 5, "contact")
    assert found.names == {"address": "r@romashka.example", "client": "Romashka", "contact": "Ryabova"}


def test_a_domain_speaks_for_its_company() -> None:
    found = decide(["new@romashka.example"], by_address={}, by_domain={"romashka.example": [ROMASHKA]})
    assert (found.client_id, found.code, found.names["domain"]) == (2, "domain", "romashka.example")


def test_several_clients_are_a_persons_choice_unless_the_conversation_has_one() -> None:
    owners = {"both@x.example": [PYOTR, ROMASHKA]}
    found = decide(["both@x.example"], by_address=owners, by_domain={})
    assert (found.client_id, found.code, found.choices) == (None, "several", (1, 2))
    found = decide(["both@x.example"], by_address=owners, by_domain={}, conversation=ROMASHKA)
    assert (found.client_id, found.code) == (2, "several-conversation")
    found = decide(["else@x.example"], by_address={}, by_domain={}, conversation=ROMASHKA)
    assert (found.client_id, found.code) == (2, "conversation")


def test_nobody_known_is_unknown_and_a_letter_among_ourselves_is_our_own() -> None:
    assert decide(["who@x.example"], by_address={}, by_domain={}).code == "unknown"
    assert decide([], by_address={}, by_domain={}).code == "own"
