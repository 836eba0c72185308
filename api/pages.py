"""Pages: from the informativa to the outcome of every service, one sheet of questions at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from starlette.concurrency import run_in_threadpool

from api.identity.visitor import CsrfField, visitor
from api.results import result
from api.sheets import GENERAL, Sheet
from api.typed import NONE
from api.visit import ACTION, ADD, BACK, BEFORE, CHOSEN, GO, OUTCOME, REMOVE, SUMMARY, Visit
from engine.ente import UNNAMED, Ente
from engine.messages import SENTENCES, sentence
from engine.rulebook import Rulebook
from engine.tipo import Tipo, show_day

ROME = ZoneInfo("Europe/Rome")


def shown_day(text: date | str) -> str:
    """Return a day as Italians write it; a moment is that of Palermo."""
    if isinstance(text, str):
        text = datetime.fromisoformat(text).astimezone(ROME).date() if "T" in text else date.fromisoformat(text)
    return show_day(text)


def shown_moment(text: str) -> str:
    """Return a moment (RFC 3339) as the clock in Palermo showed it."""
    moment = datetime.fromisoformat(text).astimezone(ROME)
    return f"{show_day(moment.date())} {moment:%H:%M}"


def shown_euro(amount: str | Decimal) -> str:
    """Return an amount in euro as Italians write it."""
    return Tipo("euro").show(int(Decimal(amount) * 100))


TEMPLATES = Environment(
    loader=PackageLoader("api"),
    undefined=StrictUndefined,
    autoescape=select_autoescape(),
    auto_reload=False,
    trim_blocks=True,
    lstrip_blocks=True,
)
TEMPLATES.filters |= {"day": shown_day, "moment": shown_moment, "euro": shown_euro}
FIELDS = 5000
TEMPLATES.globals |= {"visitor": visitor, "csrf": CsrfField()}
#: What is said of each status that a page may have to give, apart from 400.
SAID = {
    401: "not_recognised",
    403: "not_yours",
    404: "not_found",
    405: "not_allowed",
    413: "too_large",
    415: "media_type",
    429: "too_many_requests",
    500: "failure",
    503: "no_rules",
}
#: The steps of the Comuni model, in its words.
STEPS = ("Informativa sulla privacy", "Dati generali", "Dati specifici", "Riepilogo", "Conferma")

Typed = Mapping[str, Sequence[str]]


class Serving(Protocol):
    """The rules that are being served, always the present ones."""

    @property
    def rulebook(self) -> Rulebook:
        """The rulebook."""


@dataclass(frozen=True, slots=True)
class Pages:
    """The pages made from the rules; `today` tells the day."""

    rules: Serving
    today: Callable[[], date]

    def start(self) -> HTMLResponse:
        """Say what can be done here, and list the services in force today."""
        visit = self.visit({})
        return page("inizio.html", ente=visit.book.ente, servizi=visit.offered)

    def opened(self, chosen: Sequence[str]) -> HTMLResponse | None:
        """Open a visit about some services, or about all of them; None if one does not exist."""
        names = list(self.rules.rulebook.servizi)
        if any(name not in names for name in chosen):
            return None
        return _informativa(self.visit({CHOSEN: [*chosen] or names}), {})

    def sent(self, typed: Typed) -> HTMLResponse:
        """Answer a page that was sent: the next one, or the same with what is wrong."""
        visit = self.visit(typed)
        if visit.wrong:
            return _informativa(visit, visit.wrong)
        action, _, rest = visit.first(ACTION).partition(":")
        sheet = visit.current
        if action in (ADD, REMOVE) and sheet:
            return _members(visit, sheet, action, rest)
        if action in (GO, BEFORE):
            there = visit.sheet(rest) if action == GO else visit.before(sheet.key if sheet else "")
            asked = there if action == GO or sheet or rest == SUMMARY else None
            return _sheet(visit, asked, back=SUMMARY if action == GO else "") if asked else _informativa(visit, {})
        if action in (SUMMARY, OUTCOME):
            return _summary(visit) if action == SUMMARY else _outcome(visit)
        return _onward(visit, sheet)

    def visit(self, typed: Typed) -> Visit:
        """Return the visit of what was sent."""
        return Visit(self.rules.rulebook, typed, self.today())


def router(rules: Serving, today: Callable[[], date]) -> APIRouter:
    """Return the addresses of the pages; answers travel in the body, never in an address."""
    routes, pages = APIRouter(include_in_schema=False), Pages(rules, today)

    @routes.get("/")
    async def start() -> Response:
        """Show the first page."""
        return pages.start()

    @routes.get("/verifica")
    async def opened(request: Request) -> Response:
        """Open a visit about the services in the address, or about all."""
        return pages.opened(request.query_params.getlist("servizio")) or problem_page(404)

    @routes.post("/verifica")
    async def sent(request: Request) -> Response:
        """Answer a page that was sent."""
        form = await request.form(max_files=0, max_fields=FIELDS)
        typed = {key: [str(value) for value in form.getlist(key)] for key in form}
        return await run_in_threadpool(pages.sent, typed)

    @routes.get("/informazioni")
    async def information() -> Response:
        """Say what happens to what is typed, and how accessible the pages are."""
        return page("informazioni.html", ente=rules.rulebook.ente)

    return routes


def page(name: str, status: int = 200, /, *, ente: Ente, **values: Any) -> HTMLResponse:
    """Render a template."""
    return HTMLResponse(TEMPLATES.get_template(name).render(ente=ente, **values), status)


def problem_page(status: int, ente: Ente = UNNAMED, kind: str = "") -> HTMLResponse:
    """Say what was refused or went wrong, and what to do; the kind of refusal tells it better than the status."""
    code = kind if f"pagine.{kind}" in SENTENCES else SAID.get(status, "unreadable")
    texts = {"titolo": sentence(f"pagine.{code}_title", {}), "testo": sentence(f"pagine.{code}", {})}
    return page("errore.html", status, ente=ente, codice=code, **texts)


# The pages of a visit


def _visit_page(name: str, visit: Visit, step: int, errors: Mapping[str, str], **values: Any) -> HTMLResponse:
    shared = {"layout": "visita.html", "visit": visit, "errors": errors, "steps": STEPS, "step": step}
    return page(name, 422 if errors else 200, ente=visit.book.ente, **shared, **values)


def _informativa(visit: Visit, errors: Mapping[str, str]) -> HTMLResponse:
    return _visit_page("informativa.html", visit, 0, errors)


def _onward(visit: Visit, sheet: Sheet | None) -> HTMLResponse:
    """Go to the next sheet, unless something on this one is wrong or has just become worth asking."""
    if sheet is not None:
        if visit.errors(sheet):
            return _sheet(visit, sheet, visit.errors(sheet), back=visit.first(BACK))
        if fresh := visit.appeared(sheet):
            notice = sentence("pagine.appeared", {})
            return _sheet(visit, sheet, notice=notice, fresh=fresh, back=visit.first(BACK))
        if visit.first(BACK):
            return _summary(visit)
    following = visit.after(sheet.key if sheet else "")
    return _sheet(visit, following) if following else _summary(visit)


def _members(visit: Visit, sheet: Sheet, action: str, rest: str) -> HTMLResponse:
    elenco, _, row = rest.partition(":")
    campo = visit.book.law.campi.get(elenco)
    if campo is None or campo.tipo.name != "elenco":
        return _sheet(visit, sheet)
    if action == ADD and visit.full(campo):
        return _sheet(visit, sheet, notice=visit.limit(campo), back=visit.first(BACK))
    if action == ADD:
        changed = visit.with_member(elenco)
        row = changed.reading.rows(elenco)[-1]
        notice = sentence("pagine.added", {"voce": campo.voce, "row": row})
        return _sheet(changed, sheet, notice=notice, focus=f"{elenco}.{row}", back=visit.first(BACK))
    notice = sentence("pagine.removed", {"voce": campo.voce, "row": row})
    return _sheet(visit.without_member(elenco, row), sheet, notice=notice, back=visit.first(BACK))


def _sheet(
    visit: Visit,
    sheet: Sheet,
    errors: Mapping[str, str] | None = None,
    *,
    notice: str = "",
    fresh: Sequence[str] = (),
    focus: str = "",
    back: str = "",
) -> HTMLResponse:
    shown = visit.visible(sheet)
    carried = {name: texts for name, texts in visit.state.items() if name.partition(".")[0] not in shown}
    step = 1 if sheet.step == GENERAL else 2
    texts = {"notice": notice, "fresh": fresh, "focus": focus, "back": back, "nothing": NONE}
    return _visit_page("domande.html", visit, step, errors or {}, sheet=sheet, shown=shown, carried=carried, **texts)


def _summary(visit: Visit) -> HTMLResponse:
    if faulty := visit.faulty():
        return _sheet(visit, faulty, visit.errors(faulty), back=SUMMARY)
    return _visit_page("riepilogo.html", visit, 3, {}, carried=visit.state)


def _outcome(visit: Visit) -> HTMLResponse:
    if faulty := visit.faulty():
        return _sheet(visit, faulty, visit.errors(faulty), back=SUMMARY)
    desk = visit.route.as_json() if visit.route else None
    results = [result(evaluation) for evaluation in visit.evaluations]
    return _visit_page("esito.html", visit, 4, {}, carried=visit.state, results=results, desk=desk)
