"""Drawings: nothing over anything else, every line from an answer to its box, every outcome in its place."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import drawing
from engine.drawing import CUT, MOST, WIDEST, Picture, draw, measure, paint, wrapped
from engine.layout import LINE, ROOM, Box, Layout, Placed, layers_of, layout
from engine.steps import Decision, steps_of
from tests.chance import tenths
from tests.generator import ON, assembled, service
from tests.small import small
from tests.test_data import VERSIONS
from tests.test_diagram import SPANS, TOGETHER

SVG = "{http://www.w3.org/2000/svg}"
SEEDS = tenths(60)


@dataclass(frozen=True)
class Drawn:
    """A decision with its picture."""

    decision: Decision
    picture: Picture

    @property
    def root(self) -> ET.Element:
        """The picture, read as XML."""
        return ET.fromstring(self.picture.svg)  # noqa: S314


def drawn(decision: Decision | None) -> Drawn:
    assert decision is not None
    return Drawn(decision, draw(decision))


@cache
def pictures() -> list[tuple[str, Drawn]]:
    """Return pictures of the real services, of services that stress the diagram, and of random ones."""
    found = [(f"{v.name} {v.since}", drawn(steps_of(v, v.since))) for v in VERSIONS]
    found += [(v.name, drawn(steps_of(v, date(2026, 11, 22)))) for v in VERSIONS if v.in_force(date(2026, 11, 22))]
    found += [("spans", drawn(steps_of(small(SPANS), ON))), ("together", drawn(steps_of(small(TOGETHER), ON)))]
    decisions = ((seed, steps_of(assembled(service(seed)), ON)) for seed in range(SEEDS))
    return [*found, *((str(seed), drawn(decision)) for seed, decision in decisions if decision)]


def targets(drawn: Drawn) -> set[int | str]:
    shown = drawn.picture.shown
    each = (a for step in drawn.decision.steps[:shown] for a in step.answers)
    return {CUT if answer.step > shown else answer.target for answer in each}


def test_every_question_that_is_shown_and_every_outcome_it_leads_to_is_a_box() -> None:
    for name, found in pictures():
        keys = [placed.box.key for placed in found.picture.layout.boxes]
        assert len(keys) == len(set(keys)), name
        steps = range(1, found.picture.shown + 1)
        assert set(keys) == {*steps, *(targets(found) or {found.decision.start})}, name
        if found.picture.shown == len(found.decision.steps):
            assert {key for key in keys if isinstance(key, str)} == set(found.decision.outcomes), name
        below = max(placed.y for placed in found.picture.layout.boxes if isinstance(placed.box.key, int) or not steps)
        assert all(p.y > below or not steps for p in found.picture.layout.boxes if isinstance(p.box.key, str)), name


def test_no_box_is_over_another_or_outside() -> None:
    for name, found in pictures():
        apart(found.picture.layout, name)


def apart(found: Layout, name: str) -> None:
    boxes = found.boxes
    for index, one in enumerate(boxes):
        assert one.x >= 0, name
        assert one.y >= 0, name
        assert one.x + one.box.width <= found.width, name
        assert one.y + one.box.height <= found.height, name
        for two in boxes[index + 1 :]:
            beside = one.x + one.box.width < two.x or two.x + two.box.width < one.x
            assert beside or one.y + one.box.height < two.y or two.y + two.box.height < one.y, name


def over(box: Placed, x: int, top: int, bottom: int) -> bool:
    return box.x < x < box.x + box.box.width and top < box.y + box.box.height and bottom > box.y


def test_every_line_goes_from_an_answer_to_its_box_and_over_none() -> None:
    for name, found in pictures():
        lines(found.picture.layout, name)


def lines(found: Layout, name: str) -> None:
    boxes = {placed.box.key: placed for placed in found.boxes}
    starts = [line.points[0] for line in found.lines]
    reach: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for line in found.lines:
        (x, y), (straight, bend), (end, bottom) = line.points
        assert x == straight, name
        assert y <= bend < bottom, name
        reach.setdefault((x, y), []).append((end, bottom))
        assert not [p for p in found.boxes if over(p, x, y, bend) and p.y + p.box.height != y], name
        lower = [p for p in found.boxes if bend < p.y + p.box.height and p.y < bottom]
        assert not lower, f"{name}: a bend passes where boxes are"
    for placed in found.boxes:
        shown = [index for index, _ in placed.exits]
        assert sorted(shown) == list(range(len(placed.box.exits))), name
        left = placed.x
        for index, x in placed.exits:
            width, target = placed.box.exits[index]
            assert x == left, name
            left += width
            at = (x + width // 2, placed.y + placed.box.height)
            assert at in starts, name
            goal = boxes[target]
            while at != (goal.x + goal.box.width // 2, goal.y):
                onward = set(reach[at])
                assert len(onward) == 1, f"{name}: two ways from {at}"
                at = onward.pop()


def test_a_picture_is_a_page_wide_at_most_and_the_same_every_time() -> None:
    for name, found in pictures():
        assert found.picture.layout.width <= WIDEST or found.picture.shown <= 1, name
        assert found.picture.shown <= MOST, name
        assert draw(found.decision).svg == found.picture.svg, name


def rectangles(root: ET.Element) -> Iterator[tuple[float, float, float, float]]:
    for rect in root.iter(f"{SVG}rect"):
        x, y, width, height = (float(rect.attrib[name]) for name in ("x", "y", "width", "height"))
        yield x, y, x + width, y + height


def test_the_svg_is_valid_named_and_without_style() -> None:
    for name, found in pictures():
        root = found.root
        width, height = found.picture.layout.width, found.picture.layout.height
        assert root.attrib["viewBox"] == f"0 0 {width} {height}", name
        assert root.attrib["role"] == "img"
        ids = [element.attrib["id"] for element in root.iter() if "id" in element.attrib]
        assert ids == root.attrib["aria-labelledby"].split() == ["decisione-titolo", "decisione-descrizione"]
        assert not [e.tag for e in root.iter() if "style" in e.attrib or e.tag in (f"{SVG}style", f"{SVG}script")]
        assert not re.search("on[a-z]+=|href|url\\(", found.picture.svg), name
        for x, y, right, bottom in rectangles(root):
            assert min(x, y) >= 0, name
            assert right <= width, name
            assert bottom <= height, name


def test_every_text_is_inside_its_rectangle() -> None:
    """By the widest letters that are reckoned with; the browser's own are measured in test_rulebook_pages."""
    for name, found in pictures():
        root = found.root
        boxes = list(rectangles(root))
        for text in root.iter(f"{SVG}text"):
            size, anchor = int(text.attrib["font-size"]), text.attrib.get("text-anchor", "start")
            for line in text.iter(f"{SVG}tspan"):
                wide, x, y = measure(line.text or "", size), float(line.attrib["x"]), float(line.attrib["y"])
                left = x - wide / 2 if anchor == "middle" else x
                inside = (b for b in boxes if b[0] <= left and left + wide <= b[2] and b[1] <= y - size and y <= b[3])
                assert any(inside), f"{name}: {line.text}"


def test_a_picture_says_each_question_and_each_answer() -> None:
    for name, found in pictures():
        told = " ".join("".join(text.itertext()) for text in found.root.iter(f"{SVG}text"))
        squeezed = re.sub(r"\s", "", " ".join(e.text or "" for e in found.root.iter(f"{SVG}tspan")))
        for step in found.decision.steps[: found.picture.shown]:
            assert re.sub(r"\s", "", f"{step.number}. {step.question}") in squeezed, name
            for answer in step.answers:
                shown = {title.text for title in found.root.iter(f"{SVG}title")}
                assert answer.words in shown, name
        assert told


def wide(count: int, seed: int) -> list[Box]:
    """Return boxes at random, each after the first led to by some earlier one."""
    chance = random.Random(seed)
    exits: dict[int, list[int]] = {key: [] for key in range(1, count + 1)}
    for key in range(2, count + 1):
        exits[chance.randint(max(1, key - 6), key - 1)].append(key)
    found = []
    for key, each in exits.items():
        more = [chance.randint(key + 1, count) for _ in range(chance.randint(0, 2)) if key < count]
        ways = dict.fromkeys([*each, *more])
        chosen: list[tuple[int, int | str]] = [(chance.randint(60, 120), target) for target in ways]
        chosen.append((90, chance.choice(("uno", "due", "tre", "quattro", "cinque", "sei"))))
        found.append(Box(key, sum(width for width, _ in chosen), chance.randint(40, 140), tuple(chosen)))
    ends = {target for box in found for _, target in box.exits if isinstance(target, str)}
    return [*found, *(Box(end, 200, 40) for end in sorted(ends))]


@settings(max_examples=tenths(60))
@given(st.integers(1, 45), st.integers(0, 10_000))
def test_boxes_at_random_keep_apart_and_are_reached(count: int, seed: int) -> None:
    boxes = wide(count, seed)
    found = layout(boxes)
    apart(found, f"{count} {seed}")
    lines(found, f"{count} {seed}")
    layers = layers_of({box.key: box for box in boxes})
    for row in set(layers.values()):
        inside = [box.width for box in boxes if layers[box.key] == row]
        assert len(inside) == 1 or sum(inside) <= ROOM
    assert all(layers[box.key] < layers[target] for box in boxes for _, target in box.exits)
    assert found == layout(boxes)


def test_one_box_alone() -> None:
    found = layout([Box("fine", 200, 40)])
    assert (len(found.boxes), found.lines) == (1, ())
    assert found.width > 200 + LINE


def test_what_does_not_fit_goes_on_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """The picture holds the first steps, one box for all that comes after, and says so."""
    decision = steps_of(VERSIONS[0], VERSIONS[0].since)
    assert decision is not None
    monkeypatch.setattr(drawing, "MOST", 5)
    few = drawn(decision)
    assert few.picture.shown == 5
    assert CUT in targets(few)
    assert CUT in {placed.box.key for placed in few.picture.layout.boxes}
    assert "Continua nei passi scritti" in few.picture.svg
    apart(few.picture.layout, "few")
    lines(few.picture.layout, "few")
    monkeypatch.setattr(drawing, "WIDEST", 400)
    assert drawn(decision).picture.shown < 5


def test_everyone_alike_is_one_box() -> None:
    text = (
        "vocabolario:\n  a:\n    tipo: numero\n    minimo: 0\nservizio:\n  requisiti:\n    r:\n      se: a almeno 0\n"
    )
    found = drawn(steps_of(small(text), ON))
    assert [placed.box.key for placed in found.picture.layout.boxes] == ["spetta"]
    assert "Spetta" in found.picture.svg


def contrast(one: str, two: str) -> float:
    """Return the contrast of two colours, as WCAG 2.1 reckons it."""

    def light(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((light(one), light(two)), reverse=True)
    return (high + 0.05) / (low + 0.05)


OUTCOMES = (drawing.FIRST, drawing.LAST, *drawing.BETWEEN)


@pytest.mark.parametrize("colour", [*OUTCOMES, drawing.MUTED])
def test_words_stand_out(colour: str) -> None:
    assert contrast(colour, "#ffffff") >= 7
    assert contrast(colour, drawing.CELL) >= 4.5


def test_questions_and_frames_stand_out() -> None:
    for paper in (drawing.PAPER, drawing.CELL, drawing.LAWFUL):
        assert contrast(drawing.INK, paper) >= 7
    for border in (drawing.BORDER, drawing.LAWFUL_BORDER):
        assert contrast(border, drawing.PAPER) >= 4.5
    assert contrast(drawing.BORDER, drawing.CELL) >= 4.5


def test_each_outcome_has_its_colour() -> None:
    decision = steps_of(small(TOGETHER), ON)
    assert decision is not None
    colours = [paint(decision, esito.name) for esito in decision.servizio.esiti]
    assert len(set(colours)) == len(colours)
    assert paint(decision, 1) == paint(decision, CUT) == drawing.BORDER


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", []),
        ("uno", ["uno"]),
        ("uno due tre", ["uno due", "tre"]),
        ("precipitevolissimevolmente", ["precip", "itevol", "issime", "volmen", "te"]),
    ],
)
def test_texts_are_broken_to_fit(text: str, lines: list[str]) -> None:
    found = wrapped(text, 90, 13)
    assert found == lines
    assert all(measure(line, 13) <= 90 for line in found)


def test_marks_of_the_language_of_the_web_are_written_as_they_are() -> None:
    text = 'vocabolario:\n  a:\n    domanda: È <b> & "noto"?\n    tipo: sì/no\nservizio:\n  titolo: A & B <i>\n'
    found = drawn(steps_of(small(text + "  requisiti:\n    r:\n      se: a è sì\n", titolo="A & B <i>"), ON))
    told = "".join(found.root.itertext())
    assert '1. È <b> & "noto"?' in told
    assert "A & B <i>" in told
