"""Comuni and states by Belfiore code: names in time, and what a person may write."""

from __future__ import annotations

from datetime import date

import pytest

from engine.answers import read_answers
from engine.comune import comuni, existed, named, near, place_of, show
from engine.evaluation import evaluate
from engine.explanation import explain
from tests.test_evaluation import rulebook

NAMES = [
    ("Palermo", ["G273"]),
    ("PALERMO", ["G273"]),
    ("palermo (pa)", ["G273"]),
    ("g273", ["G273"]),
    ("Cefalu", ["C421"]),
    ("Sant'Agata di Militello", ["I199"]),
    ("SANT AGATA DI MILITELLO", ["I199"]),
    ("Livo", ["E623", "E624"]),
    ("Livo (CO)", ["E623"]),
    ("Abano", ["A001"]),
    ("Romania", ["Z129"]),
    ("Palermo (CT)", []),
    ("Palermo (X999)", []),
    ("Pallermo", []),
    ("", []),
    ("()", []),
    ("G27", []),
    ("Ｇ273", []),
]


@pytest.mark.parametrize(("text", "codes"), NAMES)
def test_what_a_person_may_write(text: str, codes: list[str]) -> None:
    assert sorted(place.code for place in named(text)) == codes


def test_the_name_of_a_comune_is_written_as_italians_write_it() -> None:
    assert [show(code) for code in ("G543", "E431", "A345", "I199")] == [
        "Piana degli Albanesi",
        "Lampedusa e Linosa",
        "L'Aquila",
        "Sant'Agata di Militello",
    ]


def test_a_comune_that_is_no_more_says_its_code() -> None:
    assert show("A012") == "Abetone (A012)"
    assert place_of("A012").until == "2016-12-31"
    assert [existed("A012", day) for day in (date(2016, 12, 31), date(2017, 1, 1))] == [True, False]


def test_the_comuni_of_a_day() -> None:
    today, before = comuni(date(2026, 11, 22)), comuni(date(1950, 1, 1))
    assert len(today) == len({*today}) > 7800
    assert "Palermo" in today
    assert "Francia" not in today
    assert before != today


def test_a_misspelt_name_is_near_the_right_one() -> None:
    assert "Palermo" in near("palremo")
    assert "Monreale" not in near("palremo")


@pytest.mark.parametrize(("on", "count"), [(date(2024, 3, 1), 1), (date(2024, 3, 1), 0)])
def test_a_comune_that_does_not_exist_on_the_day_is_a_warning(on: date, count: int) -> None:
    servizio = rulebook().servizi["tirocinio"][0]
    answers = read_answers({"comune_residenza": "A012" if count else "G273"}, servizio.campi)
    found = explain(evaluate(servizio, answers, on)).warnings()
    assert sum("Abetone" in warning and "01/03/2024" in warning for warning in found) == count
