"""Drawing: the steps of a decision as a picture (SVG), each question a box with its answers along the lower side.

Presentation attributes only: no style sheet, no script. What does not fit the width of a page is left to the
steps in words: the picture then shows the first ones, and says that it goes on there.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from engine.layout import Box, Layout, Line, Placed, layout
from engine.messages import sentence
from engine.steps import LAW, SUM, Answer, Decision, Step
from engine.tipo import show_day

#: The widest picture, and the most questions in one.
WIDEST, MOST = 1240, 60
FONT = "'Titillium Web', system-ui, sans-serif"
#: Sizes of the letters and of their lines, in pixels.
QUESTION, ANSWER = 15, 13
LEADING = {QUESTION: 20, ANSWER: 17}
PAD, NARROW, LEAST, LONGEST = 12, 290, 84, 190
LINES = 7
CUT = "…"

INK, MUTED, BORDER, PAPER, CELL = "#17324d", "#455b71", "#5b6f82", "#ffffff", "#e9f0f8"
LAWFUL, LAWFUL_BORDER = "#fff5df", "#8a5a00"
#: What each outcome is painted with, the first and the last apart; white on each has more than 7:1.
FIRST, LAST, BETWEEN = "#00573a", "#33475b", ("#004d99", "#5b2a86", "#00595c", "#6b4200")

Target = int | str


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as SVG, and how many of the questions are in it."""

    svg: str
    shown: int
    layout: Layout


def draw(decision: Decision, name: str = "decisione") -> Picture:
    """Draw a decision; `name` begins the ids of the picture, so that a page may hold several."""
    most = min(len(decision.steps), MOST)
    while True:
        boxes = _boxes(decision, most)
        found = layout(boxes)
        if found.width <= WIDEST or most <= 1:
            return Picture(_svg(decision, found, most, name), most, found)
        most -= 1 + most // 8


def _boxes(decision: Decision, most: int) -> list[Box]:
    steps = decision.steps[:most]
    boxes: list[Box] = []
    targets: dict[Target, None] = {}
    for step in steps:
        exits = tuple((_width(decision, answer), _target(answer, most)) for answer in step.answers)
        targets |= dict.fromkeys(target for _, target in exits)
        boxes.append(_question(decision, step, exits))
    outcomes = [name for name in decision.outcomes if name in targets or not steps]
    ends = [*outcomes, *([CUT] if CUT in targets else [])]
    return [*boxes, *(_outcome(decision, name) for name in ends)]


def _target(answer: Answer, most: int) -> Target:
    return CUT if answer.step > most else answer.target


def _question(decision: Decision, step: Step, exits: tuple[tuple[int, Target], ...]) -> Box:
    width = max(NARROW, sum(width for width, _ in exits))
    spare = width - sum(given for given, _ in exits)
    each = [(given + spare // len(exits), target) for given, target in exits]
    each[-1] = (each[-1][0] + width - sum(given for given, _ in each), each[-1][1])
    lines = len(wrapped(f"{step.number}. {step.question}", width - 2 * PAD, QUESTION))
    head = 2 * PAD + lines * LEADING[QUESTION]
    foot = max(
        len(_answer_lines(answer, given)) + len(wrapped(_arrow(decision, answer), given - PAD, ANSWER))
        for answer, (given, _) in zip(step.answers, each, strict=True)
    )
    return Box(step.number, width, head + foot * LEADING[ANSWER] + PAD, tuple(each))


def _outcome(decision: Decision, name: str) -> Box:
    lines = wrapped(_outcome_words(decision, name), NARROW - 2 * PAD, QUESTION)
    return Box(name, NARROW, 2 * PAD + len(lines) * LEADING[QUESTION] + 4)


def _outcome_words(decision: Decision, name: str) -> str:
    words = sentence("disegno.cut", {}) if name == CUT else decision.title(name)
    return words[:1].upper() + words[1:]


def _arrow(decision: Decision, answer: Answer) -> str:
    return f"→ {answer.step or decision.title(answer.target)}"


def _width(decision: Decision, answer: Answer) -> int:
    """Return how wide an answer is: as wide as its words, within limits, and never less than a word."""
    words = [answer.words, _arrow(decision, answer)]
    whole = max(round(measure(text, ANSWER)) for text in words)
    longest = max(round(measure(word, ANSWER)) for text in words for word in text.split())
    return max(LEAST, min(whole + PAD + 4, LONGEST), min(longest + PAD + 4, NARROW))


def _answer_lines(answer: Answer, width: int) -> list[str]:
    lines = wrapped(answer.words, width - PAD, ANSWER)
    return lines if len(lines) <= LINES else [*lines[: LINES - 1], CUT]


# Letters


def measure(text: str, size: int) -> float:
    """Return how wide a bold text is at most: whatever font a computer has, its letters are hardly wider."""
    return sum(_letter(letter) for letter in text) * size


def _letter(letter: str) -> float:
    if letter in "ijl.,;:'|!’ ":
        return 0.38
    if letter in "mwMW@%→—":
        return 1.05
    return 0.78 if letter.isupper() else 0.69


def wrapped(text: str, width: int, size: int) -> list[str]:
    """Break a text into lines no wider than `width`; a word that is wider is broken too."""
    lines: list[str] = []
    for word in text.split():
        pieces = textwrap.wrap(word, max(1, int(width / size / 1.05))) if measure(word, size) > width else [word]
        for number, piece in enumerate(pieces):
            joined = f"{lines[-1]} {piece}" if lines else piece
            if lines and not number and measure(joined, size) <= width:
                lines[-1] = joined
            else:
                lines.append(piece)
    return lines


# SVG


def _svg(decision: Decision, found: Layout, shown: int, name: str) -> str:
    said = {"title": decision.servizio.titolo, "day": show_day(decision.on)}
    outcomes = "; ".join(decision.title(outcome) for outcome in decision.outcomes)
    size = f'viewBox="0 0 {found.width} {found.height}" width="{found.width}" height="{found.height}"'
    named = f'role="img" aria-labelledby="{name}-titolo {name}-descrizione"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {named} {size} font-family="{FONT}" fill="{INK}">',
        f'<title id="{name}-titolo">{escape(sentence("disegno.title", said))}</title>',
        f'<desc id="{name}-descrizione">{escape(sentence("disegno.desc", {"outcomes": outcomes}))}</desc>',
        *(_line(line, decision) for line in found.lines),
        *(_arrowhead(placed, decision) for placed in found.boxes if placed.box.key != 1),
    ]
    for placed in found.boxes:
        if isinstance(placed.box.key, int):
            parts += _drawn(placed, decision, decision.steps[placed.box.key - 1])
        else:
            parts += _ended(placed, decision, placed.box.key)
    return "\n".join([*parts, "</svg>"])


def paint(decision: Decision, target: Target) -> str:
    """Return the colour of the lines to a target, and of an outcome."""
    names = [esito.name for esito in decision.servizio.esiti]
    if target not in names:
        return BORDER
    index = names.index(str(target))
    if index == len(names) - 1:
        return LAST
    return FIRST if index == 0 else BETWEEN[(index - 1) % len(BETWEEN)]


def _line(line: Line, decision: Decision) -> str:
    (x, y), (_, bend), (end, bottom) = line.points
    half = (bend + bottom) // 2
    path = f"M{x} {y}V{bend}C{x} {half} {end} {half} {end} {bottom}"
    return f'<path d="{path}" fill="none" stroke="{paint(decision, line.target)}" stroke-width="2"/>'


def _arrowhead(placed: Placed, decision: Decision) -> str:
    x, y = placed.x + placed.box.width // 2, placed.y
    colour = paint(decision, placed.box.key)
    return f'<path d="M{x - 6} {y - 9}H{x + 6}L{x} {y}Z" fill="{colour}"/>'


def _drawn(placed: Placed, decision: Decision, step: Step) -> Iterator[str]:
    """Yield a question: a frame, its words, and its answers along the lower side."""
    x, y, width, height = placed.x, placed.y, placed.box.width, placed.box.height
    fill, border = (LAWFUL, LAWFUL_BORDER) if step.kind == LAW else (PAPER, BORDER)
    dashes = ' stroke-dasharray="6 4"' if step.kind in (LAW, SUM) else ""
    lines = wrapped(f"{step.number}. {step.question}", width - 2 * PAD, QUESTION)
    foot = y + 2 * PAD + len(lines) * LEADING[QUESTION]
    yield f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="6" fill="{fill}"/>'
    for index, left in placed.exits:
        yield from _cell(decision, step.answers[index], (left, foot, placed.box.exits[index][0], y + height - foot))
    yield (
        f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="6" fill="none" stroke="{border}" '
        f'stroke-width="1.5"{dashes}/>'
    )
    yield _text(lines, (x + PAD, y + PAD), QUESTION, 'font-weight="600"')


def _cell(decision: Decision, answer: Answer, area: tuple[int, int, int, int]) -> Iterator[str]:
    """Yield an answer of a question: its words, and under them where it leads."""
    x, y, width, height = area
    lines, arrow = _answer_lines(answer, width), wrapped(_arrow(decision, answer), width - PAD, ANSWER)
    colour = paint(decision, answer.target)
    yield (
        f'<rect x="{x + 1}" y="{y}" width="{width - 2}" height="{height - 1}" fill="{CELL}">'
        f"<title>{escape(answer.words)}</title></rect>"
    )
    middle = 'text-anchor="middle" '
    yield _text(lines, (x + width // 2, y + 4), ANSWER, middle)
    below = y + 4 + len(lines) * LEADING[ANSWER]
    yield _text(arrow, (x + width // 2, below), ANSWER, f'{middle}font-weight="700" fill="{colour}"')


def _ended(placed: Placed, decision: Decision, name: str) -> Iterator[str]:
    """Yield an outcome."""
    box = placed.box
    colour = MUTED if name == CUT else paint(decision, name)
    yield (
        f'<rect x="{placed.x}" y="{placed.y}" width="{box.width}" height="{box.height}" rx="{box.height // 2}" '
        f'fill="{colour}"/>'
    )
    lines = wrapped(_outcome_words(decision, name), box.width - 2 * PAD, QUESTION)
    at = (placed.x + box.width // 2, placed.y + PAD + 2)
    yield _text(lines, at, QUESTION, 'text-anchor="middle" font-weight="700" fill="#ffffff"')


def _text(lines: list[str], at: tuple[int, int], size: int, attributes: str) -> str:
    """Return lines of text under a point."""
    x, y = at
    rows = (
        f'<tspan x="{x}" y="{y + index * LEADING[size] + size}">{escape(line)}</tspan>'
        for index, line in enumerate(lines)
    )
    return f'<text font-size="{size}" {attributes}>{"".join(rows)}</text>'
