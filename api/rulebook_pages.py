"""Pages of the rulebook: each service in prose beside its articles, the articles, the parametri through time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from api.identity.visitor import visitor
from api.markdown import rendered
from api.pages import page, problem_page
from api.rules import Rules
from engine.atto import Articolo, Citation, Fonte
from engine.drawing import draw
from engine.ente import Ente
from engine.esempi import run_esempi, told
from engine.history import Json, history
from engine.messages import sentence
from engine.number import WrongValue
from engine.prose import prose
from engine.rulebook import Rulebook
from engine.servizio import Servizio
from engine.steps import steps_of
from engine.tipo import parse_day, show_day

#: How many pages are kept ready, for the rules being served.
KEPT = 64

Cited = tuple[str, str]


@dataclass(slots=True)
class RulebookPages:
    """The pages made from the rules; `today` tells the day. What was made once for the same rules is kept."""

    rules: Rules
    today: Callable[[], date]
    _book: Rulebook | None = None
    _kept: dict[tuple[str, ...], HTMLResponse] = field(default_factory=dict)

    def services(self) -> HTMLResponse:
        """List the services, the parametri and the articles."""
        book, day = self.rules.rulebook, self.today()
        found = [(book.at(name, day) or versions[-1], versions) for name, versions in book.servizi.items() if versions]
        return _page("regole.html", ente=book.ente, servizi=found, today=day, atti=_articles(book))

    def service(self, name: str, text: str) -> HTMLResponse | None:
        """Show the rules of a service on a day, as typed; None if there is no such service."""
        book = self.rules.rulebook
        versions = book.servizi.get(name)
        if not versions:
            return None
        day, wrong = _day(text, self.today())
        servizio = book.at(name, day)
        if servizio is None:
            wrong, servizio = sentence("pagine.not_yet", {"since": show_day(versions[0].since)}), versions[0]
            day = servizio.since
        key = ("servizio", name, day.isoformat())
        if wrong:
            return self._service(book, servizio, day, text, wrong)
        return self._ready(key, lambda: self._service(book, servizio, day, show_day(day), ""))

    def articolo(self, atto: str, number: str) -> HTMLResponse | None:
        """Show an article and what cites it; None if we have no file of it."""
        book = self.rules.rulebook
        found = book.law.articles.get((atto, number))
        if found is None or atto not in book.law.atti:
            return None
        citing = _citing(book, (atto, number), self.today())
        shown = _article(found, 1)
        return _page("articolo.html", ente=book.ente, atto=book.law.atti[atto], articolo=shown, citing=citing)

    def parametri(self) -> HTMLResponse:
        """Show every parametro through time, with the services that use it."""
        book = self.rules.rulebook
        found: dict[str, Json] = {}
        for name, versions in book.servizi.items():
            for parametro in _through_time(versions[-1]) if versions else ():
                found.setdefault(parametro["nome"], {**parametro, "servizi": []})["servizi"].append(
                    {"nome": name, "titolo": versions[-1].titolo}
                )
        shown = sorted(found.values(), key=lambda item: str(item["titolo"]))
        return _page(
            "parametri.html",
            ente=book.ente,
            parametri=shown,
            today=self.today().isoformat(),
            articoli=book.law.articles,
        )

    def _ready(self, key: tuple[str, ...], make: Callable[[], HTMLResponse]) -> HTMLResponse:
        if visitor().secret:  # the page holds a name and the code of its forms
            return make()
        if self._book is not self.rules.rulebook:
            self._book = self.rules.rulebook
            self._kept.clear()
        if key not in self._kept:
            while len(self._kept) >= KEPT:
                self._kept.pop(next(iter(self._kept)))
            self._kept[key] = make()
        return self._kept[key]

    @staticmethod
    def _service(book: Rulebook, servizio: Servizio, day: date, typed: str, wrong: str) -> HTMLResponse:
        regola, decision = prose(servizio, day), steps_of(servizio, day)
        picture = draw(decision) if decision else None
        cited = _cited(servizio)
        return _page(
            "regola.html",
            422 if wrong else 200,
            ente=book.ente,
            regola=regola,
            giorno=show_day(day),
            typed=typed,
            wrong=wrong,
            versioni=[_limits(version) for version in book.servizi[servizio.name]],
            parametri=_through_time(servizio),
            esempi=[told(outcome) for outcome in run_esempi(servizio)],
            articoli=[_article(book.law.articles[key], 3) for key in cited if key in book.law.articles],
            citati=set(cited) & book.law.articles.keys(),
            atti={c.atto: book.law.atti[c.atto] for f in _fonti(servizio) for c in f.citations},
            passi=decision.as_json() if decision else [],
            decision=decision,
            picture=picture,
        )


def router(rules: Rules, today: Callable[[], date]) -> APIRouter:
    """Return the addresses of the pages of the rulebook."""
    pages, found = RulebookPages(rules, today), APIRouter(prefix="/regole", include_in_schema=False)

    @found.get("")
    def services() -> HTMLResponse:
        """List the services."""
        return pages.services()

    @found.get("/parametri")
    def parametri() -> HTMLResponse:
        """Show every parametro through time."""
        return pages.parametri()

    @found.get("/articoli/{atto}/{articolo}")
    def articolo(atto: str, articolo: str) -> HTMLResponse:
        """Show an article."""
        return pages.articolo(atto, articolo) or problem_page(404)

    @found.get("/{name}")
    def service(name: str, day: Annotated[str, Query(alias="al")] = "") -> HTMLResponse:
        """Show the rules of a service on a day."""
        return pages.service(name, day) or problem_page(404)

    return found


def _page(name: str, status: int = 200, *, ente: Ente, **values: Any) -> HTMLResponse:
    return page(name, status, ente=ente, show_day=_shown, **values)


def _shown(day: date | str) -> str:
    return show_day(date.fromisoformat(day) if isinstance(day, str) else day)


def _day(text: str, today: date) -> tuple[date, str]:
    try:
        return (parse_day(text.strip()), "") if text.strip() else (today, "")
    except WrongValue as wrong:
        return today, str(wrong)


def _limits(version: Servizio) -> Json:
    last = version.until - timedelta(days=1) if version.until else None
    return {"dal": version.since.isoformat(), "fino_al": last.isoformat() if last else None, "fonte": version.fonte}


def _through_time(servizio: Servizio) -> list[Json]:
    """Return the parametri of a version with their values from the newest."""
    found = []
    for name, rows in history(servizio).items():
        shown = [row.as_json(servizio.atti) for row in reversed(rows)]
        found.append({"nome": name, "titolo": servizio.parametri[name].titolo, "valori": shown})
    return found


def _article(articolo: Articolo, level: int) -> Json:
    parts = [{"comma": part.comma, "testo": rendered(part.text, level)} for part in articolo.paragraphs]
    return {"atto": articolo.atto, "numero": articolo.number, "titolo": articolo.titolo, "parti": parts}


def _articles(book: Rulebook) -> list[Json]:
    """Return every act with its articles, in the order of the act."""
    by_act: dict[str, list[Articolo]] = {}
    for (atto, _), articolo in sorted(book.law.articles.items(), key=lambda item: (item[0][0], _order(item[0][1]))):
        by_act.setdefault(atto, []).append(articolo)
    return [{"atto": atto, "articoli": by_act.get(name, [])} for name, atto in book.law.atti.items()]


def _order(number: str) -> tuple[int, str]:
    whole, _, rest = number.partition("-")
    return int(whole), rest


def _fonti(servizio: Servizio) -> Iterator[Fonte]:
    yield servizio.fonte
    yield from (fonte for _, _, fonte in _sourced(servizio))


def _sourced(servizio: Servizio) -> Iterator[tuple[str, str, Fonte]]:
    """Yield what in a version has a source: the anchor of it in the page, its title, the source."""
    yield from ((f"definizione-{d.name}", d.titolo, d.fonte) for d in servizio.definizioni.values())
    yield from ((f"requisito-{r.name}", r.titolo, r.fonte) for r in servizio.requisiti.values())
    yield from ((f"calcolo-{c.name}", c.titolo, c.fonte) for c in servizio.calcoli.values() if c.fonte)
    yield from ((f"esito-{e.name}", e.titolo, e.fonte) for e in servizio.esiti)
    for name, parametro in servizio.parametri.items():
        yield from ((f"parametro-{name}", parametro.titolo, period.fonte) for period in parametro.periods)


def _key(citation: Citation) -> Cited:
    return citation.atto, citation.articolo


def _cited(servizio: Servizio) -> tuple[Cited, ...]:
    """Return the articles that a version cites, in the order in which it does."""
    return tuple(dict.fromkeys(_key(c) for fonte in _fonti(servizio) for c in fonte.citations if c.articolo))


def _citing(book: Rulebook, article: Cited, day: date) -> list[Json]:
    """Return what cites an article in the rules of that day, by service."""
    found = []
    for name, versions in book.servizi.items():
        servizio = book.at(name, day) or (versions[-1] if versions else None)
        if servizio is None:
            continue
        places = [("regola", servizio.titolo, servizio.fonte), *_sourced(servizio)]
        cited = {anchor: title for anchor, title, fonte in places if article in map(_key, fonte.citations)}
        if cited:
            found.append({"nome": name, "titolo": servizio.titolo, "al": show_day(servizio.since), "citano": cited})
    return found
