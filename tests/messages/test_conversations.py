"""Which letters are one conversation: by what they name, then by address, subject and time; in any order of arrival."""

from __future__ import annotations

import base64
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cti.messages.conversations import NEAR_S, Known, Thread, outlook_id, parents_of, place, subject_key

DAY = 86400.0


def arrive(letters: Sequence[Thread]) -> frozenset[frozenset[str]]:
    """Conversations that come of letters in this order, each as the Message-IDs in it."""
    known: list[Known] = []
    for number, letter in enumerate(letters, 1):
        named = [one for one in known if set(one.thread.marks) & set(letter.marks)]
        placed = place(letter, named, known)
        into = number if placed.into is None else placed.into
        known = [
            Known(conversation=into if one.conversation in placed.also else one.conversation, thread=one.thread)
            for one in known
        ]
        known.append(Known(conversation=into, thread=letter))
    groups: dict[int, set[str]] = {}
    for one in known:
        groups.setdefault(one.conversation, set()).add(one.thread.message_id)
    return frozenset(map(frozenset, groups.values()))


IDS = [f"{one}@x.example" for one in "abcdefg"]
LETTERS = st.lists(
    st.builds(
        Thread,
        message_id=st.sampled_from(IDS),
        parents=st.lists(st.sampled_from([*IDS, "never@came.example"]), max_size=3, unique=True).map(tuple),
        subject=st.sampled_from(["Счёт", "Re: счет", "Price", ""]),
        party=st.sampled_from(["pyotr@mail.example", "r@romashka.example", ""]),
        outlook=st.sampled_from(["", "", "a1", "b2"]),
        at=st.sampled_from([0.0, DAY, 10 * DAY, 20 * DAY, 40 * DAY]),
        automatic=st.booleans(),
    ),
    max_size=7,
    unique_by=lambda one: one.message_id,
)


@settings(max_examples=300, deadline=None)
@given(letters=LETTERS, data=st.data())
def test_any_order_of_arrival_gives_the_same_conversations(letters: list[Thread], data: st.DataObject) -> None:
    assert arrive(data.draw(st.permutations(letters))) == arrive(letters)


@pytest.mark.parametrize(
    "subject",
    ["Счёт №7", "Re: Счёт №7", "RE[2]: FW: счет  №7", "Отв: Пер: Счёт №7", "[EXTERNAL] Re: Счёт №7", "Fwd：Счёт №7"],
)
def test_what_programs_put_before_a_subject_is_not_part_of_it(subject: str) -> None:
    assert subject_key(subject) == "счет №7"


def test_a_parent_that_comes_late_or_never_keeps_its_answers_together() -> None:
    first = Thread(message_id="b", parents=("a", "root"))
    second = Thread(message_id="c", parents=("root",))
    assert arrive([first, second]) == {frozenset({"b", "c"})}
    assert arrive([first, Thread(message_id="z"), Thread(message_id="a")]) == {frozenset({"a", "b"}), frozenset({"z"})}


def test_address_and_subject_within_14_days_and_never_the_subject_alone() -> None:
    def letter(name: str, party: str, at: float) -> Thread:
        return Thread(message_id=name, subject="Заказ", party=party, at=at)

    mine = letter("a", "pyotr@mail.example", 0.0)
    assert len(arrive([mine, letter("b", "pyotr@mail.example", NEAR_S)])) == 1
    assert len(arrive([mine, letter("b", "pyotr@mail.example", NEAR_S + 1)])) == 2
    assert len(arrive([mine, letter("b", "other@mail.example", DAY)])) == 2


def test_what_somebody_split_is_not_put_together_by_an_answer_that_names_both() -> None:
    left = Known(conversation=1, thread=Thread(message_id="a"), by_hand=True)
    right = Known(conversation=2, thread=Thread(message_id="b", parents=("a",)), by_hand=True)
    answer = Thread(message_id="c", parents=parents_of("b", ["a", "b"]))
    placed = place(answer, [left, right], [])
    assert (placed.into, placed.also, placed.code) == (2, (), "reply")


BEGUN = bytes([1]) + bytes(range(1, 22))  # a Thread-Index as Outlook begins one


def test_an_answer_of_outlook_that_names_nobody_is_known_by_its_conversation_and_says_so() -> None:
    index = base64.b64encode(BEGUN).decode()
    answer = base64.b64encode(BEGUN + b"12345" * 3).decode()
    assert outlook_id(index) == outlook_id(f" {answer[:20]}\r\n {answer[20:]}") == BEGUN.hex()
    first = Thread(message_id="a", party="p@a.example", subject="Счёт", outlook=outlook_id(index))
    later = Thread(message_id="b", party="o@b.example", subject="Про договор", outlook=outlook_id(answer), at=99 * DAY)
    placed = place(later, [Known(conversation=7, thread=first)], [])
    assert (placed.into, placed.code) == (7, "outlook")
    assert arrive([first, later]) == arrive([later, first]) == {frozenset({"a", "b"})}
    named = Thread(message_id="b", parents=("elsewhere",), outlook=first.outlook, at=DAY)
    assert len(arrive([first, named])) == 2, "it names another letter: that counts, not its Thread-Index"


def test_it_counts_before_the_subject_and_after_what_letters_name() -> None:
    same = Thread(message_id="o", outlook="a1")
    alike = Thread(message_id="s", party="p@a.example", subject="Счёт")
    letter = Thread(message_id="x", party="p@a.example", subject="Счёт", outlook="a1", at=DAY)
    known = [Known(conversation=2, thread=same), Known(conversation=1, thread=alike)]
    assert place(letter, known, known).code == "outlook"
    answer = Thread(message_id="y", parents=("s",), outlook="a1", at=DAY)
    assert place(answer, known, []).code == "reply"


@given(text=st.text() | st.binary(max_size=60).map(lambda one: base64.b64encode(one).decode()))
def test_whatever_stands_in_a_thread_index_is_a_conversation_or_none(text: str) -> None:
    found = outlook_id(text)
    assert found == "" or len(found) == 44
    assert outlook_id(base64.b64encode(bytes(40)).decode()) == "", "of zeros everybody would be one"
