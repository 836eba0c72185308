"""The shape of staff files: whatever stands in the wrong place is said in Italian, where it stands."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nestedtext
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.document import read
from engine.messages import SENTENCES
from engine.problem import Problem
from engine.shape import _SAYINGS, KINDS, shape
from tests.source import ROOT

SHAPES = Path(__file__).parent.parent / "engine" / "shapes"

GOOD = {
    "atti": """\
reg-12-2020:
  titolo: Regolamento
  riferimento: delibera 12/2020
  in vigore dal: 01/06/2020
  testo: non acquisito
""",
    "parametri": """\
soglia_isee:
  titolo: Soglia
  tipo: euro
  valori:
    dal 01/01/2024:
      valore: 9.360 € oppure ignoto
      fonte: reg-12-2020
      stato: da confermare
      riscontro: un giornale
    dal 31/12/2024:
      tabella:
        > isee | soglia_isee
      fonte: reg-12-2020
""",
    "vocabolario": """\
componenti:
  domanda: Chi compone il nucleo?
  tipo: elenco
  voce: componente
  prova: acquisito d’ufficio
  dato: personale
  campi:
    titolo_studio:
      domanda: Che titolo di studio ha?
      tipo: scelta
      opzioni:
        - diploma
        - laurea
      prova: autocertificazione art. 46
      dato: ordinario
      solo se: minorenne è no
""",
    "sportelli": """\
titolo: Sportello competente
aiuto: Dall'anagrafe.
sportelli:
  centro:
    titolo: Centro
    telefono: 091 12345
    email: da confermare
    indirizzo: da confermare
    quartieri: Kalsa; Albergheria
    stato: da confermare
    riscontro: un giornale
questioni:
  da_chiedere:
    titolo: Nessuno sportello
    domanda: A chi si rivolge?
competenza:
  dal 01/02/2026:
    fonte: progetto
    colpo: prima
    tabella:
      > comune | sportello
esempi:
  Al centro:
    al: 01/02/2026
    dati:
      comune: Palermo
    sportello: centro
    mancano:
      - comune
""",
    "glossario": "nucleo: le persone che abitano insieme\nrequisito: ciò che si chiede\n",
    "form": """\
servizio: tirocinio
titolo: Domanda
pagine:
  Residenza:
    aiuto: Si acquisisce.
    campi:
      - comune_residenza
""",
    "procedura": (ROOT / "tests/errate/base/procedura.nt").read_text("utf-8"),
    "lettera": """\
titolo: Ricevuta
fonte: reg-12-2020
oggetto: Domanda
oggetto ridotto: Domanda
destinatario:
  > {{ destinatario }}
  > {{ recapito }}
riferimenti:
  Data: {{ data }}
apertura:
  - Gentile {{ destinatario }},
testo:
  Quando:
    - Presto.
firme:
  - {{ responsabile }}
versione oscurata:
  oggetto oscurato: Domanda
  riferimenti:
    Ufficio: {{ ufficio }}
  testo:
    Norme:
      - Nessuna.
""",
    "servizio": """\
servizio: tirocinio
titolo: Tirocinio
fonte: reg-12-2020 art. 19
destinatario: componente
si applica il: giorno della domanda
definizioni:
  disagio:
    titolo: Disagio
    fonte: reg-12-2020
    se:
      tutte:
        - sgombero è sì
        -
          almeno un componente con:
            - lavoro è no
requisiti:
  residenza:
    titolo: Residenza
    fonte: reg-12-2020
    stato: confermato
    se: comune è Palermo
    solo se:
      ogni mese con:
        nessuna:
          - ore più di 3
    motivo se no: Fuori.
calcoli:
  contributo:
    calcolo: canone * 12
    arrotonda: al centesimo per difetto
esiti:
  ammissibile:
    richiede:
      - residenza
    importi:
      - contributo
    fonte: reg-12-2020
  motivi_ostativi:
    altrimenti: sì
    istruttoria completa: sì
    fonte: reg-12-2020
coerenze:
  date:
    se: fine dopo il inizio
    avviso: Controlla le date.
esempi:
  Alla soglia, con l'elenco:
    al: 01/03/2024
    dati:
      comune: Palermo
      componenti:
        completo: sì
        membri:
          maria:
            lavoro: no
    esito: ammissibile
    mancano:
      - isee
    mancano per l'importo:
      - canone
    da confermare:
      - soglia_isee
    importi:
      contributo: 1 €
""",
}

WRONG: dict[str, dict[str, Any]] = nestedtext.load(  # type: ignore[assignment]
    Path(__file__).parent / "prove" / "forme.nt", top="dict"
)


@pytest.mark.parametrize("kind", KINDS)
def test_good_files_have_no_problem(kind: str) -> None:
    assert check(kind, GOOD[kind]) == []


@pytest.mark.parametrize("name", WRONG)
def test_wrong(name: str) -> None:
    case = WRONG[name]
    good, old = GOOD[case["forma"]], case["al posto di"]
    assert old in good
    problems = check(case["forma"], good.replace(old, case["si scrive"], 1))
    assert [f"{p.place.line}:{p.place.column} {p.message}" for p in problems] == case["problemi"]


def test_all_problems_at_once_in_the_order_of_the_file() -> None:
    text = "pagine:\n  Una:\n    campi:\n      - a\n      -\n    aiut: x\ntitolo: y\nnome: z"
    problems = check("form", text)
    assert [(p.place.line, p.code) for p in problems] == [
        (1, "shape.missing_key"),
        (5, "shape.empty_item"),
        (6, "shape.unknown_key"),
        (8, "shape.unknown_key"),
    ]


def test_a_misspelt_name_is_not_missing_too() -> None:
    text = GOOD["form"].replace("titolo:", "titlo:")
    assert [p.code for p in check("form", text)] == ["shape.unknown_key"]


def test_every_sentence_has_a_wrong_file() -> None:
    codes = set()
    for case in WRONG.values():
        good, old = GOOD[case["forma"]], case["al posto di"]
        codes |= {found.code for found in check(case["forma"], good.replace(old, case["si scrive"], 1))}
    assert codes == {code for code in SENTENCES if code.startswith("shape.")}


def test_every_keyword_has_a_sentence() -> None:
    schemas = [part for path in SHAPES.glob("*.json") for part in subschemas(json.loads(path.read_text("utf-8")))]
    keywords = {keyword for schema in schemas for keyword in schema}
    silent = {"$schema", "$id", "$defs", "$ref", "title", "x-also", "x-sentence", "items", "properties"}
    assert keywords - silent - {"patternProperties", "pattern"} == set(_SAYINGS)
    branches = [branch for schema in schemas for branch in schema.get("oneOf", ())]
    assert all(set(branch) == {"required"} for branch in branches)
    assert all(("pattern" in schema) == ("x-sentence" in schema) for schema in schemas)


def subschemas(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        yield schema
        for keyword in ("items", "additionalProperties", "propertyNames"):
            yield from subschemas(schema.get(keyword))
        for keyword in ("$defs", "properties", "patternProperties"):
            for part in schema.get(keyword, {}).values():
                yield from subschemas(part)


@given(st.sampled_from(KINDS), st.integers(0, 900), st.integers(0, 30), st.text(" \n:->[]{}ab€", max_size=4))
def test_any_edit(kind: str, start: int, length: int, new: str) -> None:
    text = GOOD[kind]
    for found in check(kind, text[:start] + new + text[start + length :]):
        assert 1 <= found.place.line <= len(found.place.source.lines)
        assert 1 <= found.place.column <= len(found.place.text) + 1


@given(st.sampled_from(KINDS), st.sampled_from(KINDS))
def test_a_file_of_another_kind(kind: str, other: str) -> None:
    assert (check(kind, GOOD[other]) == []) == (kind == other)


def check(kind: str, text: str) -> list[Problem]:
    document, problems = read("f.nt", text.encode())
    return shape(document, kind) if document else problems
