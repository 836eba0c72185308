"""The catalogue: services with their versions, parametri through time, articles with who cites them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from api.refusal import Refusal
from api.rules import Edition
from api.versions import last_day, versions_of
from engine.atto import Atto, Fonte
from engine.campo import Campo
from engine.parametro import Parametro, Period
from engine.problem import suggestion
from engine.schema import asked
from engine.servizio import Calcolo, Definizione, Esito, Requisito, Servizio
from engine.tipo import Tipo, Value

Json = dict[str, Any]
_COMMA = re.compile(r"([0-9]+(?:-[a-z]+)?)\. ")


def servizi(edition: Edition, day: date) -> Json:
    """Return every service, with the version in force on the day if there is one."""
    book = edition.rulebook
    return {"al": day.isoformat(), "servizi": [_summary(v, book.at(n, day)) for n, v in book.servizi.items() if v]}


def sportelli(edition: Edition, day: date) -> Json:
    """Return every desk with whom it serves on a day, and the questions that only the cabina di regia can answer."""
    desks = edition.rulebook.sportelli
    if desks is None:
        return {"titolo": "", "aiuto": "", "al": day.isoformat(), "sportelli": [], "questioni": [], "campi": []}
    return desks.as_json(day)


def _summary(versions: tuple[Servizio, ...], current: Servizio | None) -> Json:
    shown = current or versions[0]
    return {
        "servizio": shown.name,
        "titolo": shown.titolo,
        "destinatario": shown.destinatario,
        "in_vigore": current is not None,
        "versioni": [_period_of(version) for version in versions],
    }


def _period_of(version: Servizio) -> Json:
    return {"dal": version.since.isoformat(), "fino_al": last_day(version.until)}


def servizio(edition: Edition, name: str) -> Json:
    """Return a service with all its versions in time."""
    versions = versions_of(edition, name)
    return {
        "servizio": name,
        "titolo": versions[-1].titolo,
        "destinatario": versions[-1].destinatario,
        "versioni": [_version(version) for version in versions],
    }


def _version(version: Servizio) -> Json:
    return {
        **_period_of(version),
        **source(version.fonte, version.atti),
        "si_applica_il": version.applies_on,
        "requisiti": [
            {"id": r.name, "titolo": r.titolo, **source(r.fonte, version.atti)} for r in version.requisiti.values()
        ],
        "esiti": [_esito(esito, version) for esito in version.esiti],
        "campi": [_campo(version.campi[campo]) for campo in asked(version)],
    }


def _esito(esito: Esito, version: Servizio) -> Json:
    return {
        "id": esito.name,
        "titolo": esito.titolo,
        **source(esito.fonte, version.atti),
        "richiede": list(esito.requires),
        "importi": list(esito.importi),
        "qualifiche": list(esito.qualifiche),
        "istruttoria_completa": esito.full_inquiry,
    }


def _campo(campo: Campo) -> Json:
    return {
        "campo": campo.name,
        "domanda": campo.domanda,
        "tipo": campo.tipo.name,
        "prova": campo.prova,
        "dato": campo.dato,
    }


def source(fonte: Fonte, atti: dict[str, Atto]) -> Json:
    """Return a fonte as people read it, its citations, whether it is confirmed, and where it was seen."""
    cited = [_citation(c.atto, c.articolo, c.comma) for c in fonte.citations]
    shown: Json = {"fonte": fonte.show(atti), "stato": fonte.stato, "cita": cited}
    return {**shown, "riscontro": fonte.riscontro} if fonte.riscontro else shown


def _citation(atto: str, articolo: str, comma: str) -> Json:
    found = {"atto": atto, "articolo": articolo, "comma": comma}
    return {key: text for key, text in found.items() if text}


def parametri(edition: Edition, day: date | None) -> Json:
    """Return every parametro with its values through time, or with the one of a day."""
    law = edition.rulebook.law
    found = [_parametro(parametro, law.atti, day) for parametro in law.parametri.values()]
    return {**({"al": day.isoformat()} if day else {}), "parametri": found}


def _parametro(parametro: Parametro, atti: dict[str, Atto], day: date | None) -> Json:
    ends = [*(period.since for period in parametro.periods[1:]), None]
    current = parametro.at(day) if day else None
    values = [
        {"dal": period.since.isoformat(), "fino_al": last_day(end), **_worth(parametro, period)}
        | source(period.fonte, atti)
        for period, end in zip(parametro.periods, ends, strict=True)
        if day is None or period is current
    ]
    unit = {"unita": parametro.tipo.unit} if parametro.tipo.unit else {}
    return {
        "parametro": parametro.name,
        "titolo": parametro.titolo,
        "tipo": parametro.tipo.name,
        **unit,
        "valori": values,
    }


def _worth(parametro: Parametro, period: Period) -> Json:
    """Return a value as JSON and in words: one, alternatives of which the law does not say which, a set, a table."""
    tipo = parametro.tipo
    if period.tabella is not None:
        columns = [*(column.text for column in period.tabella.columns), period.tabella.result.text]
        rows = [[*(cell.text for cell in row.cells), row.result.text] for row in period.tabella.rows]
        return {"tabella": {"colonne": columns, "righe": rows}}
    if period.unknown:
        return {"ignoto": True}
    if period.members:
        names = sorted(tipo.show(member) for member in period.members)
        return {"insieme": sorted(period.members), "testo": "; ".join(names)}
    shown = [_shown(tipo, value) for value in period.alternatives]
    return shown[0] if len(shown) == 1 else {"alternative": shown}


def _shown(tipo: Tipo, value: Value) -> Json:
    return {"valore": tipo.to_json(value), "testo": tipo.show(value)}


def articolo(edition: Edition, atto: str, number: str) -> Json:
    """Return an article: its paragraphs, whether the text of the act is in our hands, and who cites it."""
    law = edition.rulebook.law
    if atto not in law.atti:
        raise Refusal("no_atto", name=atto, hint=suggestion(atto, law.atti), names=", ".join(law.atti))
    listed = [article for name, article in sorted(edition.articoli) if name == atto]
    if number not in listed:
        data = {"name": number, "atto": atto, "hint": suggestion(number, listed), "names": ", ".join(listed) or "-"}
        raise Refusal("no_articolo", **data)
    return {
        "atto": _atto(law.atti[atto]),
        "articolo": number,
        "testo_acquisito": law.atti[atto].acquired,
        "paragrafi": _paragraphs(edition.articoli[atto, number]),
        "citato_da": _cited_by(edition, atto, number),
    }


def _atto(atto: Atto) -> Json:
    return {
        "atto": atto.id,
        "titolo": atto.titolo,
        "riferimento": atto.riferimento,
        "dal": atto.since.isoformat(),
        "fino_al": atto.until.isoformat() if atto.until else None,
    }


def _paragraphs(text: str) -> list[Json]:
    """Split Markdown at the empty lines; a paragraph that begins with a number is that comma."""
    found = []
    for paragraph in re.split(r"\n\s*\n", text.replace("\r\n", "\n").strip()):
        match = _COMMA.match(paragraph)
        found.append({"testo": paragraph, **({"comma": match[1]} if match else {})})
    return found


def _cited_by(edition: Edition, atto: str, number: str) -> Json:
    """Return what cites an article: for each kind its items, with the comma where they name one."""
    found: dict[str, list[Json]] = {"requisiti": [], "definizioni": [], "calcoli": [], "esiti": [], "parametri": []}
    for kind, item, fonte in _cited(edition):
        commas = [c.comma for c in fonte.citations if (c.atto, c.articolo) == (atto, number)]
        found[kind] += [{**item, **({"comma": comma} if comma else {})} for comma in commas]
    return found


def _cited(edition: Edition) -> Iterator[tuple[str, Json, Fonte]]:
    for version in (version for versions in edition.rulebook.servizi.values() for version in versions):
        of = {"servizio": version.name, "versione": version.since.isoformat()}
        kinds: dict[str, Iterable[Definizione | Requisito | Calcolo | Esito]] = {
            "requisiti": version.requisiti.values(),
            "definizioni": version.definizioni.values(),
            "calcoli": version.calcoli.values(),
            "esiti": version.esiti,
        }
        for kind, items in kinds.items():
            for item in items:
                if item.fonte is not None:
                    yield kind, {**of, "id": item.name, "titolo": item.titolo}, item.fonte
    for parametro in edition.rulebook.law.parametri.values():
        for period in parametro.periods:
            found = {"id": parametro.name, "titolo": parametro.titolo, "dal": period.since.isoformat()}
            yield "parametri", found, period.fonte
