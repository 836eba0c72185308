"""Validation: the answers that another system sends, read strictly, with every mistake at its place."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from jsonschema_rs import Draft202012Validator

from engine.answers import Answers, Elenco, Mistake, Reader, WrongAnswers, pointer
from engine.campo import Campo
from engine.clause import Clause
from engine.conditionals import Conditionals, Json
from engine.guards import Guards, shown
from engine.messages import sentence, shown_json
from engine.schema import answers_schema, asked, identifier
from engine.servizio import Servizio
from engine.tipo import Value


@dataclass(frozen=True, slots=True)
class Validation:
    """The schema of some answers, compiled once; `unstated` are the guards that it cannot say in full."""

    schema: Json
    guards: Guards
    unstated: Mapping[str, Clause]
    elsewhere: Collection[str]
    validator: Draft202012Validator

    def read(self, data: object) -> Answers:
        """Return the answers; raise WrongAnswers with every mistake."""
        valid = self.conforms(data)
        checked = self.unstated if valid else self.guards.clauses
        answers = StrictReader(self.guards.campi, self.elsewhere, guards=self.guards, checked=checked).read(data)
        if not valid:
            raise WrongAnswers([*self._by_keyword(data)])
        return answers

    def conforms(self, data: object) -> bool:
        """Whether the data obey the schema; what cannot even be sent as UTF-8 does not."""
        try:
            return self.validator.is_valid(data)
        except ValueError:
            return False

    def _by_keyword(self, data: object) -> Iterator[Mistake]:
        """Yield what the schema refuses and the reader would let through, keyword by keyword."""
        for error in self.validator.iter_errors(data):
            said = sentence(f"schema.keyword_{error.kind.name}", {"value": shown_json(error.instance)})
            yield Mistake(pointer(*error.instance_path), said, error.instance)


def validation(servizio: Servizio) -> Validation:
    """Return the validation of the answers to one version of a service."""
    campi = {name: servizio.campi[name] for name in asked(servizio)}
    return validation_of(campi, servizio.guards, servizio.titolo, identifier(servizio), servizio.campi.keys())


def validation_of(
    campi: Mapping[str, Campo],
    guards: Mapping[str, Clause],
    titolo: str,
    identity: str,
    elsewhere: Collection[str] = (),
) -> Validation:
    """Return the validation of the answers to any campi; `elsewhere` are those that are asked, but not here."""
    ours = Guards(campi, {key: clause for key, clause in guards.items() if key.partition("/")[0] in campi})
    stated = Conditionals(ours).stated
    unstated = {key: clause for key, clause in ours.clauses.items() if not stated(clause, key.rpartition("/")[0])}
    found = answers_schema(ours, titolo, identity)
    return Validation(found, ours, unstated, elsewhere, Draft202012Validator(found, validate_formats=False))


@dataclass
class StrictReader(Reader):
    """Reads answers, and refuses those to a question that certainly does not concern the family."""

    guards: Guards = field(kw_only=True)
    checked: Mapping[str, Clause] = field(kw_only=True)

    def campi(
        self, data: Mapping[str, object], campi: Mapping[str, Campo], at: str, elenco: str = ""
    ) -> dict[str, Value | Elenco]:
        """Read the campi, then see which of them are certainly out of place."""
        values = super().campi(data, campi, at, elenco)
        for key, clause in self.checked.items():
            of, _, name = key.rpartition("/")
            if of == elenco and data.get(name) is not None and self.guards.truth(clause, values, elenco) is False:
                words = shown(clause, self.guards.campi)
                found = dict.fromkeys(f"«{each}»" for each in self.guards.causes(clause, values, elenco))
                self.wrong(f"{at}/{name}", "json.not_concerned", data[name], guard=words, names=" o ".join(found))
        return values
