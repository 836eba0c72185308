"""Laws of an evaluation on the real rules, and what its explanation promises."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from functools import cache, partial
from pathlib import Path

import pytest

from engine.__main__ import read_folder
from engine.answers import Answers, Elenco, read_answers, read_example
from engine.campo import Campo
from engine.document import Section
from engine.esempi import run_esempi
from engine.evaluation import STATES, Evaluation, NotInForce, evaluate
from engine.explanation import explain
from engine.fingerprint import fingerprint
from engine.report import report
from engine.rulebook import Rulebook, read_rulebook
from engine.servizio import Servizio
from engine.situation import situations
from engine.tipo import Value, parse_day
from tests.chance import some
from tests.reading import read_once
from tests.small import small

ROOT = Path(__file__).parents[1]
DAY = date(2024, 3, 1)


@cache
def rulebook() -> Rulebook:
    """Return the real rulebook."""
    found, problems = read_once(read_folder(ROOT))
    assert problems == []
    return found


def changed(name: str, before: str, after: str) -> Servizio:
    """Return tirocinio in a rulebook with one text of one file changed."""
    files = read_folder(ROOT)
    assert before.encode() in files[name]
    files[name] = files[name].replace(before.encode(), after.encode(), 1)
    found, problems = read_rulebook(files)
    assert problems == []
    return found.servizi["tirocinio"][-1]


def versions() -> list[Servizio]:
    """Return every version of every service."""
    return [version for each in rulebook().servizi.values() for version in each]


def some_values(campo: Campo) -> list[Value | Elenco]:
    """Return a few values of a campo."""
    tipo = campo.tipo
    if tipo.name == "elenco":
        return [Elenco(True, {"uno": {}}), Elenco(False, {"uno": dict.fromkeys(campo.campi, True)})]
    if tipo.name == "sì/no":
        return [True, False]
    if tipo.name == "comune":
        return ["G273", "C421"]
    if tipo.name == "data":
        return [date(2023, 12, 30).toordinal(), date(2025, 1, 1).toordinal()]
    return list(tipo.options) or [campo.minimo or 0, 936_001, 3_000_000]


def more_answers(servizio: Servizio, answers: Answers) -> Iterator[Answers]:
    """Yield the answers with one more, for every campo not answered yet."""
    for name, campo in servizio.campi.items():
        if name not in answers.values:
            yield from (answers.with_value(name, value) for value in some_values(campo))
    for name, elenco in answers.values.items():
        for member, values in elenco.members.items() if isinstance(elenco, Elenco) else ():
            for inner, campo in servizio.campi[name].campi.items():
                if inner not in values:
                    yield from (answers.with_value(f"{name}/{member}/{inner}", value) for value in some_values(campo))


@pytest.mark.parametrize("servizio", versions(), ids=lambda version: version.name)
def test_an_answer_never_changes_what_was_certain(servizio: Servizio) -> None:
    """On every esempio: what is certain stays, what is possible only shrinks.

    Seven families in ten differ only in what the rules cannot tell apart (see test_situation): each is decided once.
    """
    decided: dict[object, Evaluation] = {}
    rests_on = cache(partial(situations, servizio, outcome=True, amounts=False))

    def once(answers: Answers, day: date) -> Evaluation:
        situation = (day, rests_on(day).of(answers))
        if situation not in decided:
            decided[situation] = evaluate(servizio, answers, day)
        return decided[situation]

    for esempio in servizio.esempi:
        data, day = esempio.node.get("dati"), parse_day(esempio.node.text("al"))
        section = data if isinstance(data, Section) else Section((), esempio.node.place)
        answers = read_example(section, servizio.campi, [])
        before = evaluate(servizio, answers, day)
        for more in some([*more_answers(servizio, answers)]):
            after = once(more, day)
            assert set(after.possible) <= set(before.possible), esempio.titolo
            if before.esito not in STATES:
                assert after.esito == before.esito, esempio.titolo
            for name, verdict in before.requisiti.items():
                assert verdict.value in ("ignoto", after.requisiti[name].value), esempio.titolo


def test_the_esempi_are_enough() -> None:
    """Every version has at least twelve esempi, all right, and each can be told in words and in JSON."""
    for servizio in versions():
        outcomes = list(run_esempi(servizio))
        assert len(outcomes) >= 12
        for outcome in outcomes:
            explanation = explain(outcome.evaluation)
            assert outcome.differences == ()
            assert json.loads(json.dumps(explanation.as_json()))["esito"] == outcome.evaluation.esito
            assert "{{" not in report(explanation)
            assert "PROPOST" in report(explanation).upper()


def test_all_the_grounds_of_a_no() -> None:
    """A no gives every ground, not the first one, each with its source."""
    given = {"comune_residenza": "Cefalù", "percettore_adi": False, "pais_firmato": False, "isee": "9360.01"}
    servizio = rulebook().servizi["tirocinio"][-1]
    decision = explain(evaluate(servizio, read_answers(given, servizio.campi), DAY)).as_json()
    grounds = [item for item in decision["requisiti"] if item["valore"] == "falso"]
    assert decision["esito"] == "motivi_ostativi"
    assert [item["id"] for item in grounds] == ["residenza", "destinatari"]
    assert "Cefalù" in grounds[0]["motivo"]
    assert "9.360,00 €" in grounds[1]["motivo"]
    assert all(item["fonte"] and item["stato"] == "da confermare" for item in grounds)
    assert decision["istruttoria_completa"] is True
    assert decision["provvisorio"] is True


def test_a_judgement_without_its_motivation_is_said() -> None:
    """A judgement counts at once, and its missing motivation is an avviso; with it the avviso goes."""
    servizio = rulebook().servizi["tirocinio"][-1]
    bare = evaluate(servizio, read_answers({"presa_in_carico": True}, servizio.campi), DAY)
    assert any("non ha ancora la motivazione" in text for text in explain(bare).warnings())
    given = {"presa_in_carico": {"valore": True, "motivazione": "Colloquio"}}
    whole = explain(evaluate(servizio, read_answers(given, servizio.campi), DAY))
    assert whole.warnings() == []
    assert any(item.get("motivazione") == "Colloquio" for item in whole.data("destinatari"))


def test_answers_that_do_not_concern_the_family_are_said() -> None:
    """An answer whose guard is false is ignored, not forbidden, and the operator is told."""
    servizio = rulebook().servizi["tirocinio"][-1]
    given = {"pais_firmato": False, "data_firma_pais": "2023-01-01"}
    whole = explain(evaluate(servizio, read_answers(given, servizio.campi), DAY))
    assert any("non è stata considerata" in text for text in whole.warnings())


def test_a_day_out_of_force() -> None:
    """A version governs its days only."""
    servizio = rulebook().servizi["tirocinio"][-1]
    with pytest.raises(NotInForce):
        evaluate(servizio, Answers(), date(2023, 12, 31))
    assert rulebook().at("tirocinio", date(2023, 12, 31)) is None
    assert rulebook().at("altro", DAY) is None


def test_the_fingerprint_is_of_what_decides() -> None:
    """It changes with a threshold, a guard, a proof; not with a question's words or another service's value."""
    servizio = rulebook().servizi["tirocinio"][-1]
    same = fingerprint(servizio, DAY)
    assert fingerprint(servizio, date(2024, 12, 31)) == same
    assert fingerprint(servizio, date(2025, 1, 1)) != same
    parametri, vocabolario = "regolamento/parametri.nt", "rules/vocabolario.nt"
    assert fingerprint(changed(parametri, "valore: 9.360 €", "valore: 9.361 €"), DAY) != same
    assert fingerprint(changed(vocabolario, "prova: giudizio professionale", "prova: documento tecnico"), DAY) != same
    assert fingerprint(changed(vocabolario, "solo se: pais_firmato è sì", "solo se: percettore_adi è no"), DAY) != same
    assert fingerprint(changed(vocabolario, "Qual è il valore dell'ISEE?", "Quanto vale l'ISEE?"), DAY) == same
    assert fingerprint(changed(parametri, "valore: 2.000 €", "valore: 2.001 €"), DAY) == same


GUARDED = """
vocabolario:
  casa:
    tipo: sì/no
  persone:
    tipo: elenco
    voce: persona
    campi:
      lavora:
        tipo: sì/no
  sfratto:
    tipo: sì/no
    solo se:
      KIND:
        - casa è sì
        -
          almeno un persona con: lavora è VALUE
parametri:
  futuro:
    titolo: Futuro
    tipo: numero
    valori:
      dal 01/01/2030:
        valore: 1
        fonte: prova
servizio:
  requisiti:
    r:
      se: sfratto è sì
  calcoli:
    zero:
      calcolo: 0 * futuro
"""


def test_the_fingerprint_is_of_the_whole_guard_of_a_campo() -> None:
    """Its groups and its elenchi too; a parametro that has no value yet does not count."""

    def of(kind: str, value: str, since: str) -> str:
        text = GUARDED.replace("KIND", kind).replace("VALUE", value).replace("2030", since)
        return fingerprint(small(text), DAY)

    same = of("tutte", "sì", "2030")
    assert of("tutte", "sì", "2031") == same
    assert len({same, of("almeno una", "sì", "2030"), of("tutte", "no", "2030"), of("tutte", "sì", "2020")}) == 4
