"""Prose: a version of a service on a day as sentences for people to read, the same for pages and other systems."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from engine.answers import Answers
from engine.calcolo import Amount, Call, Day, Expression, Name, Operation, names
from engine.campo import Campo
from engine.clause import Clause
from engine.evaluation import NotInForce
from engine.history import Json, Row, row_of, sourced
from engine.messages import sentence
from engine.phrase import Phrases, used
from engine.plain import Plain
from engine.schema import asked
from engine.servizio import Calcolo, Esito, Requisito, Servizio
from engine.tipo import show_day
from engine.wording import show_quantity

_SIGNS = {"+": "plus", "-": "minus", "*": "times", "/": "over"}


def prose(servizio: Servizio, on: date) -> Json:
    """Return the rules of a version on a day, in words; raise NotInForce if it does not govern that day."""
    if not servizio.in_force(on):
        raise NotInForce(servizio.name, on)
    return _Prose(servizio, on, Phrases(Plain(servizio, on, Answers()))).whole()


@dataclass(frozen=True, slots=True)
class _Prose:
    """The words of one version on one day."""

    servizio: Servizio
    on: date
    phrases: Phrases

    def whole(self) -> Json:
        servizio = self.servizio
        rows = [row_of(servizio, name, self.on) for name in servizio.parametri]
        return {
            "servizio": servizio.name,
            "titolo": servizio.titolo,
            "versione": servizio.since.isoformat(),
            "fino_al": (servizio.until - timedelta(days=1)).isoformat() if servizio.until else None,
            "al": self.on.isoformat(),
            **sourced(servizio.fonte, servizio.atti),
            "frasi": list(self._opening()),
            "campi": [self._campo(servizio.campi[name]) for name in asked(servizio)],
            "definizioni": [
                {
                    "nome": found.name,
                    "titolo": found.titolo,
                    **sourced(found.fonte, servizio.atti),
                    "condizione": self.phrases.tree(found.clause),
                    "parametri": self._values([found.clause]),
                }
                for found in servizio.definizioni.values()
            ],
            "requisiti": [self._requisito(found) for found in servizio.requisiti.values()],
            "calcoli": [self._calcolo(found) for found in servizio.calcoli.values()],
            "esiti": [self._esito(index, found) for index, found in enumerate(servizio.esiti)],
            "parametri": [self._parametro(row) for row in rows],
            "aperti": [self._open(row) for row in rows if row.uncertain],
            "coerenze": [
                {"nome": found.name, "condizione": self.phrases.tree(found.clause), "avviso": found.warning}
                for found in servizio.coerenze
            ],
        }

    def _opening(self) -> Iterator[str]:
        servizio = self.servizio
        yield sentence(f"prosa.for_{servizio.destinatario.replace(' ', '_')}", {})
        days = {"since": show_day(servizio.since)}
        if servizio.until is None:
            yield sentence("prosa.since", days)
        else:
            yield sentence("prosa.limits", {**days, "until": show_day(servizio.until - timedelta(days=1))})
        yield sentence("prosa.applies_on", {"day": servizio.applies_on})

    def _campo(self, campo: Campo, elenco: str = "") -> Json:
        guard = self.servizio.guards.get(f"{elenco}/{campo.name}" if elenco else campo.name)
        return {
            "nome": campo.name,
            "domanda": campo.domanda,
            "tipo": campo.tipo.name,
            "opzioni": list(campo.tipo.options),
            "prova": campo.prova,
            "solo_se": self.phrases.tree(guard, elenco) if guard else None,
            "voce": campo.voce,
            "campi": [self._campo(inner, campo.name) for inner in campo.campi.values()],
        }

    def _values(self, clauses: list[Clause]) -> list[Json]:
        """Return the parametri that clauses compare with, each with its value."""
        return [self._value(name) for name in dict.fromkeys(name for clause in clauses for name in used(clause))]

    def _value(self, name: str) -> Json:
        row = row_of(self.servizio, name, self.on)
        return {"nome": name, "titolo": row.parametro.titolo, "valore": row.value or sentence("prosa.see_table", {})}

    def _requisito(self, requisito: Requisito) -> Json:
        guard = requisito.guard
        texts = (("motivo_se_si", requisito.reason_yes), ("motivo_se_no", requisito.reason_no))
        return {
            "nome": requisito.name,
            "titolo": requisito.titolo,
            **sourced(requisito.fonte, self.servizio.atti),
            "solo_se": self.phrases.tree(guard) if guard else None,
            "condizione": self.phrases.tree(requisito.clause),
            "parametri": self._values([clause for clause in (guard, requisito.clause) if clause]),
            **{key: text.value if text else None for key, text in texts},
        }

    # Calcoli

    def _calcolo(self, calcolo: Calcolo) -> Json:
        fonte, table = calcolo.fonte, calcolo.table
        shown: Json = {
            "nome": calcolo.name,
            "titolo": calcolo.titolo,
            **(sourced(fonte, self.servizio.atti) if fonte else {}),
            "frasi": list(self._about(calcolo)),
        }
        if table is not None:
            return {**shown, "tabella": self.phrases.table(table, calcolo.name, calcolo.elenco)}
        assert calcolo.expression is not None
        words = self._formula(calcolo.expression, calcolo.elenco)
        read = dict.fromkeys(name.text for name in names(calcolo.expression) if name.text in self.servizio.parametri)
        formula = {"formula": words, "riga": calcolo.text, "parametri": [self._value(name) for name in read]}
        return {**shown, **formula}

    def _about(self, calcolo: Calcolo) -> Iterator[str]:
        if calcolo.elenco:
            yield sentence("prosa.each_member", {"member": self.servizio.campi[calcolo.elenco].voce})
        if calcolo.rounding is not None:
            yield sentence("prosa.rounded", {"how": calcolo.rounding.text})
        if calcolo.default is not None:
            yield sentence("prosa.default", {"value": show_quantity(calcolo.tipo, calcolo.default)})

    def _formula(self, expression: Expression, elenco: str, *, inside: bool = False) -> str:
        """Write an expression in words; names stand between «», parts of parts in parentheses."""
        match expression:
            case Amount():
                return f"{expression.number}{_UNITS.get(expression.unit, ' ' + expression.unit)}"
            case Day():
                return expression.text
            case Name():
                return f"«{self.phrases.title(expression.text, elenco)}»"
            case Operation():
                parts = {
                    "left": self._formula(expression.left, elenco, inside=True),
                    "right": self._formula(expression.right, elenco, inside=True),
                }
                words = sentence(f"prosa.{_SIGNS[expression.symbol]}", parts)
                return f"({words})" if inside else words
        return self._call(expression, elenco)

    def _call(self, call: Call, elenco: str) -> str:
        if call.function in ("conta", "somma"):
            members = call.arguments[0]
            assert isinstance(members, Name)
            shown = [self._formula(members, ""), *(self._formula(each, members.text) for each in call.arguments[1:])]
        else:
            shown = [self._formula(each, elenco) for each in call.arguments]
        if call.function in ("min", "max"):
            return sentence(f"prosa.{call.function}", {"values": "; ".join(shown)})
        return sentence(f"prosa.{call.function}", dict(zip(("one", "two"), shown, strict=False)))

    # Esiti

    def _esito(self, index: int, esito: Esito) -> Json:
        servizio = self.servizio
        last = index == len(servizio.esiti) - 1
        code = "otherwise" if last else "first" if index == 0 else "next"
        titles = {name: found.titolo for name, found in servizio.requisiti.items()}
        titles |= {name: found.titolo for name, found in servizio.definizioni.items()}
        sentences = [sentence(f"prosa.{code}", {})]
        if esito.full_inquiry:
            sentences.append(sentence("prosa.full_inquiry", {}))
        return {
            "nome": esito.name,
            "titolo": esito.titolo,
            **sourced(esito.fonte, servizio.atti),
            "frasi": sentences,
            "richiede": [{"nome": name, "titolo": titles[name]} for name in esito.requires],
            "importi": [{"nome": name, "titolo": servizio.calcoli[name].titolo} for name in esito.importi],
            "qualifiche": [{"nome": name, "titolo": titles[name]} for name in esito.qualifiche],
        }

    # Parametri

    def _parametro(self, row: Row) -> Json:
        shown = {"nome": row.parametro.name, "titolo": row.parametro.titolo}
        return {**shown, **row.as_json(self.servizio.atti)}

    def _open(self, row: Row) -> Json:
        found = {"title": row.parametro.titolo, "value": row.value}
        code = "open_unknown" if row.period.unknown else "open_table" if row.table is not None else "open_value"
        text = sentence(f"prosa.{code}", found)
        return {
            "nome": row.parametro.name,
            "titolo": row.parametro.titolo,
            "testo": text,
            "riscontro": row.period.fonte.riscontro,
        }


_UNITS = {"numero": "", "percentuale": "%", "euro": " €", "euro al mese": " € al mese", "euro all'anno": " € all'anno"}
