"""Where the steps of a flow stand when it is drawn from left to right, and the lines between them.

A card has a row for each way out of it; a line leaves at its row and comes in at the head of the next card. The column
of a card is the longest way to it, so lines go to the right; ways that lead back run beneath. Cards keep the order that
crosses the fewest lines (barycentres over neighbours) and stand as near to what they are joined with as their column
lets them (isotonic regression). Units are CSS pixels.

Source: Sugiyama, Tagawa, Toda 1981 (layers, places between them for long lines, sweeps).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

WIDTH, GAP, HEAD, ROW, FOOT, APART, EDGE, BACK = 178, 38, 50, 22, 6, 18, 10, 14
SWEEPS = 6


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """A step. x, y: its upper left corner."""

    id: str
    column: int
    x: int
    y: int
    height: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """From a row of a card to another card. path: as SVG writes it; back: it leads to a card before it."""

    source: str
    row: int
    to: str
    path: str
    back: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Drawing:
    """Cards from left to right, in a column from above, and their lines."""

    width: int
    height: int
    cards: tuple[Card, ...]
    lines: tuple[Line, ...]


def drawing(first: str, leads: Mapping[str, Sequence[str]]) -> Drawing:
    """What is reached from the first step. leads: where each row of a step leads; a step that it has not is nowhere."""
    order, back = _walk(first, leads)
    columns = _columns(order, leads, back)
    graph = _Graph(order, leads, back, columns)
    graph.sort()
    graph.place()
    return graph.drawn()


def _walk(first: str, leads: Mapping[str, Sequence[str]]) -> tuple[list[str], set[tuple[str, int]]]:
    """Steps so that each stands after all that lead to it, but for ways back: those close a circle."""
    done: list[str] = []
    back: set[tuple[str, int]] = set()
    state = {first: "open"}
    stack = [(first, iter(enumerate(leads[first])))]
    while stack:
        here, rest = stack[-1]
        row, to = next(rest, (-1, ""))
        if row < 0:
            state[here] = "done"
            done.append(here)
            stack.pop()
        elif state.get(to) == "open":
            back.add((here, row))
        elif to in leads and to not in state:
            state[to] = "open"
            stack.append((to, iter(enumerate(leads[to]))))
    return done[::-1], back


def _columns(order: list[str], leads: Mapping[str, Sequence[str]], back: set[tuple[str, int]]) -> dict[str, int]:
    columns = dict.fromkeys(order, 0)
    for here in order:
        for row, to in enumerate(leads[here]):
            if to in columns and (here, row) not in back:
                columns[to] = max(columns[to], columns[here] + 1)
    return columns


@dataclass(slots=True)
class _Place:
    """A card, or (rows None) a place that a long line passes."""

    id: str
    column: int
    rows: int | None
    top: float = 0.0
    before: list[tuple[_Place, int]] = field(default_factory=list)  # what leads here, and by which row
    after: list[tuple[_Place, int]] = field(default_factory=list)

    @property
    def height(self) -> int:
        return 2 if self.rows is None else HEAD + (ROW * self.rows + FOOT if self.rows else 0)

    @property
    def entry(self) -> float:
        """How far below its top lines come in."""
        return 1 if self.rows is None else HEAD / 2

    def port(self, row: int) -> float:
        """How far below its top a row's line goes out."""
        return 1 if self.rows is None else HEAD + ROW * (row + 0.5)


class _Graph:
    """Places by column, in their order from above."""

    def __init__(
        self, order: list[str], leads: Mapping[str, Sequence[str]], back: set[tuple[str, int]], columns: dict[str, int]
    ) -> None:
        self.cards = {one: _Place(one, columns[one], len(leads[one])) for one in order}
        self.columns: list[list[_Place]] = [[] for _ in range(max(columns.values()) + 1)]
        self.chains: list[tuple[_Place, int, list[_Place]]] = []
        self.back: list[tuple[_Place, int, _Place]] = []
        for card in self.cards.values():
            self.columns[card.column].append(card)
        for card in self.cards.values():
            for row, to in enumerate(leads[card.id]):
                if to not in self.cards:
                    continue
                if (card.id, row) in back:
                    self.back.append((card, row, self.cards[to]))
                else:
                    self.chains.append((card, row, self._chain(card, row, self.cards[to])))

    def _chain(self, card: _Place, row: int, to: _Place) -> list[_Place]:
        passed = [_Place("", column, None) for column in range(card.column + 1, to.column)]
        for one in passed:
            self.columns[one.column].append(one)
        here = card
        for one in (*passed, to):
            here.after.append((one, row))
            one.before.append((here, row))
            here, row = one, 0
        return [*passed, to]

    def sort(self) -> None:
        """Order each column by where its neighbours stand, from the left and from the right in turn."""
        for sweep in range(SWEEPS):
            rightwards = sweep % 2 == 0
            for column in self.columns[1:] if rightwards else self.columns[-2::-1]:
                keys = {id(one): self._middle(one, place, rightwards) for place, one in enumerate(column)}
                column.sort(key=lambda one: keys[id(one)])

    def _middle(self, one: _Place, place: int, rightwards: bool) -> float:
        near = one.before if rightwards else one.after
        if not near:
            return place
        rank = {id(other): place for place, other in enumerate(self.columns[near[0][0].column])}
        if rightwards:  # rows of one card count in their order
            return sum(rank[id(other)] + (row + 1) / ((other.rows or 1) + 2) for other, row in near) / len(near)
        return sum(rank[id(other)] for other, _ in near) / len(near)

    def place(self) -> None:
        """Give each place its top."""
        for column in self.columns:
            top = 0.0
            for one in column:
                one.top, top = top, top + one.height + APART
        for sweep in range(SWEEPS):
            rightwards = sweep % 2 == 0
            for column in self.columns if rightwards else self.columns[::-1]:
                _settle(column, [self._wished(one, rightwards) for one in column])
        least = min(one.top for column in self.columns for one in column)
        for column in self.columns:
            for one in column:
                one.top += EDGE - least

    def _wished(self, one: _Place, rightwards: bool) -> float:
        if rightwards and one.before:
            return sum(other.top + other.port(row) - one.entry for other, row in one.before) / len(one.before)
        if not rightwards and one.after:
            return sum(other.top + other.entry - one.port(row) for other, row in one.after) / len(one.after)
        return one.top

    def drawn(self) -> Drawing:
        """What was found, in whole pixels."""
        cards = tuple(
            Card(id=one.id, column=one.column, x=_x(one), y=round(one.top), height=one.height)
            for column in self.columns for one in column if one.rows is not None
        )  # fmt: skip
        bottom = max(card.y + card.height for card in cards)
        lines = [
            Line(source=card.id, row=row, to=chain[-1].id, path=_forward(card, row, chain), back=False)
            for card, row, chain in self.chains
        ]
        for depth, (card, row, to) in enumerate(self.back, 1):
            path = _backward(card, row, to, bottom + depth * BACK)
            lines.append(Line(source=card.id, row=row, to=to.id, path=path, back=True))
        width = EDGE * 2 + len(self.columns) * (WIDTH + GAP) - GAP + (GAP if self.back else 0)
        return Drawing(
            width=width, height=bottom + EDGE + len(self.back) * BACK, cards=cards, lines=tuple(lines),
        )  # fmt: skip


def _settle(column: list[_Place], wished: list[float]) -> None:
    """Tops nearest to those wished that keep order and distance: neighbours in each other's way are moved as one."""
    blocks: list[tuple[float, float, list[_Place]]] = []  # sum of wishes, weight, places
    offset = 0.0
    offsets: dict[int, float] = {}
    for one, wish in zip(column, wished, strict=True):
        offsets[id(one)] = offset
        weight = 1.0 if one.rows is not None else 3.0  # a long line is straight before a card is in its middle
        blocks.append(((wish - offset) * weight, weight, [one]))
        offset += one.height + APART
        while len(blocks) > 1 and blocks[-2][0] / blocks[-2][1] >= blocks[-1][0] / blocks[-1][1]:
            total, heavy, places = blocks.pop()
            first, light, before = blocks.pop()
            blocks.append((first + total, light + heavy, before + places))
    for total, weight, places in blocks:
        for one in places:
            one.top = total / weight + offsets[id(one)]


def _x(one: _Place) -> int:
    return EDGE + one.column * (WIDTH + GAP)


def _forward(card: _Place, row: int, chain: list[_Place]) -> str:
    x, y = _x(card) + WIDTH, card.top + card.port(row)
    path = f"M{x} {y:.0f}"
    for one in chain:
        to_x, to_y = _x(one), one.top + one.entry
        path += f"C{x + GAP // 2} {y:.0f} {to_x - GAP // 2} {to_y:.0f} {to_x} {to_y:.0f}"
        x, y = to_x, to_y
        if one.rows is None:
            x += WIDTH
            path += f"H{x}"
    return path


def _backward(card: _Place, row: int, to: _Place, beneath: float) -> str:
    x, y, to_x, to_y = _x(card) + WIDTH, card.top + card.port(row), _x(to), to.top + to.entry
    out, turn = x + GAP // 3, to_x - GAP // 3
    return f"M{x} {y:.0f}H{out}V{beneath:.0f}H{turn}V{to_y:.0f}H{to_x}"
