"""What comes of the answers to a score form."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cti.reports.quality import NOT_HERE, Criterion, fault, fits, score, spread

FORM = (
    Criterion(id=1, text="Поздоровался", weight=1),
    Criterion(id=2, text="Выяснил", kind="scale", top=5, weight=3),
    Criterion(id=3, text="Не грубил", critical=True, weight=6),
)


def test_a_score_is_the_mean_by_weights_and_a_critical_failure_is_all_of_it() -> None:
    assert score(FORM, {1: 1, 2: 5, 3: 1}).percent == 100
    came = score(FORM, {1: 0, 2: 4, 3: 1})
    assert (came.percent, came.failed, came.left) == (84.0, False, ())  # (0*1 + 0.8*3 + 1*6) / 10
    assert score(FORM, {1: 1, 2: 5, 3: 0}).percent == 0
    assert score(FORM, {1: 1, 2: 5, 3: 0}).failed
    assert score(FORM, {1: 1, 2: 2, 3: NOT_HERE}).percent == 55.0  # (1 + 0.4*3) / 4
    assert score(FORM, {1: NOT_HERE, 2: NOT_HERE, 3: NOT_HERE}).percent is None
    assert score(FORM, {2: 3}).left == (1, 3)
    assert score(FORM, {2: 9, 7: 1}).left == (1, 2, 3), "what is no answer is none"


@given(st.dictionaries(st.integers(0, 4), st.integers(-2, 7)))
def test_a_score_is_a_share_whatever_is_answered(answers: dict[int, int]) -> None:
    came = score(FORM, answers)
    assert came.percent is None or 0 <= came.percent <= 100
    assert set(came.left) == {one.id for one in FORM if not fits(one, answers.get(one.id, -9))}


def test_a_spread_is_between_the_lowest_and_the_highest() -> None:
    rows = spread(FORM, [{1: 1, 2: 5, 3: 1}, {1: 1, 2: 2, 3: 0}, {1: NOT_HERE, 2: 4}])
    assert [row.apart for row in rows] == [0.0, 0.6, 1.0]
    assert rows[1].answers == (5, 2, 4)
    assert spread(FORM, [{1: 1}])[0].apart is None


def test_what_is_wrong_with_a_form() -> None:
    assert fault(FORM) == ""
    assert fault(()) == "bad-criteria"
    assert fault((FORM[0], FORM[0])) == "bad-criteria"
    assert fault((Criterion(id=1, text="x", weight=0),)) == "bad-criteria"
    assert fault((Criterion(id=1, text="x", kind="scale", top=11),)) == "bad-scale"
