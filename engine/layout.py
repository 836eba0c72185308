"""Layout: boxes in layers, with lines that never run over a box; the same boxes always come out the same.

Layers follow the longest way from the first box, and none holds more boxes than fit side by side. A line
that passes a layer has a place of its own there, shared by all the lines to the same box. The order in a
layer comes from the barycentre of the neighbours, the places from the means of the neighbours, moved apart
as little as possible.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

#: The boxes of a layer are no wider than this together, unless one alone is.
ROOM = 960
#: Nothing is moved farther apart than this, unless the boxes of a layer need more.
WINDOW = 1200
GAP, LINE, MARGIN, DROP = 26, 18, 16, 48
SWEEPS, PASSES = 12, 40
#: How much more a passing line wants to be straight than a box to be under what leads to it.
STRAIGHT = 5000


@dataclass(frozen=True, slots=True)
class Box:
    """What to place: its size, and its exits (width and target of each) along its lower side."""

    key: int | str
    width: int
    height: int
    exits: tuple[tuple[int, int | str], ...] = ()


@dataclass(frozen=True, slots=True)
class Placed:
    """A box with its upper left corner, and its exits in order: the index of each and its left side."""

    box: Box
    x: int
    y: int
    exits: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A line to a box: its points, the straight parts vertical and the others bends."""

    target: int | str
    points: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """Everything in its place."""

    width: int
    height: int
    boxes: tuple[Placed, ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class _Item:
    """A box in its layer, or the place where the lines to a box pass (`via`)."""

    key: int | str
    via: bool
    width: int


def layout(boxes: Sequence[Box]) -> Layout:
    """Place boxes whose exits lead only to later ones."""
    return _Layered({box.key: box for box in boxes}).placed()


def layers_of(boxes: Mapping[int | str, Box]) -> dict[int | str, int]:
    """Return the layer of each box: after all that lead to it, no layer too wide; those without exits at the end."""
    layer: dict[int | str, int] = {}
    room: dict[int, int] = {}

    def put(box: Box, first: int) -> None:
        while first in room and room[first] + box.width > ROOM:
            first += 1
        layer[box.key] = first
        room[first] = room.get(first, 0) + box.width + GAP

    inner = [box for box in boxes.values() if box.exits]
    for box in inner:
        leading = [layer[other.key] for other in inner if any(target == box.key for _, target in other.exits)]
        put(box, max(leading, default=-1) + 1)
    below = max(layer.values(), default=-1) + 1
    for box in boxes.values():
        if not box.exits:
            put(box, below)
    return layer


class _Layered:
    """The making of one layout."""

    def __init__(self, boxes: dict[int | str, Box]) -> None:
        self.boxes = boxes
        self.layer = layers_of(boxes)
        self.rows: list[list[_Item]] = [[] for _ in range(max(self.layer.values()) + 1)]
        for key, at in self.layer.items():
            self.rows[at].append(_Item(key, via=False, width=boxes[key].width))
        self.highest: dict[int | str, int] = {}
        for key, box in boxes.items():
            for _, target in box.exits:
                self.highest[target] = min(self.highest.get(target, self.layer[key]), self.layer[key])
        for target, first in self.highest.items():
            for at in range(first + 1, self.layer[target]):
                self.rows[at].append(_Item(target, via=True, width=LINE))
        self.x: dict[tuple[_Item, int], float] = {}
        self.straight: dict[int | str, float] = {}
        self.window = WINDOW

    def placed(self) -> Layout:
        self._order()
        self._spread()
        left = round(min(self._x(item, at) - item.width / 2 for at, row in enumerate(self.rows) for item in row))
        tops, height = self._tops()
        boxes = []
        for at, row in enumerate(self.rows):
            for item in row:
                if not item.via:
                    box, x = self.boxes[item.key], round(self._x(item, at) - item.width / 2) - left + MARGIN
                    boxes.append(Placed(box, x, tops[at], self._exits(box, at, x)))
        right = max(self._x(item, at) + item.width / 2 for at, row in enumerate(self.rows) for item in row)
        lines = self._lines(boxes, tops, left)
        return Layout(round(right) - left + 2 * MARGIN, height, tuple(boxes), tuple(lines))

    def _x(self, item: _Item, at: int) -> float:
        return self.x[item, at]

    def _next(self, target: int | str, at: int) -> _Item:
        """Return where a line to a target goes in the layer after `at`."""
        if self.layer[target] == at + 1:
            return _Item(target, via=False, width=self.boxes[target].width)
        return _Item(target, via=True, width=LINE)

    def _below(self, item: _Item, at: int) -> list[_Item]:
        targets = [item.key] if item.via else [target for _, target in self.boxes[item.key].exits]
        return [self._next(target, at) for target in targets]

    # Order

    def _order(self) -> None:
        """Order every layer by its neighbours, downwards and upwards, and keep the order with fewest crossings."""
        best, fewest = [list(row) for row in self.rows], self._crossings()
        for sweep in range(SWEEPS):
            numbers = range(1, len(self.rows)) if sweep % 2 == 0 else range(len(self.rows) - 2, -1, -1)
            for at in numbers:
                self._sort(at, downwards=sweep % 2 == 0)
            crossings = self._crossings()
            if crossings < fewest:
                best, fewest = [list(row) for row in self.rows], crossings
        self.rows = best

    def _sort(self, at: int, *, downwards: bool) -> None:
        near: dict[_Item, list[int]] = {item: [] for item in self.rows[at]}
        if downwards:
            for position, item in enumerate(self.rows[at - 1]):
                for found in self._below(item, at - 1):
                    near[found].append(position)
        else:
            places = {item: position for position, item in enumerate(self.rows[at + 1])}
            for item in self.rows[at]:
                near[item] = [places[found] for found in self._below(item, at)]
        now = {item: position for position, item in enumerate(self.rows[at])}
        self.rows[at].sort(key=lambda item: sum(near[item]) / len(near[item]) if near[item] else now[item])

    def _crossings(self) -> int:
        total = 0
        for at, (row, below) in enumerate(pairwise(self.rows)):
            places = {item: position for position, item in enumerate(below)}
            ends = [(i, places[found]) for i, item in enumerate(row) for found in self._below(item, at)]
            total += sum((a - c) * (b - d) < 0 for (a, b), (c, d) in combinations(ends, 2))
        return total

    # Places

    def _spread(self) -> None:
        """Move every item towards the mean of its neighbours, again and again."""
        self.window = max(WINDOW, *(sum(i.width for i in row) + GAP * (len(row) - 1) for row in self.rows))
        for at, row in enumerate(self.rows):
            self._settle(at, [(self.window / 2, 1.0) for _ in row])
        for number in range(PASSES):
            order = range(len(self.rows)) if number % 2 == 0 else range(len(self.rows) - 1, -1, -1)
            self._straighten()
            for at in order:
                self._settle(at, [self._wish(item, at) for item in self.rows[at]])

    def _straighten(self) -> None:
        """Choose for each passing line the mean of where it passes now."""
        found: dict[int | str, list[float]] = {}
        for (item, _), x in self.x.items():
            if item.via:
                found.setdefault(item.key, []).append(x)
        self.straight = {key: sum(places) / len(places) for key, places in found.items()}

    def _wish(self, item: _Item, at: int) -> tuple[float, float]:
        """Return where an item would be, and how strongly."""
        if item.via:
            return self.straight[item.key], STRAIGHT
        pulls = [
            self._port(above, at - 1, item.key)
            for above in (self.rows[at - 1] if at else ())
            for found in self._below(above, at - 1)
            if found == item
        ]
        pulls += [self._x(other, at + 1) for other in self._below(item, at)]
        return (sum(pulls) / len(pulls), len(pulls)) if pulls else (self._x(item, at), 1)

    def _port(self, item: _Item, at: int, target: int | str) -> float:
        """Return where the line from an item to a target starts."""
        if item.via:
            return self._x(item, at)
        box = self.boxes[item.key]
        left = self._x(item, at) - box.width / 2
        starts = dict(self._exits(box, at, round(left)))
        index = next(i for i, (_, found) in enumerate(box.exits) if found == target)
        return starts[index] + box.exits[index][0] / 2

    def _settle(self, at: int, wishes: list[tuple[float, float]]) -> None:
        """Place a layer as near as possible to its wishes, in its order, nothing over anything else."""
        row = self.rows[at]
        steps = [(a.width + b.width) / 2 + GAP for a, b in pairwise(row)]
        offsets = [sum(steps[:index]) for index in range(len(row))]
        moved = [(x - offset, weight) for (x, weight), offset in zip(wishes, offsets, strict=True)]
        least, most = row[0].width / 2, self.window - row[-1].width / 2 - offsets[-1]
        for item, x, offset in zip(row, _rising(moved), offsets, strict=True):
            self.x[item, at] = min(max(x, least), most) + offset

    def _exits(self, box: Box, at: int, left: int) -> tuple[tuple[int, int], ...]:
        """Return the exits of a box from the left, as their targets lie, each with its left side."""

        def place(index: int) -> float:
            following = self._next(box.exits[index][1], at)
            return self.x.get((following, at + 1), 0.0)

        found = []
        for index in sorted(range(len(box.exits)), key=place):
            found.append((index, left))
            left += box.exits[index][0]
        return tuple(found)

    # Lines

    def _tops(self) -> tuple[list[int], int]:
        tops, y = [], MARGIN
        for row in self.rows:
            tops.append(y)
            y += self._tallest(row) + DROP
        return tops, y - DROP + MARGIN

    def _tallest(self, row: list[_Item]) -> int:
        return max((self.boxes[item.key].height for item in row if not item.via), default=0)

    def _lines(self, boxes: Sequence[Placed], tops: list[int], left: int) -> list[Line]:
        centre: Callable[[_Item, int], int] = lambda item, at: round(self._x(item, at)) - left + MARGIN  # noqa: E731
        bottoms = [top + self._tallest(row) for top, row in zip(tops, self.rows, strict=True)]
        places = {placed.box.key: placed for placed in boxes}
        lines = []
        for placed in boxes:
            at = self.layer[placed.box.key]
            for index, x in placed.exits:
                width, target = placed.box.exits[index]
                start = x + width // 2
                end = self._end(target, at, places, centre)
                points = ((start, placed.y + placed.box.height), (start, bottoms[at]), (end, tops[at + 1]))
                lines.append(Line(target, points))
        for at, row in enumerate(self.rows):
            for item in (item for item in row if item.via):
                x, end = centre(item, at), self._end(item.key, at, places, centre)
                lines.append(Line(item.key, ((x, tops[at]), (x, bottoms[at]), (end, tops[at + 1]))))
        return lines

    def _end(
        self,
        target: int | str,
        at: int,
        places: Mapping[int | str, Placed],
        centre: Callable[[_Item, int], int],
    ) -> int:
        following = self._next(target, at)
        if following.via:
            return centre(following, at + 1)
        return places[target].x + places[target].box.width // 2


def _rising(wishes: Sequence[tuple[float, float]]) -> list[float]:
    """Return the numbers that never fall and are nearest to the wishes (pool adjacent violators)."""
    pools: list[tuple[float, float, int]] = []
    for x, weight in wishes:
        pools.append((x, weight, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (a, u, m), (b, v, n) = pools[-2:]
            pools[-2:] = [((a * u + b * v) / (u + v), u + v, m + n)]
    return [x for x, _, count in pools for _ in range(count)]
