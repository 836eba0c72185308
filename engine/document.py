"""Document: what one staff file says, with the place of every word, and `read`, which makes it from bytes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

import nestedtext

from engine.problem import Place, Problem, Source, problem

DEEPEST = 16
_PLAIN = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2007": " ", "’": "'", "‘": "'"})
_INVISIBLE = {"Cc", "Cf", "Zl", "Zp"}


Keys = tuple[Any, ...]
Keymap = dict[Keys, nestedtext.Location]


@dataclass(frozen=True, slots=True)
class Text:
    """A text as it was typed; of a text on several lines, `rows` are the places where its lines begin."""

    value: str
    place: Place
    rows: tuple[Place, ...] = field(default=(), repr=False)

    def at(self, offset: int) -> Place:
        """Return the place of the character of `value` at that offset."""
        if not self.rows:
            return self.place.shifted(offset)
        before = self.value[:offset]
        return self.rows[before.count("\n")].shifted(len(before) - before.rfind("\n") - 1)


@dataclass(frozen=True, slots=True)
class Items:
    """A list: one line with a dash for each item."""

    items: tuple[Node, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Section:
    """Names and what stands under each, in the order of the file."""

    entries: tuple[tuple[Text, Node], ...]
    place: Place

    def items(self) -> Iterator[tuple[Text, Node]]:
        """Iterate over the names and their nodes."""
        return iter(self.entries)

    def get(self, key: str) -> Node | None:
        """Return what stands under that name, or None."""
        return next((node for name, node in self.entries if name.value == key), None)

    def key(self, key: str) -> Text | None:
        """Return the name itself with its place, or None."""
        return next((name for name, _ in self.entries if name.value == key), None)

    def text(self, key: str) -> str:
        """Return the text under that name, or nothing."""
        node = self.get(key)
        return node.value if isinstance(node, Text) else ""

    def place_of(self, *keys: str) -> Place:
        """Return the place of the first of those names that is there, or of the section."""
        return next((name.place for key in keys if (name := self.key(key))), self.place)


Node = Text | Items | Section


@dataclass(frozen=True, slots=True)
class Document:
    """One staff file as data and places; its words have no meaning yet."""

    source: Source
    root: Section


def read(name: str, content: bytes) -> tuple[Document | None, list[Problem]]:
    """Read the bytes of a staff file; a file that cannot be read gives one Problem and no Document."""
    source = _decoded(name, content)
    if isinstance(source, Problem):
        return None, [source]
    keymap: Keymap = {}
    try:
        data: Any = nestedtext.loads("\n".join(source.lines), top="dict", keymap=keymap)
    except nestedtext.NestedTextError as error:
        return None, [_syntax_problem(source, error)]
    except RecursionError:
        return None, [problem("document.depth", _deepest(source), most=DEEPEST)]
    fault = _fault(source, data, keymap)
    if fault:
        return None, [fault]
    return Document(source, _Builder(source, keymap).root(data)), []


# From bytes to lines


def _decoded(name: str, content: bytes) -> Source | Problem:
    """Return the lines of the file with plain spaces and apostrophes, or why they cannot be read."""
    utf16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text = content.decode("utf-16") if utf16 else _eight_bits(content)
    except UnicodeDecodeError as error:
        return _undecodable(name, content, error.start, "utf-16" if utf16 else "cp1252")
    source = _source(name, text)
    if "\0" in text:
        return problem("document.binary", Place(source, 1, 1))
    return _invisible(source) or source


def _undecodable(name: str, content: bytes, start: int, encoding: str) -> Problem:
    """Return the Problem of the byte that stands for no letter."""
    code = "document.binary" if b"\0" in content and encoding != "utf-16" else "document.encoding"
    before = _source(name, content[:start].decode(encoding, "replace") + "?").lines
    source = _source(name, content.decode(encoding, "replace"))
    return problem(code, Place(source, len(before), len(before[-1])))


def _eight_bits(content: bytes) -> str:
    """Decode UTF-8 with or without BOM, otherwise what old Windows programs write."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252")


def _source(name: str, text: str) -> Source:
    """Return the lines: spaces at their end cannot be seen, so they are dropped."""
    text = unicodedata.normalize("NFC", text).translate(_PLAIN)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return Source(name, tuple(line.rstrip(" \t") for line in lines))


def _invisible(source: Source) -> Problem | None:
    """Return the Problem of the first character that nobody can see, if there is one."""
    for row, line in enumerate(source.lines, 1):
        for column, char in enumerate(line, 1):
            if char != "\t" and unicodedata.category(char) in _INVISIBLE:
                return problem("document.invisible", Place(source, row, column), char=f"U+{ord(char):04X}")
    return None


# From what NestedText read to nodes


def _fault(source: Source, data: object, keymap: Keymap) -> Problem | None:
    """Return the Problem of what NestedText accepts and Comma does not."""
    if not data:
        return problem("document.empty", Place(source, 1, 1))
    deep = [location for keys, location in keymap.items() if len(keys) == DEEPEST + 1]
    places = [_key_place(source, location) for location in deep] or _deep_brackets(source)
    if places:
        return problem("document.depth", places[0], most=DEEPEST)
    for location in keymap.values():
        if location.key_line and location.key_line.kind == "key item":
            return problem("document.multiline_key", _key_place(source, location))
    return None


def _deep_brackets(source: Source) -> list[Place]:
    """Return the lines with too many brackets one inside the other: NestedText does not count them well."""
    places = []
    for row, line in enumerate(source.lines, 1):
        depths = accumulate((char in "[{") - (char in "]}") for char in line.lstrip(" "))
        if line.lstrip(" ").startswith(("[", "{")) and max(depths) > DEEPEST:
            places.append(Place(source, row, _margin(line) + 1))
    return places


def _key_place(source: Source, location: nestedtext.Location) -> Place:
    """Return where the name stands, or the dash of an item."""
    line = location.key_line or location.line
    column = location.col if location.key_col is None else location.key_col
    return Place(source, line.lineno + 1, column + 1)


def _value_place(source: Source, location: nestedtext.Location) -> Place:
    """Return where the value begins."""
    return Place(source, location.line.lineno + 1, location.col + 1)


def _deepest(source: Source) -> Place:
    """Return the place of the line with the longest indentation, brackets included."""
    margins = [len(line) - len(line.lstrip(" [{")) for line in source.lines]
    return Place(source, margins.index(max(margins)) + 1, 1)


def _within_brackets(value: object, place: Place) -> Any:
    """Return the node of what stands between brackets: NestedText confuses the places inside them."""
    if isinstance(value, dict):
        entries = ((Text(key, place), _within_brackets(item, place)) for key, item in value.items())
        return Section(tuple(entries), place)
    if isinstance(value, list):
        return Items(tuple(_within_brackets(item, place) for item in value), place)
    return Text(str(value), place)


@dataclass(frozen=True, slots=True)
class _Builder:
    """Joins what NestedText read with where it read it."""

    source: Source
    keymap: Keymap

    def root(self, data: dict[str, object]) -> Section:
        """Return the whole file."""
        place = _value_place(self.source, self.keymap[()])
        inline = self.keymap[()].line.kind.startswith("inline")
        return _within_brackets(data, place) if inline else self.section(data, (), place)

    def section(self, data: dict[str, object], keys: Keys, place: Place) -> Section:
        """Return the section at those keys."""
        paths = ((key, value, (*keys, key)) for key, value in data.items())
        entries = ((self.name(key, path), self.node(value, path)) for key, value, path in paths)
        return Section(tuple(entries), place)

    def name(self, key: str, keys: Keys) -> Text:
        """Return the name that ends those keys."""
        return Text(key, _key_place(self.source, self.keymap[keys]))

    def node(self, value: object, keys: Keys) -> Node:
        """Return the node at those keys."""
        location = self.keymap[keys]
        place = _value_place(self.source, location)
        if location.line.kind.startswith("inline"):
            within: Node = _within_brackets(value, place)
            return within
        if isinstance(value, dict):
            return self.section(value, keys, place)
        if isinstance(value, list):
            return Items(tuple(self.node(item, (*keys, row)) for row, item in enumerate(value)), place)
        return self.text(str(value), location)

    def text(self, value: str, location: nestedtext.Location) -> Text:
        """Return the text with the place of each of its lines."""
        if location.line.kind == "string item":
            rows = tuple(self.rows(location.line))
            return Text(value, rows[0], rows)
        value = value.lstrip(" ")
        return Text(value, self.tail(location.line, value))

    def rows(self, line: nestedtext.Line | None) -> Iterator[Place]:
        """Yield where each line of a text on several lines begins."""
        while line:
            yield self.tail(line, line.value or "")
            line = getattr(line, "next_line", None)

    def tail(self, line: nestedtext.Line, value: str) -> Place:
        """Return the place of a value that ends its line."""
        return Place(self.source, line.lineno + 1, len(line.text) - len(value) + 1)


# What to say of a line that NestedText refuses


@dataclass(frozen=True, slots=True)
class _Slip:
    """A refused line (`row` counts from 0), the column inside braces, and what NestedText quotes of it."""

    source: Source
    row: int
    column: int
    quoted: str

    @property
    def line(self) -> str:
        return self.source.lines[self.row]

    @property
    def above(self) -> int:
        """The row of the nearest line above that says something; the line itself if there is none."""
        rows = (row for row in reversed(range(self.row)) if not _SILENT.match(self.source.lines[row]))
        return next(rows, self.row)

    def say(self, code: str, **data: str) -> Problem:
        """Return that Problem at the first character of the line."""
        return problem(code, Place(self.source, self.row + 1, _margin(self.line) + 1), **data)

    def say_inside(self, code: str) -> Problem:
        """Return that Problem at the very character."""
        return problem(code, Place(self.source, self.row + 1, self.column + 1), quoted=self.quoted)


_SILENT = re.compile(r" *(#|$)")
_MARK = re.compile(r".*: *[|>][-+]?$")
_DASH_NAME = re.compile(r" *- .*:$")
_GLUED = re.compile(r" *([^\s:][^:]*):([^\s:/].*|\t.*)")
_SEPARATORS = ("---", "...")


def _margin(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _syntax_problem(source: Source, error: nestedtext.NestedTextError) -> Problem:
    """Say in Italian what NestedText says with a template."""
    quoted = str(error.args[0]) if error.args else ""
    slip = _Slip(source, error.lineno, error.colno or 0, quoted)
    sayings = (say for start, say in _SAYINGS.items() if error.template.startswith(start))
    return next(sayings, _unrecognized)(slip)


def _block_mark(slip: _Slip) -> Problem | None:
    """Say that `|` and `>` do not open a text on several lines here."""
    above = slip.source.lines[slip.above]
    if slip.above == slip.row or not _MARK.match(above):
        return None
    return problem("document.block_mark", Place(slip.source, slip.above + 1, len(above.rstrip("+-"))))


def _unrecognized(slip: _Slip) -> Problem:
    text = slip.line.strip()
    if text in _SEPARATORS:
        return slip.say("document.separator", quoted=text)
    if text.startswith(("-", ">")):
        return slip.say("document.mark_space", mark=text[0], rest=text[1:].strip())
    mark = _block_mark(slip)
    if mark:
        return mark
    glued = _GLUED.fullmatch(slip.line)
    if glued:
        return slip.say("document.colon_space", key=glued[1].strip(), rest=glued[2].strip())
    wrapped = _margin(slip.line) > _margin(slip.source.lines[slip.above])
    return slip.say("document.wrapped" if wrapped else "document.no_colon")


def _indentation(slip: _Slip) -> Problem:
    mark = _block_mark(slip)
    if mark:
        return mark
    above = slip.source.lines[slip.above]
    if slip.line.strip().startswith(">") and above.strip().startswith(">"):
        return slip.say("document.indent_text")
    if _DASH_NAME.match(above):
        return slip.say("document.dash_name", above=above.strip()[2:])
    return slip.say("document.indent", above=above.strip())


def _indentation_char(slip: _Slip) -> Problem:
    return slip.say("document.tab" if slip.line.strip(" ").startswith("\t") else "document.indent_char")


def _top(slip: _Slip) -> Problem:
    return slip.say("document.top_text" if slip.line.strip().startswith(">") else "document.top_list")


def _duplicate(slip: _Slip) -> Problem:
    """Say that the name is there twice, and where it was the first time."""
    start = " " * _margin(slip.line) + slip.quoted
    twin = re.compile(re.escape(start) + " *:( |$)")
    rows = (row for row in reversed(range(slip.row)) if twin.match(slip.source.lines[row]))
    places = [Place(slip.source, row + 1, _margin(start) + 1) for row in rows][:1]
    here = Place(slip.source, slip.row + 1, slip.column + 1)
    return problem("document.duplicate", here, *places, key=slip.quoted)


def _plainly(code: str) -> Callable[[_Slip], Problem]:
    return lambda slip: slip.say(code)


def _inside(code: str) -> Callable[[_Slip], Problem]:
    return lambda slip: slip.say_inside(code)


#: How each template of NestedText begins, and what we say instead.
_SAYINGS: dict[str, Callable[[_Slip], Problem]] = {
    "unrecognized line": _unrecognized,
    "invalid character in indentation": _indentation_char,
    "invalid indentation, partial dedent": _plainly("document.dedent"),
    "invalid indentation": _indentation,
    "top-level content must start in column 1": _plainly("document.top_indent"),
    "content must start with": _top,
    "extra content": _plainly("document.extra"),
    "expected list item": _plainly("document.name_among_items"),
    "expected dictionary item": _plainly("document.item_among_names"),
    "duplicate key": _duplicate,
    "multiline key requires a value": _plainly("document.multiline_key"),
    "indented value must follow multi-line key": _plainly("document.multiline_key"),
    "line ended without closing delimiter": _inside("document.inline_open"),
    "extra character": _inside("document.inline_extra"),
    "expected ‘:’": _inside("document.inline_colon"),
    "expected ‘,’": _inside("document.inline_comma"),
    "expected value": _inside("document.inline_value"),
}
