"""The generated Python agrees with the plain evaluator, with the diagram and with the completions."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import date
from functools import cache
from itertools import product

import pytest

from engine.answers import Answers, Elenco, read_example
from engine.campo import Campo
from engine.case import Case
from engine.clause import Constant
from engine.compiled import Compiled, compile_servizio
from engine.diagram import TooLarge, build
from engine.document import Section
from engine.plain import Plain, conjunction, disjunction, negation
from engine.rulebook import read_rulebook
from engine.servizio import Servizio
from engine.tipo import Value, parse_day
from tests.chance import tenths
from tests.generator import ON, assembled, family, service
from tests.oracle import Oracle
from tests.reading import read_once
from tests.source import ROOT

#: Days on which the parametri of the real services are worth something else.
DAYS = (date(2024, 3, 1), date(2025, 3, 1))
SERVICES = (
    "abitare-solidale",
    "coabitazione",
    "contributo-autonomia",
    "contributo-autonomia-rinnovo",
    "tirocinio",
    "tirocinio-liquidazione",
)
FAMILIES = tenths(1_000)
RANDOM_SERVICES = tenths(150)


@cache
def data_files() -> Mapping[str, bytes]:
    folders = ("regolamento", "rules", "forms")
    paths = (path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file())
    return {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in paths}


@cache
def real_services() -> Mapping[str, tuple[Servizio, ...]]:
    rulebook, problems = read_once(data_files())
    assert not problems
    return rulebook.servizi


def real(name: str, on: date = DAYS[0]) -> Compiled:
    """Compile the version of a real service in force on a day."""
    return compile_servizio(next(s for s in real_services()[name] if s.in_force(on)), on)


def kleene(plain: Plain) -> str | None:
    """Return the esito that the plain evaluator is sure of, worked out from its definition."""
    for esito in plain.servizio.esiti:
        held = conjunction(met(plain, name) for name in esito.requires)
        if held is not False:
            return esito.name if held else None
    return None


def met(plain: Plain, name: str) -> bool | None:
    if name in plain.servizio.definizioni:
        return plain.truth(plain.servizio.definizioni[name].clause)
    requisito = plain.servizio.requisiti[name]
    applies = True if requisito.guard is None else plain.truth(requisito.guard)
    return disjunction([negation(applies), plain.truth(requisito.clause)])


def check_agreement(code: Compiled, answers: Answers) -> None:
    """Check the trace against the plain evaluator, and the decision against it and the diagram."""
    plain = Plain(code.servizio, code.on, answers)
    expected = tuple(plain.truth(clause) for _, clause in code.leaves)
    assert code.trace(answers.values) == expected, answers
    decision = code.decide(answers.values)
    assert decision == kleene(plain), answers
    if decision is not None:
        case = Case(code.servizio, code.on, answers)
        try:
            assert build(case.formulas, case.esiti()).outcomes == {decision}, answers
        except TooLarge:
            return


def edges(servizio: Servizio, on: date) -> list[int]:
    """Return whole numbers where a test of the service may turn, and those beside them."""
    plain = Plain(servizio, on, Answers())
    periods = [plain.period(name) for name in servizio.parametri]
    written = [value for period in periods for value in period.alternatives]
    cells = [c for table in servizio.tables.values() for row in table.rows for c in row.tests]
    operands = [operand for tests in cells for test in tests for operand in test.operands]
    written += [o.value for o in operands if isinstance(o, Constant) and o.value is not None]
    turns = {value for value in written if isinstance(value, int)} | {0, on.toordinal()}
    return sorted({value + step for value in turns for step in (-1, 0, 1)})


def random_value(campo: Campo, servizio: Servizio, on: date, chance: random.Random) -> Value | Elenco:
    """Return an answer to a campo, near where a test may turn."""
    if campo.tipo.name == "elenco":
        members = {f"p{n}": random_answers(campo.campi, servizio, on, chance) for n in range(chance.randint(0, 3))}
        return Elenco(chance.random() < 0.5, members)  # type: ignore[arg-type]
    if campo.tipo.name == "sì/no":
        return chance.random() < 0.5
    if campo.tipo.options:
        return chance.choice(campo.tipo.options)
    if not campo.tipo.ordered:
        periods = [parametro.at(on) for parametro in servizio.parametri.values()]
        places = sorted(place for period in periods if period for place in period.members)
        return chance.choice([*places, "F205"])
    return max(chance.choice(edges(servizio, on)), 1 if campo.tipo.name == "data" else campo.minimo or 0)


def random_answers(
    campi: Mapping[str, Campo], servizio: Servizio, on: date, chance: random.Random
) -> dict[str, Value | Elenco]:
    """Return answers to some campi of a real service."""
    likelihood = chance.choice((0.2, 0.6, 0.9, 1))
    return {
        name: random_value(campo, servizio, on, chance) for name, campo in campi.items() if chance.random() < likelihood
    }


@pytest.mark.parametrize("name", SERVICES)
def test_the_esempi_of_the_real_services(name: str) -> None:
    for servizio in real_services()[name]:
        for esempio in servizio.esempi:
            dati = esempio.node.get("dati")
            answers = read_example(dati, servizio.campi, []) if isinstance(dati, Section) else Answers()
            code = compile_servizio(servizio, parse_day(esempio.node.text("al")))
            check_agreement(code, answers)
            names = {esito.name for esito in servizio.esiti}
            wanted, found = esempio.node.text("esito"), code.decide(answers.values)
            assert found is None or found == wanted, esempio.titolo
            assert wanted in names or found is None, esempio.titolo


@pytest.mark.parametrize("on", DAYS, ids=str)
@pytest.mark.parametrize("name", SERVICES)
def test_random_families_of_the_real_services(name: str, on: date) -> None:
    for servizio in real_services()[name]:
        code, chance = compile_servizio(servizio, on), random.Random(f"{name} {on}")
        settled = 0
        for _ in range(FAMILIES):
            answers = Answers(random_answers(servizio.campi, servizio, on, chance))
            check_agreement(code, answers)
            settled += code.decide(answers.values) is not None
        assert 0 < settled < FAMILIES


@pytest.mark.parametrize("seed", range(RANDOM_SERVICES))
def test_random_services(seed: int) -> None:
    servizio, chance = assembled(service(seed)), random.Random(seed)
    code = compile_servizio(servizio, ON)
    for _ in range(12):
        answers = family(servizio, chance, 2_000)
        check_agreement(code, answers)
        oracle, decision = Oracle(servizio, ON, answers), code.decide(answers.values)
        if decision is not None and oracle.complete and oracle.size <= 2_000:
            assert oracle.outcomes == {decision}, answers


#: What random services seldom have together: lines that only the plain evaluator reads, in every place.
CORNERS = """
servizio: prova
titolo: Prova
fonte: atto-prova
destinatario: nucleo
si applica il: giorno della domanda
definizioni:
  recente:
    titolo: Recente
    fonte: atto-prova
    se: inizio dopo il giorno della decisione
calcoli:
  punti:
    titolo: Punti
    tipo: numero
    tabella:
      > inizio                             | punti
      > prima del giorno della decisione   | 1
      > non prima del giorno della decisione | 2
    fonte: atto-prova
  quota:
    titolo: Quota
    tipo: euro
    tabella:
      > fine                                | quota
      > prima del giorno della domanda      | 10,49 €
      > non prima del giorno della domanda  | 10,51 €
    arrotonda: all'euro
    fonte: atto-prova
requisiti:
  tabelle:
    titolo: Tabelle
    fonte: atto-prova
    se:
      almeno una:
        - punti al massimo 1
        - quota al massimo 10 €
  guardie:
    titolo: Guardie
    fonte: atto-prova
    solo se: recente è no
    se:
      tutte:
        - dopo è sì
        - dopo è sì
esiti:
  tutto:
    richiede:
      - tabelle
      - guardie
      - recente
    fonte: atto-prova
  molto:
    richiede:
      - tabelle
      - guardie
    fonte: atto-prova
  nulla:
    altrimenti: sì
    fonte: atto-prova
"""
CORNER_CAMPI = """
inizio:
  domanda: Quando?
  tipo: data
  prova: documento tecnico
  dato: ordinario
fine:
  domanda: Quando?
  tipo: data
  prova: documento tecnico
  dato: ordinario
giorno_della_decisione:
  domanda: Quando?
  tipo: data
  prova: documento tecnico
  dato: ordinario
dopo:
  domanda: Dopo?
  tipo: sì/no
  prova: documento tecnico
  dato: ordinario
  solo se: fine dopo il giorno della decisione
"""


def test_lines_that_only_the_plain_evaluator_reads() -> None:
    files = {
        **service(0),
        "rules/vocabolario.nt": CORNER_CAMPI.encode(),
        "rules/prova/dal-2020-01-01.nt": CORNERS.encode(),
    }
    code, today = compile_servizio(assembled(files), ON), ON.toordinal()
    days, names = (None, today - 2, today - 1, today + 1), ("inizio", "fine", "giorno_della_decisione")
    decided = set()
    for *chosen, after in product(days, days, days, (None, True, False)):
        answers = {**dict(zip(names, chosen, strict=True)), "dopo": after}
        given = Answers({name: value for name, value in answers.items() if value is not None})
        check_agreement(code, given)
        decided.add(code.decide(given.values))
    assert decided == {"tutto", "molto", "nulla", None}


@pytest.mark.parametrize("name", SERVICES)
def test_everything_missing_is_no_error(name: str) -> None:
    code = real(name)
    assert code.decide({}) is None
    assert None in code.trace({})


@pytest.mark.parametrize("name", SERVICES)
def test_the_trace_says_whose_each_truth_is(name: str) -> None:
    code = real(name)
    assert {owner for owner, _ in code.leaves} == {*code.servizio.definizioni, *code.servizio.requisiti}
    for requisito in code.servizio.requisiti.values():
        own = [clause for owner, clause in code.leaves if owner == requisito.name]
        assert own[-1] == requisito.clause


@pytest.mark.parametrize("name", SERVICES)
def test_the_source_names_every_requisito_and_is_the_same_every_time(name: str) -> None:
    code = real(name)
    assert all(f"# {requisito!r}" in code.source for requisito in code.servizio.requisiti)
    assert real(name).source == code.source


def test_texts_of_the_rules_never_become_code() -> None:
    evil = "x') or exit() #\""
    folders = {"rules/vocabolario.nt", "rules/contributo-autonomia/dal-2020-05-20.nt"}
    files = {
        name: content.replace(b"paese terzo", evil.encode()) if name in folders else content
        for name, content in data_files().items()
    }
    rulebook, _ = read_rulebook(files)
    (servizio,) = rulebook.servizi["contributo-autonomia"]
    code = compile_servizio(servizio, DAYS[0])
    assert "exit" not in code.source
    check_agreement(code, Answers({"cittadinanza": evil, "permesso_soggiorno": "nessun permesso"}))


def test_one_member_of_an_open_elenco_may_settle_a_definizione() -> None:
    code = real("contributo-autonomia")
    elenco = Elenco(complete=False, members={"maria": {"perdita_lavoro": True}, "luca": {}})
    place = [owner for owner, _ in code.leaves].index("morosita_incolpevole")
    assert code.trace({"componenti": elenco})[place] is True
