"""A flow drawn from left to right: every step once, lines to the right, nothing upon another."""

from __future__ import annotations

import random
import time

from dialplan.layout import GAP, WIDTH, Drawing, drawing
from dialplan.plan import ways
from tests.dialplan.house import HOUSE


def test_the_house_reads_from_left_to_right() -> None:
    leads = {node.id: [to for _, to, _ in ways(node)] for node in HOUSE.nodes}
    drawn = drawing("when", leads)
    columns = {card.id: card.column for card in drawn.cards}
    assert columns["when"] == 0
    assert columns["menu"] == columns["feast"] == 1
    assert columns["box"] == max(columns.values())
    assert {(line.source, line.row, line.to) for line in drawn.lines} == {
        (here, row, to) for here, rows in leads.items() for row, to in enumerate(rows)
    }
    _sound(drawn)


def test_a_way_back_runs_beneath_and_a_way_to_nowhere_has_no_line() -> None:
    drawn = drawing("a", {"a": ["b", "", "gone"], "b": ["a", "b"]})
    assert [(line.source, line.to, line.back) for line in drawn.lines] == [
        ("a", "b", False), ("b", "a", True), ("b", "b", True),
    ]  # fmt: skip
    _sound(drawn)


def test_any_flow_is_drawn_with_no_card_upon_another_and_soon() -> None:
    chance = random.Random(8)
    for size in (1, 2, 7, 30, 120):
        names = [f"s{n}" for n in range(size)]
        leads = {name: [chance.choice([*names, ""]) for _ in range(chance.randrange(5))] for name in names}
        began = time.process_time()
        _sound(drawing("s0", leads))
        assert time.process_time() - began < 1.0


def _sound(drawn: Drawing) -> None:
    for card in drawn.cards:
        assert card.x >= 0
        assert card.y >= 0
        assert card.x + WIDTH <= drawn.width
        assert card.y + card.height <= drawn.height
        assert card.x % (WIDTH + GAP) == drawn.cards[0].x
        below = [one for one in drawn.cards if one.column == card.column and one.y > card.y]
        assert all(one.y >= card.y + card.height for one in below)
    columns = {card.id: card.column for card in drawn.cards}
    assert len(columns) == len(drawn.cards)
    assert all(columns[line.source] < columns[line.to] for line in drawn.lines if not line.back)
