"""Words by which letters are found: the same reading for the index and the question."""

from __future__ import annotations

import pytest

from cti.messages.words import Asked, asked, words_of


def fits(question: str, text: str, *, hides: bool = False) -> bool:
    """Whether a text is found by a question, as both engines do it."""
    words = words_of([text]).split()
    return all(
        one.stem in words or (one.begins and any(word.startswith(one.begins) for word in words))
        for one in asked(question, hides=hides)
    )


TEXT = (
    "Счёт №411 за прайс-листы, p.alhimov@alhimov.example, тел. 8 (935) 555-01-01. Invoices attached: Договор_А-014.pdf"
)


@pytest.mark.parametrize(
    "question",
    ["счета", "СЧЕТ 411", "прайс-лист", "прайс", "invoice", "alhimov.example", "p.alhimov@alhimov.example", "договоры",
     "+7 935 555-01-01", "89355550101", "догов", "pdf"],
)  # fmt: skip
def test_what_people_type_finds_the_letter(question: str) -> None:
    assert fits(question, TEXT)


@pytest.mark.parametrize("question", ["счёт 412", "рекламация", "555-01", "0101"])
def test_what_is_not_there_does_not(question: str) -> None:
    assert not fits(question, TEXT)


def test_a_hidden_number_is_found_whole_and_never_by_its_beginning() -> None:
    assert fits("+7935555", TEXT)
    assert not fits("+7935555", TEXT, hides=True)
    assert fits("+79355550101", TEXT, hides=True)


def test_each_word_stands_once_and_nothing_in_it_means_anything_to_an_engine() -> None:
    assert words_of(["Счёт счета СЧЕТ", "a_b \"'*^:()-& | !"]) == "счет a b"
    assert asked("слово ") == [Asked(stem="слов")]
    assert asked("\"'*") == []
