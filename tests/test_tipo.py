"""Tipi: what each reads from JSON and from Italian text, and what it refuses, with its sentence."""

from __future__ import annotations

from datetime import date

import pytest

from engine.number import WrongValue
from engine.tipo import TIPI, Tipo, Value

CHOICES = ("alto", "basso")
RIGHT: list[tuple[Tipo, str, object, Value]] = [
    (Tipo("sì/no"), "sì", True, True),
    (Tipo("scelta", options=CHOICES), "alto", "alto", "alto"),
    (Tipo("più scelte", options=CHOICES), "basso; alto", ["alto", "basso"], frozenset(CHOICES)),
    (Tipo("più scelte", options=CHOICES), "", [], frozenset()),
    (Tipo("euro"), "9.360,01 €", "9360.01", 936_001),
    (Tipo("euro al mese"), "90 € al mese", "90", 9_000),
    (Tipo("euro all'anno"), "-0,50 €", "-0.5", -50),
    (Tipo("numero"), "12.000", 12_000, 12_000),
    (Tipo("numero"), "12.000", 12_000.0, 12_000),
    (Tipo("numero", decimals=3), "0,125", "0.125", 125),
    (Tipo("percentuale"), "70,25%", "70.25", 7_025),
    (Tipo("data"), "31/12/2023", "2023-12-31", date(2023, 12, 31).toordinal()),
    (Tipo("durata", unit="mesi"), "6 mesi", 6, 6),
    (Tipo("durata", unit="mesi"), "2 anni", 24, 24),
    (Tipo("durata", unit="giorni"), "1 giorno", 1, 1),
    (Tipo("testo"), "via Roma", "via Roma", "via Roma"),
    (Tipo("comune"), "Palermo", "G273", "G273"),
    (Tipo("comune"), "  PIANA degli albanesi".strip(), "Piana Degli Albanesi", "G543"),
    (Tipo("comune"), "Livo (CO)", "e623", "E623"),
    (Tipo("comune"), "Abano", "Abano Terme", "A001"),
    (Tipo("comune"), "Bozen", "Bolzano", "A952"),
    (Tipo("comune"), "Costa d'Avorio", "Z313", "Z313"),
    (Tipo("codice fiscale"), "rssmra80a01 g273z", "RSSMRA80A01G273Z", "RSSMRA80A01G273Z"),
    (Tipo("codice fiscale"), "RSSMRA80A41G273D", "rssmra80a41g273d", "RSSMRA80A41G273D"),
    (
        Tipo("codice fiscale"),
        "RSSMRA80A01G27PV",
        "RSSMRA80A01G27PV",
        "RSSMRA80A01G27PV",
    ),  # omocodia: a letter for a digit
    (Tipo("codice fiscale"), "80016350821", "80016350821", "80016350821"),
]
WRONG_JSON: list[tuple[Tipo, object, str]] = [
    (Tipo("sì/no"), "sì", "json.italian"),
    (Tipo("sì/no"), 1, "json.yes_no"),
    (Tipo("sì/no"), "SÌ", "json.yes_no"),
    (Tipo("scelta", options=CHOICES), 1, "json.text"),
    (Tipo("scelta", options=CHOICES), "medio", "tipo.option"),
    (Tipo("scelta", options=CHOICES), " alto ", "tipo.option"),
    (Tipo("più scelte", options=CHOICES), "alto", "json.options"),
    (Tipo("più scelte", options=CHOICES), ["alto", 3], "json.text"),
    (Tipo("euro"), 9360, "json.italian"),
    (Tipo("euro"), 9360.125, "json.decimal"),
    (Tipo("euro"), 1e300, "json.decimal"),
    (Tipo("euro"), float("nan"), "json.decimal"),
    (Tipo("euro"), "9.360,00", "json.italian"),
    (Tipo("euro"), " 500 € ", "json.italian"),
    (Tipo("euro"), "500 € al mese", "json.decimal"),
    (Tipo("euro"), "9360.00\n", "json.decimal"),
    (Tipo("euro"), "٩٣٦٠", "json.decimal"),
    (Tipo("euro"), "1e3", "json.decimal"),
    (Tipo("euro"), "9" * 5000, "json.too_large"),
    (Tipo("euro"), "9" * 5000 + ",5", "json.decimal"),
    (Tipo("euro"), "-12.000", "json.thousands"),
    (Tipo("euro"), "0.001", "tipo.too_many_decimals"),
    (Tipo("euro"), "1.500000", "tipo.too_many_decimals"),
    (Tipo("percentuale"), "70%", "json.italian"),
    (Tipo("percentuale"), True, "json.decimal"),
    (Tipo("numero"), "3", "json.italian"),
    (Tipo("numero"), "tre", "json.integer"),
    (Tipo("numero"), 2.5, "json.integer"),
    (Tipo("numero"), float("inf"), "json.integer"),
    (Tipo("numero"), 10**15, "json.too_large"),
    (Tipo("numero"), -(10**400), "json.too_large"),
    (Tipo("numero"), True, "json.integer"),
    (Tipo("numero", decimals=1), "0.25", "tipo.too_many_decimals"),
    (Tipo("numero", decimals=1), 2.5, "json.italian"),
    (Tipo("data"), 20231231, "json.date"),
    (Tipo("data"), "31/12/2023", "json.italian"),
    (Tipo("data"), "2023-12-31T00:00:00", "json.date"),
    (Tipo("data"), "٢٠٢٣-12-31", "json.date"),
    (Tipo("data"), "2023-02-29", "tipo.no_such_day"),
    (Tipo("durata", unit="mesi"), "6", "json.italian"),
    (Tipo("durata", unit="mesi"), "2 anni", "json.italian"),
    (Tipo("durata", unit="mesi"), "2 giorni", "json.integer"),
    (Tipo("testo"), "  ", "tipo.empty"),
    (Tipo("testo"), "\ud800", "json.text"),
    (Tipo("comune"), None, "json.text"),
    (Tipo("comune"), "", "tipo.empty"),
    (Tipo("comune"), "Palermu", "tipo.comune"),
    (Tipo("comune"), "X999", "tipo.comune"),
    (Tipo("comune"), "Palermo (CT)", "tipo.comune"),
    (Tipo("comune"), "Palermo (X999)", "tipo.comune"),
    (Tipo("comune"), "Livo", "tipo.comune_which"),
    (Tipo("codice fiscale"), 80016350821, "json.text"),
    (Tipo("codice fiscale"), "RSSMRA80A01 G273Z", "tipo.codice_fiscale"),
    (Tipo("codice fiscale"), "RSSMRA80A01G273", "tipo.codice_fiscale"),
    (Tipo("codice fiscale"), "RSSMRA80A01G273P", "tipo.codice_fiscale_control"),
    (Tipo("codice fiscale"), "80016350822", "tipo.codice_fiscale_control"),
]


@pytest.mark.parametrize(("tipo", "text", "json", "value"), RIGHT, ids=lambda one: getattr(one, "name", None))
def test_what_a_tipo_reads(tipo: Tipo, text: str, json: object, value: Value) -> None:
    assert tipo.parse(text) == value
    assert tipo.from_json(json) == value


@pytest.mark.parametrize(("tipo", "json", "code"), WRONG_JSON, ids=lambda one: getattr(one, "name", None))
def test_what_a_tipo_refuses(tipo: Tipo, json: object, code: str) -> None:
    with pytest.raises(WrongValue) as wrong:
        tipo.from_json(json)
    assert wrong.value.code == code


def test_every_tipo_of_a_value_is_here() -> None:
    assert (
        {tipo.name for tipo, *_ in RIGHT}
        == {*TIPI} - {"elenco"}
        == {tipo.name for tipo, *_ in WRONG_JSON}
        | {
            "euro al mese",
            "euro all'anno",
        }
    )
