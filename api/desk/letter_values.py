"""What the letters of a procedimento say: the values of their placeholders, from what was submitted and done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import reduce
from typing import Any

from api.desk.decisions import GRANT, REFUSE, grounds
from api.desk.piano import AREAS
from api.desk.pratica import Pratica
from api.desk.procedimenti import ADOPTED, NOTICE, NOTICE_READ, Procedimento, Standing
from api.desk.screens import names_of
from engine.atto import TO_CONFIRM, Fonte
from engine.clock import Deadline
from engine.ente import Ente
from engine.letter import of_ente
from engine.messages import sentence
from engine.tipo import show_day

Json = dict[str, Any]
Values = dict[str, str | Sequence[Mapping[str, str]] | None]
#: What nobody has told us of the office, and every letter of the law wants: said to be confirmed until somebody does.
OFFICE = (
    *(
        "domicilio_digitale",
        "accesso_telematico",
        "ufficio_atti",
        "potere_sostitutivo",
        "silenzio",
        "modo_osservazioni",
    ),
    *("modo_integrazione", "termine_ricorso", "autorita_ricorso", "servizio_proponente", "tipologia"),
)
DECIDED = {GRANT: "granted", REFUSE: "refused"}


@dataclass(frozen=True)
class Source:
    """All that a letter may speak of: the file, where the procedimento stands, the answers in words, the names."""

    pratica: Pratica
    standing: Standing
    answers: Sequence[Json]
    ente: Ente
    desk: str
    today: date
    name_of: Callable[[str], str]

    @property
    def found(self) -> Procedimento:
        """The procedimento."""
        return self.standing.procedimento

    def values(self) -> Values:
        """Return the value of every placeholder that is known; what is missing is seen in the letter."""
        advice, document = self.standing.advice, self.standing.presentazione.document
        return {
            **dict.fromkeys(OFFICE, TO_CONFIRM),
            **of_ente(self.ente),
            "sportello": self.desk,
            "responsabile": self._responsible(),
            "operatore": self.name_of(document["chi"]),
            "data": show_day(self.today),
            "destinatario": self.pratica.applicant or None,
            "recapito": self.pratica.text("richiedente.indirizzo") or self.pratica.text("richiedente.email") or None,
            "servizio": str(document["titolo"]),
            "pratica": self.pratica.id,
            "data_domanda": show_day(self.found.received),
            "protocollo_domanda": str(document["protocollo"]),
            "versione_regole": show_day(date.fromisoformat(document["versione"])),
            "impronta_regole": str(advice["impronta"]),
            **self._term(),
            **self._advised(advice),
            **self._dialogue(),
            **self._decided(),
            **self._plan(),
            **self._declared(),
            "allegati": [],
            "documenti": self._documents(),
        }

    def _responsible(self) -> str:
        """Return who proposed or decided; before that, whom the sheet of the procedura names."""
        for part in ("proposta", "provvedimento"):
            if done := self.found.data.get(part):
                return self.name_of(done["chi"])
        procedura = self.standing.procedura
        return (procedura.scheda.get("responsabile") if procedura else "") or TO_CONFIRM

    # The time there is

    def _term(self) -> Values:
        main = next((one for one in self.standing.deadlines if one.termine.name == "conclusione"), None)
        answer = next((one for one in self.standing.deadlines if one.termine.name == "osservazioni"), None)
        durations = self._durations()
        found: Values = {
            "durata_osservazioni": _days(answer) or durations.get("finestra"),
            "durata_ripresa": durations.get("ripresa"),
            "durata_integrazione": durations.get("massima"),
            "durata_sospensione": durations.get("massima", ""),
        }
        if main is None or self.standing.procedura is None:
            return found
        taken = sentence("lettere.days", {"days": str(main.elapsed)})
        return {
            **found,
            "durata_termine": _days(main),
            "fonte_termine": _fonte(main.termine.fonte, self.standing),
            "fine_termine": _ends(main),
            "tempo_impiegato": taken if main.stopped else None,
        }

    def _durations(self) -> dict[str, str]:
        """Return the durations that the procedura names for the notice and for the request of what is missing."""
        procedura, found = self.standing.procedura, dict[str, str]()
        for termine in procedura.termini.values() if procedura else ():
            for sospensione in termine.sospensioni:
                window = procedura.termini[sospensione.window.text].durata if procedura and sospensione.window else None
                for name, word in (
                    ("massima", sospensione.longest),
                    ("ripresa", sospensione.after),
                    ("finestra", window),
                ):
                    if word and procedura:
                        found[name] = self._worth(word.text)
        return found

    def _worth(self, parametro: str) -> str:
        procedura = self.standing.procedura
        assert procedura is not None
        one = procedura.parametri[parametro]
        period = one.at(self.found.received)
        if period is None or not period.alternatives:
            return TO_CONFIRM
        return _either(one.tipo.show(value) for value in period.alternatives)

    # What the rules say

    def _advised(self, advice: Json) -> Values:
        data = [datum for one in advice["requisiti"] for datum in one["dati"]]
        judged = {d["domanda"]: d for d in data if d["prova"] == "giudizio professionale"}
        return {
            "consiglio": advice["esito"].replace("_", " "),
            "punti": [_point(one) for one in advice["requisiti"]],
            "norme": [{"norma": fonte} for fonte in dict.fromkeys(one["fonte"] for one in advice["requisiti"])],
            "aperti": [{"aperto": f"{one['titolo']}: {one['valore']}"} for one in advice["da_confermare"]],
            "importi": [_amount(one) for one in advice["calcoli"].values()],
            "giudizi": [
                {
                    "giudizio": f"{question} {datum['valore']}",
                    "autore_giudizio": self._judge(datum["campo"]),
                    "motivazione_giudizio": datum.get("motivazione", ""),
                }
                for question, datum in judged.items()
            ],
            "mancanze": [
                {
                    "dato_mancante": one["domanda"],
                    "motivo_richiesta": sentence("lettere.why_missing", {}),
                    "documento_utile": one["prova"],
                }
                for one in advice["mancano"]
            ],
        }

    def _judge(self, campo: str) -> str:
        reply = self.standing.presentazione.replies.get(campo.replace("/", "."))
        return self.name_of(reply.who) if reply else TO_CONFIRM

    def _dialogue(self) -> Values:
        listed = self.found.data.get("motivi") or grounds(self.standing.advice)
        sent, read = self.found.day_of(NOTICE), self.found.day_of(NOTICE_READ)
        return {
            "motivi": [_ground(one) for one in listed],
            "invio_motivi": show_day(sent) if sent else "",
            "ricevimento_motivi": show_day(read) if read else "",
            "osservazioni": [
                {"osservazione": one["testo"], "risposta_osservazione": one["risposta"]}
                for one in self.found.data.get("osservazioni", ())
            ],
        }

    def _decided(self) -> Values:
        proposal, act = self.found.data.get("proposta"), self.found.data.get("provvedimento")
        found: Values = {
            "procedimento_correlato": str(self.standing.presentazione.document["titolo"]),
            "presenza_dati_personali": sentence("lettere.personal_data", {}),
            "pareri": [],
            "scostamento": "",
            "scostamento_dirigente": "",
            "passi": [],
        }
        if proposal:
            found |= {"esito_proposto": sentence(f"lettere.{DECIDED[proposal['esito']]}", {})}
            found |= {"scostamento": "" if proposal["conforme"] else proposal["motivazione"]}
        if act:
            found |= {
                "numero": act["numero"],
                "data_determinazione": show_day(date.fromisoformat(act["giorno"])),
                "data_inserimento": show_day(self.found.day_of(ADOPTED) or self.today),
                "dirigente": act["firma"],
                "decisione": sentence(f"lettere.{DECIDED[act['esito']]}", {}),
                "scostamento_dirigente": "" if act["conforme"] else act["motivazione"],
            }
        return found

    # The plan, the declaration, the documents

    def _plan(self) -> Values:
        plan = self.found.data.get("piano")
        if not plan:
            return {}
        areas: Values = {f"area_{name}": text or None for name, text in plan["aree"].items()}
        goals = plan["obiettivi"]
        signers = ((self.pratica.applicant, "applicant"), (self.name_of(self._officer()), "desk_officer"))
        return {
            **areas,
            "inizio_piano": plan["inizio"] or None,
            "fine_piano": plan["fine"] or None,
            "obiettivi": [
                {
                    "area_obiettivo": AREAS.get(one["area_obiettivo"], ""),
                    "obiettivo": one["obiettivo"],
                    "risultato_atteso": one["risultato"],
                }
                for one in goals
                if one["obiettivo"]
            ],
            "interventi": [
                {
                    "intervento": one["intervento"],
                    "responsabile_intervento": one["chi_realizza"],
                    "periodo_intervento": one["scadenza"],
                }
                for one in goals
                if one["intervento"]
            ],
            "impegni": plan["impegni"],
            "verifiche": [
                {"data_verifica": one["giorno_monitoraggio"], "oggetto_verifica": one["monitoraggio"]}
                for one in plan["monitoraggi"]
            ],
            "firmatari": [
                {"firmatario": name, "ruolo_firmatario": sentence(f"lettere.{role}", {})}
                for name, role in signers
                if name
            ],
        }

    def _officer(self) -> str:
        return str(self.standing.presentazione.document["chi"])

    def _declared(self) -> Values:
        names = names_of(self.pratica.replies).values()
        return {
            "dichiarante": self.pratica.applicant or None,
            "codice_fiscale": self.pratica.text("richiedente.codice_fiscale") or None,
            "risposte": [
                {"domanda": one["question"], "risposta": one["value"], "prova": one["prova"]} for one in self.answers
            ],
            "componenti": [{"componente": name, "dati_componente": ""} for name in names],
        }

    def _documents(self) -> list[dict[str, str]]:
        replies = self.standing.presentazione.replies.values()
        attached = (one for reply in replies for one in reply.attached)
        return [{"documento": one.riferimento, "data_documento": one.data} for one in attached]


def _amount(calcolo: Json) -> dict[str, str]:
    steps = " ".join(calcolo["passi"])
    return {"nome_importo": calcolo["titolo"], "valore_importo": calcolo["testo"], "calcolo_importo": steps}


def _data(requisito: Json) -> Iterator[str]:
    yield from (f"{datum['domanda']} {datum['valore']}".strip() for datum in requisito["dati"])


def _origin(requisito: Json) -> str:
    return "; ".join(dict.fromkeys(datum["prova"] for datum in requisito["dati"]))


def _source(requisito: Json) -> str:
    return str(requisito["fonte"]) + ("" if requisito["stato"] == "confermato" else f" ({requisito['stato']})")


def _point(requisito: Json) -> dict[str, str]:
    said = {"vero": "met", "falso": "not_met", "ignoto": "unknown", "non_applicabile": "not_applicable"}
    return {
        "punto": requisito["motivo"],
        "esito_punto": sentence(f"lettere.{said[requisito['valore']]}", {}),
        "fonte_punto": _source(requisito),
        "dato_punto": "; ".join(_data(requisito)) or sentence("lettere.no_datum", {}),
        "origine_punto": _origin(requisito) or sentence("lettere.no_datum", {}),
    }


def _ground(requisito: Json) -> dict[str, str]:
    return {
        "motivo": ". ".join(filter(None, (requisito["titolo"], requisito["motivo"]))),
        "fonte_motivo": _source(requisito),
        "dato_motivo": "; ".join(_data(requisito)) or sentence("lettere.no_datum", {}),
        "origine_dato": _origin(requisito) or sentence("lettere.no_datum", {}),
    }


def _days(deadline: Deadline | None) -> str | None:
    if deadline is None or not deadline.days:
        return None
    return sentence("lettere.days", {"days": _either(str(days) for days in deadline.days)})


def _either(words: Iterable[str]) -> str:
    """Return words of which one is right, and nobody knows which."""
    return reduce(lambda left, right: sentence("lettere.or", {"left": left, "right": right}), words)


def _ends(deadline: Deadline) -> str | None:
    if deadline.soonest is None:
        return None
    if deadline.latest == deadline.soonest:
        return show_day(deadline.soonest)
    late = show_day(deadline.latest) if deadline.latest else TO_CONFIRM
    return sentence("lettere.between", {"soon": show_day(deadline.soonest), "late": late})


def _fonte(fonte: Fonte, standing: Standing) -> str:
    return fonte.show(dict(standing.procedura.atti)) if standing.procedura else ""
