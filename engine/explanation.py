"""Explanation: why an Evaluation came out as it did, down to the comma, and what is still missing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from engine import evaluation as values
from engine.answers import Elenco
from engine.atto import Fonte
from engine.campo import Campo
from engine.clause import Clause, Is, Joined
from engine.comune import existed
from engine.dimension import grid_steps, quantum
from engine.evaluation import Evaluation, Verdict, campo_of
from engine.fingerprint import fingerprint
from engine.messages import sentence
from engine.number import decimal
from engine.parametro import Period
from engine.plain import Special, Worth
from engine.reach import reach
from engine.servizio import Calcolo, Requisito
from engine.tipo import Tipo, show_day
from engine.wording import Wording

Json = dict[str, Any]


@dataclass(frozen=True)
class Explanation:
    """The sentences and the sources of an Evaluation; each is made when it is asked for."""

    evaluation: Evaluation

    @property
    def words(self) -> Wording:
        """The words for names, values and calculations."""
        return Wording(self.evaluation)

    # Requisiti

    def requisito(self, name: str) -> Json:
        """Return a requisito with its value, source, reason, the data used and what would settle it."""
        requisito, verdict = self.evaluation.servizio.requisiti[name], self.evaluation.requisiti[name]
        return {
            "id": name,
            "titolo": requisito.titolo,
            "valore": verdict.value,
            **self.source(requisito.fonte),
            "motivo": self.reason(requisito, verdict),
            "dati": self.data(name),
            "mancano": self.questions(verdict.missing),
            "condizioni": self._conditions(requisito, verdict),
        }

    def _conditions(self, requisito: Requisito, verdict: Verdict) -> list[Json]:
        """Return the traces that matter: the guard where there is one, the condition where it applies."""
        guard = [] if requisito.guard is None else [self.traced(requisito.guard)]
        return guard if verdict.value == values.INAPPLICABLE else [*guard, self.traced(requisito.clause)]

    def reason(self, requisito: Requisito, verdict: Verdict) -> str:
        """Return the sentence that says why a requisito has its value."""
        if verdict.value == values.INAPPLICABLE:
            assert requisito.guard is not None
            return sentence("spiega.inapplicable", {"condition": self.words.phrase(requisito.guard)})
        if verdict.value == values.UNKNOWN:
            return self._unknown(verdict)
        text = requisito.reason_yes if verdict.value == values.TRUE else requisito.reason_no
        if text is not None:
            return self.words.filled(text.value)
        code = "spiega.met" if verdict.value == values.TRUE else "spiega.not_met"
        return sentence(code, {"condition": self.words.phrase(requisito.clause)})

    def _unknown(self, verdict: Verdict) -> str:
        asked = (campo_of(self.evaluation.servizio.campi, path).domanda for path in verdict.missing)
        titles = " ".join(dict.fromkeys(asked))
        if titles:
            return sentence("spiega.unknown", {"questions": titles})
        names = "; ".join(self.evaluation.servizio.parametri[name].titolo for name in verdict.rests_on)
        return sentence("spiega.open_law", {"names": names})

    def source(self, fonte: Fonte) -> Json:
        """Return a fonte as people read it, whether it is confirmed, and where it was seen."""
        shown: Json = {"fonte": fonte.show(self.evaluation.servizio.atti), "stato": fonte.stato}
        return {**shown, "riscontro": fonte.riscontro} if fonte.riscontro else shown

    def data(self, name: str) -> list[Json]:
        """Return the known data on which a requisito rests: campo, value and proof."""
        servizio = self.evaluation.servizio
        requisito = servizio.requisiti[name]
        roots = [clause for clause in (requisito.guard, requisito.clause) if clause is not None]
        return [
            item
            for found in reach(servizio, *roots)
            if found in servizio.campi or "/" in found
            for item in self._datum(found)
        ]

    def _datum(self, name: str) -> list[Json]:
        servizio, known = self.evaluation.servizio, self.evaluation.answers.values
        elenco, _, inner = name.partition("/")
        value = known.get(elenco)
        if not isinstance(value, Elenco):
            return [] if inner or value is None else [self._item(name, servizio.campi[name].tipo.show(value))]
        if not inner:
            code = "spiega.members" if value.complete else "spiega.members_so_far"
            return [self._item(name, sentence(code, {"count": str(len(value.members))}))]
        tipo = servizio.campi[elenco].campi[inner].tipo
        given = (
            (f"{elenco}/{member}/{inner}", fields[inner]) for member, fields in value.members.items() if inner in fields
        )
        return [self._item(path, tipo.show(found)) for path, found in given]

    def _item(self, path: str, shown: str) -> Json:
        campo = campo_of(self.evaluation.servizio.campi, path)
        item: Json = {"campo": path, "domanda": self._asked(path), "valore": shown, "prova": campo.prova}
        reason = self.evaluation.answers.motivations.get(path)
        return {**item, "motivazione": reason} if reason else item

    # Traces

    def traced(self, clause: Clause, member: str = "") -> Json:
        """Return a clause and its parts, each with its truth."""
        truth = _TRUTH[self.evaluation.plain.truth(clause, member)]
        match clause:
            case Is() if clause.name in self.evaluation.servizio.definizioni:
                definizione = self.evaluation.servizio.definizioni[clause.name]
                inner = [self.traced(definizione.clause)]
                return {
                    "testo": clause.text,
                    "valore": truth,
                    **self.source(definizione.fonte),
                    "parti": inner,
                }
            case Is():
                return {"testo": clause.text, "valore": truth, "confronto": self.words.compared(clause, member)}
            case Joined():
                return {
                    "testo": clause.kind,
                    "valore": truth,
                    "parti": [self.traced(part, member) for part in clause.parts],
                }
        known = self.evaluation.answers.values.get(clause.elenco)
        members = known.members if isinstance(known, Elenco) else {}
        parts = [{"id": m, **self.traced(clause.clause, f"{clause.elenco}/{m}")} for m in members]
        return {"testo": self.words.phrase(clause), "valore": truth, "parti": parts}

    # Calcoli

    def calcolo(self, name: str) -> Json:
        """Return a calcolo with its value or range and the steps that lead to it."""
        calcolo = self.evaluation.servizio.calcoli[name]
        found: Json = {"titolo": calcolo.titolo, **self._value(name, calcolo), "testo": self.words.worth(name)}
        source = self.source(calcolo.fonte) if calcolo.fonte else {}
        return {**found, **source, "passi": self.words.steps(name)}

    def _value(self, name: str, calcolo: Calcolo) -> Json:
        amount = self.evaluation.importi.get(name)
        if amount is not None and not amount.known:
            ends = {"da": amount.low, "a": amount.high}
            shown = {key: _json(calcolo.tipo, at) if isinstance(at, Fraction) else None for key, at in ends.items()}
            return {"intervallo": shown, **({} if amount.exact else {"esattezza": "per_eccesso"})}
        if amount is not None and not amount.not_due and isinstance(amount.low, Fraction):
            return {"valore": _json(calcolo.tipo, amount.low)}
        return {"valore": _json(calcolo.tipo, self.evaluation.plain.worth(name))}

    # The whole

    def questions(self, paths: Iterable[str]) -> list[Json]:
        """Return campi to ask, each with its question (and whose, for a member)."""
        return [self._question(path) for path in paths]

    def _question(self, path: str) -> Json:
        campo = campo_of(self.evaluation.servizio.campi, path)
        return {"campo": path, "domanda": self._asked(path), "prova": campo.prova}

    def _asked(self, path: str) -> str:
        """Return the question of a campo, and of which member it is asked."""
        campo = campo_of(self.evaluation.servizio.campi, path)
        return f"{campo.domanda} ({path.split('/')[1]})" if "/" in path else campo.domanda

    def to_confirm(self) -> list[Json]:
        """Return the parametri not confirmed on which the outcome or an amount rests."""
        evaluation = self.evaluation
        names = dict.fromkeys(name for found in evaluation.rests_on.values() for name in found)
        return [self._to_confirm(name) for name in names]

    def _to_confirm(self, name: str) -> Json:
        period: Period = self.evaluation.plain.period(name)
        touched = [what for what, found in self.evaluation.rests_on.items() if name in found]
        titolo = self.evaluation.servizio.parametri[name].titolo
        return {
            "parametro": name,
            "titolo": titolo,
            "valore": self.words.worth(name),
            **self.source(period.fonte),
            "riguarda": touched,
        }

    def warnings(self) -> list[str]:
        """Return what the operator should look at again; none of it decides."""
        evaluation, said = self.evaluation, self.evaluation.decided.said
        if "watched" not in said:
            said["watched"] = self._watched()
        judgements, comuni, guarded = said["watched"]
        known, motivations = evaluation.answers.values, evaluation.answers.motivations
        guards, plain = evaluation.servizio.guards, evaluation.plain
        return [
            *[self.words.filled(text) for text in evaluation.warnings],
            *[
                self._ended(campo, value)
                for campo in comuni
                if isinstance(value := known.get(campo.name), str) and not existed(value, evaluation.on)
            ],
            *[
                sentence("spiega.no_motivation", {"question": campo.domanda})
                for campo in judgements
                if campo.name in known and campo.name not in motivations
            ],
            *[
                sentence("spiega.ignored", {"question": campo.domanda})
                for campo in guarded
                if campo.name in known and plain.truth(guards[campo.name]) is False
            ],
        ]

    def _watched(self) -> tuple[list[Campo], list[Campo], list[Campo]]:
        """Return the campi of this service whose answers are looked at again: judgements, comuni, with a guard."""
        servizio = self.evaluation.servizio
        campi = [servizio.campi[name] for name in servizio.order if name in servizio.rests_on]
        judgements = [campo for campo in campi if campo.judgement]
        comuni = [campo for campo in campi if campo.tipo.name == "comune"]
        return judgements, comuni, [campo for campo in campi if campo.name in servizio.guards]

    def _ended(self, campo: Campo, comune: str) -> str:
        """Say of a comune that it does not exist on the day of the rules."""
        data = {"comune": campo.tipo.show(comune), "day": show_day(self.evaluation.on), "question": campo.domanda}
        return sentence("spiega.comune_ended", data)

    @property
    def provisional(self) -> bool:
        """Whether the advice rests on something that nobody has confirmed."""
        return bool(self.evaluation.rests_on) or not self._confirmed

    @property
    def _confirmed(self) -> bool:
        """Whether every source of what was weighed is confirmed."""
        evaluation = self.evaluation
        fonti = [
            evaluation.servizio.requisiti[n].fonte
            for n, v in evaluation.requisiti.items()
            if v.value != values.INAPPLICABLE
        ]
        return all(fonte.confirmed for fonte in (evaluation.servizio.fonte, *fonti))

    @property
    def inquiry_complete(self) -> bool:
        """Whether no applicable requisito is unknown: only then an art. 10-bis notice may leave."""
        return all(verdict.value != values.UNKNOWN for verdict in self.evaluation.requisiti.values())

    def as_json(self) -> Json:
        """Return the whole decision as JSON, the same for every caller."""
        evaluation, servizio = self.evaluation, self.evaluation.servizio
        calcoli = dict.fromkeys(
            n for name in evaluation.importi for n in reversed(reach(servizio, name)) if n in servizio.calcoli
        )
        return {
            "servizio": servizio.name,
            "titolo": servizio.titolo,
            "versione": servizio.since.isoformat(),
            "impronta": fingerprint(servizio, evaluation.on),
            "al": evaluation.on.isoformat(),
            **self._outcome(),
            "requisiti": [self.requisito(name) for name in evaluation.requisiti],
            "qualifiche": {name: verdict.value for name, verdict in evaluation.qualifiche.items()},
            "calcoli": {name: self.calcolo(name) for name in calcoli if not servizio.calcoli[name].elenco},
            "mancano": self.questions(evaluation.missing),
            "mancano_per_importo": self.questions(evaluation.missing_for_importo),
            "prossime_domande": self.questions(evaluation.next_questions),
            "da_confermare": self.to_confirm(),
            "avvisi": self.warnings(),
        }

    def brief(self, impronta: str) -> Json:
        """Return the decision without its reasons: campi and parametri are only named, no step is written."""
        evaluation, said = self.evaluation, self.evaluation.decided.said
        if "brief" not in said:
            said["brief"] = self._decided()
        return {
            **said["brief"],
            "impronta": impronta,
            "provvisorio": said["brief"]["provvisorio"] or bool(evaluation.rests_on),
            "importi": {name: self._amount(name) for name in evaluation.importi},
            "mancano_per_importo": list(evaluation.missing_for_importo),
            "prossime_domande": list(evaluation.next_questions),
            "da_confermare": list(dict.fromkeys(name for found in evaluation.rests_on.values() for name in found)),
            "avvisi": self.warnings(),
        }

    def _decided(self) -> Json:
        """Return what is the same for every family in this situation."""
        evaluation, servizio = self.evaluation, self.evaluation.servizio
        return {
            "servizio": servizio.name,
            "titolo": servizio.titolo,
            "versione": servizio.since.isoformat(),
            "impronta": "",
            **self._outcome(),
            "provvisorio": not self._confirmed,
            "qualifiche": {name: verdict.value for name, verdict in evaluation.qualifiche.items()},
            "importi": {},
            "mancano": list(evaluation.missing),
        }

    def _outcome(self) -> Json:
        evaluation = self.evaluation
        return {
            "esito": evaluation.esito,
            "possibili": list(evaluation.possible),
            "provvisorio": self.provisional,
            "esattezza": "esatta" if evaluation.exact else "per_eccesso",
            "istruttoria_completa": self.inquiry_complete,
        }

    def _amount(self, name: str) -> Json:
        """Return an amount in brief; what may not be due is told of this family, the rest is told once."""
        amount = self.evaluation.importi[name]
        said = {} if amount.not_due else amount.said
        if not said:
            calcolo = self.evaluation.servizio.calcoli[name]
            said |= {"titolo": calcolo.titolo, **self._value(name, calcolo), "testo": self.words.worth(name)}
        return said


_TRUTH = {True: values.TRUE, False: values.FALSE, None: values.UNKNOWN}


def explain(evaluation: Evaluation) -> Explanation:
    """Return the Explanation of an Evaluation."""
    return Explanation(evaluation)


def _json(tipo: Tipo, worth: Worth) -> object:
    if isinstance(worth, Special):
        return worth.value
    if not isinstance(worth, Fraction):
        return sorted(worth) if isinstance(worth, frozenset) else worth
    steps = grid_steps(tipo, worth)
    if steps is not None and tipo.name != "numero":
        return tipo.to_json(steps)
    plain = worth / quantum(tipo) / tipo.scale
    return plain.numerator if plain.denominator == 1 else str(decimal(plain))
