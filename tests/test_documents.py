"""What the documents say is so: commands, files, versions; no file speaks of one machine or of a download."""

from __future__ import annotations

import re
import subprocess
import tomllib
from functools import cache
from pathlib import Path

import pytest

from tests.source import PACKAGES, ROOT, python_files

DOCUMENTS = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/installazione.md")
LOCKS = sorted(path.relative_to(ROOT) for path in (ROOT / "requirements").glob("*.txt"))

_BACKTICKS = re.compile(r"`([^`\n]+)`")
_FENCE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\]\(([^)#:]+)\)|(?:src|href)=\"([^\"#:]+)\"")
#: A file or folder of the project: words joined by / with an ending, or with a / at the end.
_PATH = re.compile(r"\.?[\w.-]+(?:/[\w.-]+)*(?:/|\.(?:py|nt|md|txt|in|toml|svg|json|css|html|yml))")
_DOWNLOAD = re.compile(r"https?://(?:registry|files|deb|repo|pypi|packages|mirror)\.", re.IGNORECASE)


def text(name: str) -> str:
    """Return what a file of the project says."""
    return (ROOT / name).read_text(encoding="utf-8")


@cache
def files() -> tuple[Path, ...]:
    """Return the files of the project: those that git tracks or would track."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return tuple(Path(name) for name in listing.split("\0") if name and (ROOT / name).is_file())


def version() -> str:
    """Return the version in pyproject.toml."""
    return str(tomllib.loads(text("pyproject.toml"))["project"]["version"])


@pytest.mark.parametrize("command", ["run", "test"])
def test_the_readme_names_the_two_commands_and_they_exist(command: str) -> None:
    assert f"make {command}" in text("README.md")
    assert re.search(rf"^{command}:", text("Makefile"), re.MULTILINE)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_command_that_a_document_names_exists(document: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", text("Makefile"), re.MULTILINE))
    named = {target for span in spans(document) for target in re.findall(r"\bmake ([a-z]+)", span)}
    assert named <= targets


def spans(document: str) -> list[str]:
    """Return what a document shows as code: between backticks or in a fenced block."""
    whole = text(document)
    return _FENCE.findall(whole) + _BACKTICKS.findall(_FENCE.sub("", whole))


def paths_named(document: str) -> set[str]:
    """Return the files and folders that a document names between backticks or links."""
    whole = _FENCE.sub("", text(document))
    links = (first or second for first, second in _LINK.findall(whole))
    return {span for span in _BACKTICKS.findall(whole) if _PATH.fullmatch(span)} | set(links)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_file_that_a_document_names_exists(document: str) -> None:
    assert not [name for name in sorted(paths_named(document)) if not (ROOT / name).exists()]


def test_the_architecture_has_a_line_for_every_module_and_folder() -> None:
    modules = {str(path) for path in python_files(*PACKAGES)}
    folders = {f"{path.parts[0]}/" for path in files() if len(path.parts) > 1}
    assert not sorted((modules | folders) - paths_named("ARCHITECTURE.md"))


def test_the_changelog_has_the_version() -> None:
    assert re.search(rf"^## {re.escape(version())}\b", text("CHANGELOG.md"), re.MULTILINE)


def test_the_licence_is_there_twice_and_the_same() -> None:
    assert text("LICENSE") == text("LICENSES/EUPL-1.2.txt")


@pytest.mark.parametrize("lock", LOCKS, ids=str)
def test_a_lock_file_pins_each_package_with_its_hashes_and_no_address(lock: Path) -> None:
    whole = text(str(lock))
    assert "://" not in whole
    for entry in re.split(r"\n(?=\S)", re.sub(r"^ *#.*\n", "", whole, flags=re.MULTILINE)):
        assert re.match(r"[\w.-]+(\[[\w,-]+\])?==\S+ ", entry), entry
        assert "--hash=sha256:" in entry, entry


def test_the_lock_files_agree_with_each_other() -> None:
    pins: dict[str, set[str]] = {}
    for lock in LOCKS:
        for name, pin in re.findall(r"^([\w.-]+)==(\S+)", text(str(lock)), re.MULTILINE):
            pins.setdefault(name, set()).add(pin)
    assert not {name: versions for name, versions in pins.items() if len(versions) > 1}


def test_what_the_program_needs_is_said_alike_in_the_two_places() -> None:
    needed = tomllib.loads(text("pyproject.toml"))["project"]["dependencies"]
    listed = [line for line in text("requirements/run.in").splitlines() if not line.startswith("#")]
    assert [re.split(r"[<>=]", need)[0] for need in needed] == listed


def test_no_file_names_a_path_of_this_machine_or_a_download_address() -> None:
    here = (f"{ROOT}/", f"{Path.home()}/")
    found = []
    for path in files():
        for number, line in enumerate((ROOT / path).read_bytes().decode(errors="ignore").splitlines(), 1):
            if any(place in line for place in here) or _DOWNLOAD.search(line):
                found.append(f"{path}:{number}: {line.strip()[:100]}")
    assert not found, "\n".join(found)
