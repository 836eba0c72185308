"""The addresses of the desk, and its first pages: the list of the files, a new one, where one stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import APIRouter
from fastapi.responses import Response

from api.desk.agenda import AgendaPages
from api.desk.calls import Call, add, see
from api.desk.desk import Desk
from api.desk.letter_pages import LetterPages
from api.desk.overall import OverallPages
from api.desk.people_pages import PeoplePages
from api.desk.plan_pages import PlanPages
from api.desk.pratica import Pratica, people
from api.desk.presentazioni import presentazioni
from api.desk.procedimenti import Procedimenti
from api.desk.procedure_pages import ProcedurePages
from api.desk.questions import QuestionPages
from api.desk.records import RecordPages
from api.desk.screens import Screens, notice_of
from api.desk.submissions import SubmissionPages
from api.pages import STEPS
from api.refusal import Refusal
from api.results import result
from engine.messages import sentence

#: What happens to one service asked for by one file.
ONE = "/pratiche/{pratica}/procedimenti/{servizio}"


def desk_router(desk: Desk, procedimenti: Procedimenti) -> APIRouter:
    """Return the addresses of the desk; what a family says travels in the body, never in an address."""
    routes = APIRouter()
    files, persons, questions = FilePages(desk), PeoplePages(desk), QuestionPages(desk)
    submissions, records = SubmissionPages(desk, procedimenti), RecordPages(desk, procedimenti)
    acts, letters = ProcedurePages(desk, procedimenti), LetterPages(desk, procedimenti)
    plans = PlanPages(desk, procedimenti)
    calendar, overall = AgendaPages(desk, procedimenti), OverallPages(desk)
    for method in ("GET", "POST"):
        add(routes, method, "/pratiche", files.listed)
    add(routes, "GET", "/pratiche/nuova", files.new)
    add(routes, "POST", "/pratiche/nuova", files.create)
    add(routes, "GET", "/pratiche/{pratica}", files.overview)
    add(routes, "POST", "/pratiche/{pratica}/scelte", files.choose)
    add(routes, "GET", "/pratiche/{pratica}/persone", persons.shown)
    add(routes, "POST", "/pratiche/{pratica}/persone", persons.save)
    add(routes, "GET", "/pratiche/{pratica}/domande", questions.first_sheet)
    add(routes, "GET", "/pratiche/{pratica}/domande/{pagina}", questions.sheet)
    add(routes, "POST", "/pratiche/{pratica}/domande/{pagina}", questions.save_sheet)
    add(routes, "GET", "/pratiche/{pratica}/riepilogo", questions.summary)
    add(routes, "GET", "/pratiche/{pratica}/esito", questions.outcome)
    add(routes, "GET", "/pratiche/{pratica}/presenta", submissions.ask)
    add(routes, "POST", "/pratiche/{pratica}/presenta", submissions.submit)
    add(routes, "GET", "/pratiche/{pratica}/dichiarazione", submissions.declaration)
    add(routes, "GET", "/pratiche/{pratica}/presentazioni/{presentazione}", submissions.presented)
    add(routes, "GET", "/pratiche/{pratica}/presentazioni/{presentazione}/confronto", submissions.replayed)
    add(routes, "GET", "/pratiche/{pratica}/storia", records.history)
    add(routes, "GET", "/pratiche/{pratica}/accessi", records.accesses)
    add(routes, "GET", "/pratiche/{pratica}/prove", records.proofs)
    add(routes, "POST", "/pratiche/{pratica}/prove", records.save_proofs)
    add(routes, "GET", f"{ONE}", acts.shown)
    add(routes, "POST", f"{ONE}/eventi", acts.events)
    add(routes, "POST", f"{ONE}/osservazioni", acts.observations)
    add(routes, "POST", f"{ONE}/controlli", acts.checks)
    add(routes, "POST", f"{ONE}/decisioni", acts.decide)
    add(routes, "POST", f"{ONE}/pagamenti", acts.pay)
    add(routes, "GET", f"{ONE}/piano", plans.shown)
    add(routes, "POST", f"{ONE}/piano", plans.save)
    add(routes, "GET", f"{ONE}/lettere/{{lettera}}", letters.shown)
    add(routes, "POST", f"{ONE}/lettere/{{lettera}}", letters.send)
    add(routes, "GET", f"{ONE}/lettere/{{lettera}}/stampa", letters.printed)
    add(routes, "GET", f"{ONE}/spedite/{{lettera}}", letters.sent)
    add(routes, "GET", "/agenda", calendar.shown)
    add(routes, "GET", "/agenda/calendario", calendar.exported)
    add(routes, "GET", "/fondi", calendar.money)
    add(routes, "POST", "/fondi", calendar.set_money)
    add(routes, "GET", "/cabina", overall.shown)
    add(routes, "GET", "/registro", overall.registry)
    add(routes, "GET", "/pratiche/{pratica}/trasferisci", records.transfer)
    add(routes, "POST", "/pratiche/{pratica}/trasferisci", records.move)
    return routes


@dataclass(frozen=True)
class FilePages(Screens):
    """The list of the files, a new one, and where one stands."""

    def listed(self, call: Call) -> Response:
        """Show the files of the person's desk, the oldest first; what is looked for travels in the body."""
        text, stato, after = call.first("cerca"), call.first("stato"), call.first("dopo")
        desks = [name for name in call.who.desks if self.desk.allowed(call.who, "pratica_elencare", name)]
        wide = self.desk.allowed(call.who, "pratica_elencare", "")
        if not (desks or wide):  # no desk would mean every desk
            raise Refusal("not_yours")
        chosen = call.first("sportello")
        desk = chosen if chosen in desks or wide else next(iter(desks), "")
        pratiche, page = self.desk.archive.found(desk, stato, text, after=after)
        self.desk.archive.tell(call.who, "pratica.elenco", "", sportello=desk, trovate=str(page.total))
        values = {
            "pratiche": pratiche,
            "total": page.total,
            "after": page.after,
            "text": text,
            "stato": stato,
            "desk": desk,
            "desks": {name: self.desk.desks.get(name, name) for name in (self.desk.desks if wide else desks)},
            "titles": self.desk.desks,
            "first": not after,
            "notice": notice_of(call),
            "titles_of": self._titles,
            "may_open": bool(self._desks(call)),
        }
        return call.page("pratica/elenco.html", ente=self.ente, **values)

    def _titles(self, pratica: Pratica) -> list[str]:
        names = dict.fromkeys(id_.split(".")[1] for id_ in pratica.presentazioni)
        servizi = self.desk.edition.rulebook.servizi
        return [servizi[name][-1].titolo if servizi.get(name) else name for name in names]

    def _desks(self, call: Call) -> list[str]:
        """Return the desks at which somebody may open a file."""
        return [name for name in call.who.desks if self.desk.allowed(call.who, "pratica_aprire", name)]

    def new(self, call: Call) -> Response:
        """Ask what is needed to open a file."""
        return self._new(call, {})

    def _new(self, call: Call, errors: Mapping[str, str]) -> Response:
        desks = {name: self.desk.desks.get(name, name) for name in self._desks(call)}
        values = {"desks": desks, "errors": errors, "steps": STEPS, "step": 0, "typed": call.typed}
        return call.page("pratica/nuova.html", 422 if errors else 200, ente=self.ente, **values)

    def create(self, call: Call) -> Response:
        """Open a file, and go to its people."""
        desk = call.first("sportello") or next(iter(call.who.desks), "")
        errors = {}
        if not call.first("informativa"):
            errors["informativa"] = sentence("pagine.not_told", {})
        if desk not in self._desks(call):
            errors["sportello"] = sentence("pagine.no_desk", {})
        if errors:
            return self._new(call, errors)
        pratica = self.desk.archive.create(call.who, desk, {})
        return see(f"/pratiche/{pratica.id}/persone")

    # One file

    def overview(self, call: Call) -> Response:
        """Show where a file stands: people, what each service says, what to do next."""
        pratica = self.desk.read(call.who, call.path["pratica"])
        visit = self.desk.visit(pratica.values)
        values = {
            "results": [result(evaluation) for evaluation in visit.evaluations],
            "presented": presentazioni(self.desk.archive, pratica.id),
            "elsewhere": self.elsewhere(pratica),
            "people": [*people(visit.book.law.campi, pratica.values)],
            "route": visit.route.as_json() if visit.route else None,
            "notice": notice_of(call),
            "may": lambda action: self.desk.allowed(call.who, action, pratica.sportello),
        }
        return self.page(call, "pratica/quadro.html", pratica, visit, **values)
