"""Every page of the desk in every state: who sees it, where it is, and what is sent to reach it."""

from __future__ import annotations

from dataclasses import dataclass, field

from playwright.sync_api import Page

from tests.families import ESEMPIOVERO, FINTOMARE, FIVE, LONG, NINE, SERVICE, WRONG
from tests.served import Hand, Served

#: Sends fields as a form of the page would, to the same place or to another.
SEND = """([there, fields]) => {
  const form = Object.assign(document.createElement('form'), {method: 'post', action: there});
  const hidden = [...document.querySelectorAll('[name=csrf], [name=revisione]')].map(e => [e.name, e.value]);
  for (const [name, value] of [...new Map([...hidden, ...fields])])
    form.append(Object.assign(document.createElement('input'), {type: 'hidden', name, value}));
  document.body.append(form);
  form.submit();
}"""


@dataclass(frozen=True, slots=True)
class State:
    """A page: who sees it, its address, its title; what is sent from it and where; how many mistakes it shows."""

    who: str
    path: str
    heading: str
    typed: dict[str, str] = field(default_factory=dict)
    there: str = ""
    wrong: int = 0


#: A mistake that is about what was asked as a whole, and may stand beside no control.
SAID = -1
PRESENT = {
    "servizi": SERVICE,
    "protocollo": "PG/2026/1",
    "data_protocollo": "01/03/2026",
    "canale": "allo sportello",
    "firmata": "sì",
}


def world(office: Served) -> dict[str, str]:
    """Write the families, and let happen to one of them all that may; return the file of each."""
    empty, five, nine, wrong, again = (
        office.family(one) for one in ({}, FIVE, NINE, WRONG | ESEMPIOVERO, FIVE | FINTOMARE)
    )
    operator, head = office.hand("olga"), office.hand("rita")
    operator.send(f"/pratiche/{five}/presenta", **PRESENT)
    operator.send(f"/pratiche/{again}/presenta", **PRESENT | {"protocollo": "PG/2026/2"})
    operator.send(f"/pratiche/{again}/domande/1", azione="avanti", mostrate="isee", isee="7.400,00", motivo="Errore")
    operator.send(f"/pratiche/{again}/presenta", **PRESENT | {"protocollo": "PG/2026/3", "motivo": "Un errore"})
    changed = {"azione": "salva", "mostrate": "comune_residenza isee", "comune_residenza": "Bagheria"}
    office.hand("omar").send(f"/pratiche/{nine}/domande/1", **changed)
    office.hand("carla").send("/fondi", servizio=SERVICE, ammesso="50.000,00")
    procedure(operator, head, f"/pratiche/{five}/procedimenti/{SERVICE}")
    return {"vuota": empty, "cinque": five, "nove": nine, "errata": wrong, "corretta": again}


def procedure(operator: Hand, head: Hand, home: str) -> None:
    """Let everything happen to a procedimento, as far as the payment; each step must have been possible."""
    said = "La lettera del proprietario non vale: il contratto finisce a giugno e non lo rinnova."
    steps: list[tuple[Hand, str, dict[str, str]]] = [
        (head, "decisioni", {"azione": "preavviso", "giorno_preavviso": "20/03/2026"}),
        (operator, "eventi", {"evento": "preavviso_ricevuto", "giorno_evento": "22/03/2026", "nota": "Avviso firmato"}),
        (operator, "osservazioni", {"osservazione": said, "giorno_osservazione": "29/03/2026"}),
        (
            head,
            "decisioni",
            {"azione": "risposta:0", "accolta.0": "sì", "risposta.0": "La lettera è stata letta male."},
        ),
        (
            head,
            "decisioni",
            {"azione": "proposta", "proposta": "accogliere", "motivazione": "Il rischio di perdere la casa c'è."},
        ),
        (
            head,
            "decisioni",
            {
                "azione": "decisione",
                "decisione": "accogliere",
                "numero": "12",
                "giorno_provvedimento": "15/04/2026",
                "firma": "Dina Inventata",
                "importo": "4.320,00",
            },
        ),
        (head, "pagamenti", {"importo_pagato": "360,00", "giorno_pagamento": "30/04/2026", "nota_pagamento": "Maggio"}),
        (operator, "controlli", {"controllo": "Il canone risulta di 380,00 €.", "difforme": "sì"}),
        (
            head,
            "piano",
            {
                "azione": "salva",
                "area.abitativa": "La famiglia vive in due stanze.",
                "obiettivo.0": "Una casa adatta a cinque persone",
                "intervento.0": "Contributo all'autonomia abitativa",
                "scadenza.0": "01/05/2027",
            },
        ),
    ]
    for hand, where, typed in steps:
        response = hand.client.get(f"{home}/piano" if where == "piano" else home)
        assert response.status_code == 200
        found = hand.send(f"{home}/piano" if where == "piano" else home, f"{home}/{where}", **typed)
        assert found.status_code == 303, (where, typed, found.text)


def states(files: dict[str, str]) -> dict[str, State]:
    """Return every page in every state."""
    empty, five, nine, wrong, again = (f"/pratiche/{files[name]}" for name in files)
    home = f"{five}/procedimenti/{SERVICE}"
    second = f"{again}/procedimenti/{SERVICE}"
    other = {"azione": "avanti"}
    return {
        "accesso": State("", "/accesso", "Accedi"),
        "accesso, wrong": State("", "/accesso", "Accedi", {"username": "olga", "password": "no"}, "/accesso", 1),
        "profilo": State("olga", "/profilo", "Il tuo profilo"),
        "utenti": State("ada", "/amministrazione/utenti", "Utenti"),
        "list": State("olga", "/pratiche", "Pratiche"),
        "list, empty": State("lea", "/pratiche", "Pratiche"),
        "list, nothing found": State("olga", "/pratiche", "Pratiche", {"cerca": LONG + "x" * 60}, "/pratiche"),
        "new": State("olga", "/pratiche/nuova", "Nuova pratica"),
        "new, wrong": State("olga", "/pratiche/nuova", "Nuova pratica", {"sportello": "altrove"}, "/pratiche/nuova", 2),
        "overview, empty": State("olga", empty, "Pratica senza nome"),
        "overview": State("rita", five, "Zaira Provaluna"),
        "overview, nine": State("olga", nine, f"{NINE['richiedente.nome']} {NINE['richiedente.cognome']}"),
        "people, empty": State("olga", f"{empty}/persone", "Le persone"),
        "people": State("olga", f"{again}/persone", "Le persone"),
        "people, nine": State("olga", f"{nine}/persone", "Le persone"),
        "people, wrong": State(
            "olga",
            f"{nine}/persone",
            "Le persone",
            {"azione": "salva", "richiedente.nascita": "ieri", "richiedente.codice_fiscale": "Z" * 16},
            f"{nine}/persone",
            2,
        ),
        "questions, empty": State("olga", f"{empty}/domande/1", "Residenza e cittadinanza"),
        "questions, nine": State("olga", f"{nine}/domande/2", "Il nucleo"),
        "questions, wrong": State(
            "olga",
            f"{wrong}/domande/1",
            "Residenza e cittadinanza",
            {**other, "mostrate": "comune_residenza", "comune_residenza": WRONG["comune_residenza"]},
            f"{wrong}/domande/1",
            1,
        ),
        "summary, empty": State("olga", f"{empty}/riepilogo", "Riepilogo"),
        "summary, wrong": State("olga", f"{wrong}/riepilogo", "Riepilogo"),
        "summary, nine": State("olga", f"{nine}/riepilogo", "Riepilogo"),
        "outcome": State("olga", f"{five}/esito", "Esito al 01/03/2026"),
        "outcome, nine": State("olga", f"{nine}/esito", "Esito al 04/05/2026"),
        "submit, empty": State("olga", f"{empty}/presenta", "Presenta la domanda"),
        "submit, wrong": State("olga", f"{wrong}/presenta", "Presenta la domanda", {}, f"{wrong}/presenta", 13),
        "submission": State(
            "olga", f"{again}/presentazioni/{SERVICE}.2", "Contributo all'autonomia abitativa, correzione 1"
        ),
        "comparison": State(
            "olga",
            f"{again}/presentazioni/{SERVICE}.2/confronto",
            "Contributo all'autonomia abitativa: allora e oggi",
        ),
        "declaration": State("olga", f"{five}/dichiarazione", "Dichiarazione sostitutiva"),
        "declaration, nine": State("olga", f"{nine}/dichiarazione", "Dichiarazione sostitutiva"),
        "history": State("olga", f"{again}/storia", "Le modifiche"),
        "accesses": State("rita", f"{five}/accessi", "Chi ha letto questa pratica"),
        "proofs, empty": State("olga", f"{empty}/prove", "Prove e documenti"),
        "proofs, wrong": State(
            "olga",
            f"{nine}/prove",
            "Prove e documenti",
            {
                "azione": "salva",
                "prova.comune_residenza": "",
                "riferimento.comune_residenza": "",
                "data.comune_residenza": "ieri",
            },
            f"{nine}/prove",
            2,
        ),
        "transfer": State("rita", f"{nine}/trasferisci", "Passa la pratica a un altro sportello"),
        "transfer, wrong": State(
            "rita", f"{nine}/trasferisci", "Passa la pratica a un altro sportello", {}, f"{nine}/trasferisci", 2
        ),
        "conflict": State(
            "olga",
            f"{nine}/domande/1",
            "Scegli quale risposta tenere",
            {**other, "revisione": "1", "mostrate": "comune_residenza", "comune_residenza": LONG},
            f"{nine}/domande/1",
        ),
        "conflict, wrong": State(
            "olga",
            f"{nine}/domande/1",
            "Scegli quale risposta tenere",
            {
                "scontri": "comune_residenza",
                "revisione_prima": "1",
                "nuovo.comune_residenza": "Ficarazzi",
            },
            f"{nine}/scelte",
            2,
        ),
        "reason": State(
            "olga",
            f"{five}/domande/1",
            "Perché si cambia?",
            {**other, "mostrate": "comune_residenza", "comune_residenza": "Bagheria"},
            f"{five}/domande/1",
            1,
        ),
        "procedimento, at its start": State("rita", second, "Contributo all'autonomia abitativa"),
        "procedimento, wrong": State(
            "rita",
            second,
            "Contributo all'autonomia abitativa",
            {"azione": "proposta", "modulo": "modulo-proposta", "proposta": "respingere", "motivazione": "x" * 90},
            f"{second}/decisioni",
            SAID,
        ),
        "procedimento, decided": State("rita", home, "Contributo all'autonomia abitativa"),
        "plan, empty": State("aldo", f"{second}/piano", "Piano individualizzato"),
        "plan": State("aldo", f"{home}/piano", "Piano individualizzato"),
        "letter": State("rita", f"{home}/lettere/preavviso", "Comunicazione dei motivi che si oppongono alla domanda"),
        "letter, redacted": State("rita", f"{home}/lettere/determinazione?oscurata=sì", "Determinazione dirigenziale"),
        "agenda": State("rita", "/agenda", "Agenda"),
        "agenda, all": State("carla", "/agenda", "Agenda"),
        "agenda, empty": State("lea", "/agenda", "Agenda"),
        "funds": State("carla", "/fondi", "Fondi"),
        "funds, wrong": State("carla", "/fondi", "Fondi", {"servizio": SERVICE, "ammesso": "mille"}, "/fondi", 1),
        "cabina": State("carla", "/cabina", "Quadro generale"),
        "registry": State("remo", "/registro", "Registro degli eventi"),
        "not yours": State("lea", five, "Questa pagina non è fra quelle del tuo ruolo"),
        "not found": State("olga", "/pratiche/2222-2222", "Pagina non trovata"),
    }


def show(page: Page, state: State) -> None:
    """Show a state, with every detail open."""
    page.goto(state.path)
    if state.there:
        with page.expect_navigation():
            page.evaluate(SEND, [state.there, [*state.typed.items()]])
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
