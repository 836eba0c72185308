"""The manual as its reader follows it: files made and changed in a folder, commands, and what they print."""

from __future__ import annotations

import io
import re
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import nestedtext

from api.rules import read_rules
from engine.__main__ import main
from tests.source import ROOT

CHAPTERS = (ROOT / "docs" / "lingua-delle-regole.md", *sorted((ROOT / "docs" / "manuale").glob("*.md")))
CLEAN = "Nessun problema"

_MARK = re.compile(
    r"<!-- (?P<word>cartella|file|cambia|incompleto|sbagliato): (?P<path>\S+?)(?:, al posto di: (?P<line>.*))? -->"
)


@dataclass(frozen=True)
class Block:
    """A fenced block with the mark above it; a mark with no block has no language."""

    chapter: Path
    word: str
    path: str
    instead: str
    language: str
    lines: tuple[str, ...]
    first: int

    @property
    def text(self) -> str:
        """What the block holds, with the line feed at its end."""
        return "".join(f"{line}\n" for line in self.lines)

    def commands(self) -> Iterator[tuple[str, str]]:
        """Yield each command of a console block with what the manual says that it prints."""
        for part in re.split(r"^\$ ", self.text, flags=re.MULTILINE)[1:]:
            command, _, printed = part.partition("\n")
            yield command, printed


def blocks(chapter: Path) -> list[Block]:
    """Return the marks and the fenced blocks of a chapter, in their order."""
    found, lines = list[Block](), chapter.read_text("utf-8").splitlines()
    mark: re.Match[str] | None = None
    index = 0
    while index < len(lines):
        if lines[index].startswith("```"):
            end = lines.index("```", index + 1)
            word, path, instead = mark.groups("") if mark else ("", "", "")
            found.append(
                Block(chapter, word, path, instead, lines[index][3:], tuple(lines[index + 1 : end]), index + 1)
            )
            mark, index = None, end
        elif (match := _MARK.fullmatch(lines[index])) and match["word"] == "cartella":
            found.append(Block(chapter, "cartella", match["path"], "", "", (), index))
        elif match:
            mark = match
        index += 1
    return found


def merged(old: Any, new: Any) -> Any:
    """Return what a fragment makes of a file: new names go before the one that follows them, or at the end."""
    if not (isinstance(old, Mapping) and isinstance(new, Mapping)):
        return new
    result = list(old.items())
    names = list(new)
    for index, name in enumerate(names):
        known = [key for key, _ in result]
        if name in known:
            result[known.index(name)] = (name, merged(old[name], new[name]))
            continue
        following = next((known.index(later) for later in names[index + 1 :] if later in known), len(known))
        result.insert(following, (name, new[name]))
    return dict(result)


def written(data: Any) -> str:
    """Return the text of a staff file, two spaces a level, as the manual writes it."""
    return nestedtext.dumps(data, indent=2) + "\n"


@dataclass
class Reader:
    """Somebody who does what the manual says, in a folder called `prova` beside the project."""

    place: Path
    files: dict[str, str] = field(default_factory=dict)
    before: dict[str, str] | None = None
    clean: list[dict[str, str]] = field(default_factory=list)

    def follow(self, block: Block) -> str | None:
        """Do what a block says; return a console block as it really comes out, None for the others."""
        if block.language == "console":
            said = "".join(f"$ {command}\n{self.run(command)}" for command, _ in block.commands())
            self.files, self.before = self.before or self.files, None
            return said
        if block.word == "cartella":
            self.files = {} if block.path == "vuota" else _folder(ROOT / block.path)
        elif block.word == "file":
            self.files = {**self.files, block.path: block.text}
        elif block.word:
            if block.word == "sbagliato":
                self.before = self.files
            self.files = {**self.files, block.path: self._changed(block)}
        return None

    def _changed(self, block: Block) -> str:
        if block.path not in self.files:
            return block.text
        old = self.files[block.path]
        if block.instead:
            assert old.count(block.instead + "\n") == 1, (block.path, block.instead)
            return old.replace(block.instead + "\n", block.text)
        return written(merged(nestedtext.loads(old), nestedtext.loads(block.text)))

    def run(self, command: str) -> str:
        """Run `make …` as the Makefile would, and return what is printed."""
        words = shlex.split(command)
        assert words[0] == "make", command
        self._write()
        if words[1] == "run":
            return self._served(command)
        given = dict(word.split("=", 1) for word in words[2:])
        arguments = [given.get(word, word) for word in _recipe(words[1], tuple(sorted(given)))]
        here, printed = self.place / "comma", io.StringIO()
        here.mkdir(exist_ok=True)
        with chdir(here), redirect_stdout(printed), redirect_stderr(printed):
            main(arguments)
        if words[1] == "check" and printed.getvalue().startswith(CLEAN):
            self.clean.append(self.files)
        return printed.getvalue()

    def _served(self, command: str) -> str:
        """Make the application that would be served, and return what `make run` says."""
        assert not read_rules(self.place / "prova").problems
        said = re.search(r'^echo "(Comma risponde .*)"$', _dry_run(command.split()), re.MULTILINE)
        assert said is not None
        return said[1] + "\n"

    def _write(self) -> None:
        folder = self.place / "prova"
        for old in list(folder.rglob("*")):
            if old.is_file():
                old.unlink()
        for name, text in self.files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, "utf-8")


def _folder(path: Path) -> dict[str, str]:
    return {file.relative_to(path).as_posix(): file.read_text("utf-8") for file in path.rglob("*") if file.is_file()}


@cache
def _recipe(target: str, given: tuple[str, ...]) -> tuple[str, ...]:
    """Return what `make` would hand to the engine, with the name of a variable for its value."""
    listed = _dry_run(["make", target, *(f"{name}={name}" for name in given)])
    line = next(line for line in listed.splitlines() if " -m engine " in line)
    return tuple(shlex.split(line.partition(" -m engine ")[2]))


def _dry_run(command: list[str]) -> str:
    return subprocess.run([*command, "--dry-run"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
