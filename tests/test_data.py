"""What must hold of the real data folders beyond what `check` asks of any."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from engine.__main__ import read_folder
from engine.calcolo import Amount, Call, Expression, Operation
from engine.clause import Clause, Constant, atoms
from engine.servizio import Servizio
from tests.reading import read_once

ROOT = Path(__file__).parents[1]
RULEBOOK, PROBLEMS = read_once(read_folder(ROOT))
VERSIONS = [version for versions in RULEBOOK.servizi.values() for version in versions]


def amounts(expression: Expression | None) -> Iterator[Amount]:
    """Yield the numbers written in an expression."""
    match expression:
        case Amount():
            yield expression
        case Operation():
            yield from amounts(expression.left)
            yield from amounts(expression.right)
        case Call():
            for argument in expression.arguments:
                yield from amounts(argument)


def clauses(servizio: Servizio) -> Iterator[Clause]:
    """Yield every clause of a version."""
    for requisito in servizio.requisiti.values():
        yield from (clause for clause in (requisito.clause, requisito.guard) if clause is not None)
    yield from (definizione.clause for definizione in servizio.definizioni.values())


def test_the_real_rules_have_no_problem() -> None:
    assert [str(found) for found in PROBLEMS] == []
    assert set(RULEBOOK.servizi) == {
        "abitare-solidale",
        "coabitazione",
        "contributo-autonomia",
        "contributo-autonomia-rinnovo",
        "tirocinio",
        "tirocinio-liquidazione",
    }


def test_no_amount_is_written_in_a_rule() -> None:
    """Amounts, thresholds and durations live in regolamento/parametri.nt, with their date and source; zero is none."""
    for version in VERSIONS:
        written = [a for c in version.calcoli.values() for a in amounts(c.expression) if a.number != "0"]
        assert written == [], version.name
        for atom in (atom for clause in clauses(version) for atom in atoms(clause)):
            values = [operand.value for operand in atom.test.operands if isinstance(operand, Constant)]
            assert not [v for v in values if isinstance(v, int) and not isinstance(v, bool) and v != 0], atom.text


def test_what_is_not_confirmed_says_where_it_was_seen() -> None:
    for parametro in RULEBOOK.law.parametri.values():
        for period in parametro.periods:
            assert period.fonte.confirmed or period.fonte.riscontro, parametro.name


def test_no_rule_is_said_confirmed_while_its_act_is_not_in_our_hands() -> None:
    for version in VERSIONS:
        sources = [requisito.fonte for requisito in version.requisiti.values()]
        sources += [definizione.fonte for definizione in version.definizioni.values()]
        for fonte in sources:
            acquired = all(version.atti[citation.atto].acquired for citation in fonte.citations)
            assert acquired or not fonte.confirmed, str(fonte.place)


def test_every_article_of_the_regolamento_says_that_its_text_is_not_acquired() -> None:
    for path in (ROOT / "regolamento/reg-12-2020").glob("*.md"):
        assert "Il testo di questo articolo non è acquisito." in path.read_text("utf-8"), path.name
