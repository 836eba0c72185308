"""Answers: what is known about a family; a campo that is absent is not known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.campo import Campo
from engine.document import Node, Section, Text
from engine.messages import sentence
from engine.problem import Place, Problem, problem, suggestion
from engine.tipo import Value, WrongValue


@dataclass(frozen=True, slots=True)
class Elenco:
    """The members of a list by their id; others may exist unless it is declared complete."""

    complete: bool
    members: Mapping[str, Mapping[str, Value]]


@dataclass(frozen=True, slots=True)
class Answers:
    """Values by campo, and for the judgements their motivation."""

    values: Mapping[str, Value | Elenco] = field(default_factory=dict)
    motivations: Mapping[str, str] = field(default_factory=dict)

    def with_value(self, path: str, value: Value | Elenco) -> Answers:
        """Return these answers with one more; `path` is a campo, or elenco/member/campo."""
        name, _, rest = path.partition("/")
        if not rest:
            return Answers({**self.values, name: value}, self.motivations)
        member, _, campo = rest.partition("/")
        elenco = self.values[name]
        assert isinstance(elenco, Elenco)
        assert not isinstance(value, Elenco)
        members = {**elenco.members, member: {**elenco.members[member], campo: value}}
        return Answers({**self.values, name: Elenco(elenco.complete, members)}, self.motivations)


class WrongAnswers(ValueError):
    """Answers that cannot be read: every wrong one, by JSON Pointer (RFC 6901), with its sentence."""

    def __init__(self, errors: list[tuple[str, str]]) -> None:
        self.errors = errors
        super().__init__("\n".join(f"{pointer or '/'}: {message}" for pointer, message in errors))


def read_answers(data: object, campi: Mapping[str, Campo]) -> Answers:
    """Read the JSON of the answers; raise WrongAnswers with all that is wrong."""
    errors: list[tuple[str, str]] = []
    if not isinstance(data, dict):
        raise WrongAnswers([("", sentence("json.object", {}))])
    reader = _Reader(errors, {})
    values = reader.campi(data, campi, "")
    if errors:
        raise WrongAnswers(errors)
    return Answers(values, reader.motivations)


def check_limits(campo: Campo, value: Value) -> None:
    """Raise WrongValue if a value is below `minimo` or above `massimo`."""
    if isinstance(value, (str, bool, frozenset)):
        return
    if campo.minimo is not None and value < campo.minimo:
        raise WrongValue("json.minimum", value=campo.tipo.show(value), limit=campo.tipo.show(campo.minimo))
    if campo.massimo is not None and value > campo.massimo:
        raise WrongValue("json.maximum", value=campo.tipo.show(value), limit=campo.tipo.show(campo.massimo))


def pointer(*parts: str | int) -> str:
    """Write a JSON Pointer."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


@dataclass
class _Reader:
    errors: list[tuple[str, str]]
    motivations: dict[str, str]

    def wrong(self, place: str, code: str, **data: object) -> None:
        self.errors.append((place, sentence(code, {key: str(value) for key, value in data.items()})))

    def campi(self, data: Mapping[str, object], campi: Mapping[str, Campo], at: str) -> dict[str, Value | Elenco]:
        values: dict[str, Value | Elenco] = {}
        for name, raw in data.items():
            place = at + pointer(name)
            if name not in campi:
                self.wrong(place, "json.unknown", name=name, hint=suggestion(name, campi))
            elif raw is not None:
                read = self.value(campi[name], raw, place)
                values.update({name: read} if read is not None else {})
        return values

    def value(self, campo: Campo, raw: object, place: str) -> Value | Elenco | None:
        if campo.tipo.name == "elenco":
            return self.elenco(campo, raw, place)
        if campo.judgement and isinstance(raw, dict):
            return self.judgement(campo, raw, place)
        try:
            value = campo.tipo.from_json(raw)
            check_limits(campo, value)
        except WrongValue as wrong:
            self.errors.append((place, str(wrong)))
            return None
        return value

    def judgement(self, campo: Campo, raw: dict[str, object], place: str) -> Value | Elenco | None:
        for key in raw:
            if key not in ("valore", "motivazione"):
                self.wrong(place + pointer(key), "json.judgement_key", key=key)
        reason = raw.get("motivazione")
        if reason is not None and not isinstance(reason, str):
            self.wrong(place + "/motivazione", "json.text", value=reason)
        elif reason:
            self.motivations[place[1:]] = reason
        inner = raw.get("valore")
        if isinstance(inner, dict):
            self.wrong(place + "/valore", "json.judgement_key", key="valore")
            return None
        return None if inner is None else self.value(campo, inner, place + "/valore")

    def elenco(self, campo: Campo, raw: object, place: str) -> Elenco | None:
        at = place if isinstance(raw, list) else place + "/membri"
        if isinstance(raw, list):
            raw = {"membri": raw}
        if not isinstance(raw, dict) or not isinstance(raw.get("membri"), list) or set(raw) - {"membri", "completo"}:
            self.wrong(place, "json.elenco")
            return None
        complete = raw.get("completo", False)
        if not isinstance(complete, bool):
            self.wrong(place + "/completo", "json.yes_no", value=complete)
        members: dict[str, dict[str, Value]] = {}
        for index, item in enumerate(raw["membri"]):
            self.member(campo, item, at + pointer(index), members)
        self.size(campo, len(raw["membri"]), complete is True, place)
        return Elenco(complete is True, members)

    def member(self, campo: Campo, item: object, place: str, members: dict[str, dict[str, Value]]) -> None:
        if not isinstance(item, dict) or not isinstance(item.get("id"), str) or not item["id"]:
            self.wrong(place, "json.member_id")
            return
        if "/" in item["id"] or item["id"] in members:
            code = "json.member_slash" if "/" in item["id"] else "json.member_twice"
            self.wrong(place + "/id", code, id=item["id"])
            return
        values = self.campi({k: v for k, v in item.items() if k != "id"}, campo.campi, place)
        members[item["id"]] = {name: value for name, value in values.items() if not isinstance(value, Elenco)}

    def size(self, campo: Campo, found: int, complete: bool, place: str) -> None:
        if campo.massimo is not None and found > campo.massimo:
            self.wrong(place, "json.too_many", found=found, limit=campo.massimo)
        if complete and campo.minimo is not None and found < campo.minimo:
            self.wrong(place, "json.too_few", found=found, limit=campo.minimo)


def read_example(node: Section, campi: Mapping[str, Campo], problems: list[Problem]) -> Answers:
    """Read the `dati` of an esempio, written as Italians write; mistakes are Problems."""
    values: dict[str, Value | Elenco] = {}
    for key, raw in node.entries:
        campo = campi.get(key.value)
        if campo is None:
            problems.append(problem("names.unknown", key.place, name=key.value, hint=suggestion(key.value, campi)))
            continue
        value = _example_value(campo, raw, key.place, problems)
        values.update({key.value: value} if value is not None else {})
    return Answers(values)


def _example_value(campo: Campo, raw: Node, place: Place, problems: list[Problem]) -> Value | Elenco | None:
    if campo.tipo.name == "elenco":
        return _example_elenco(campo, raw, place, problems)
    if not isinstance(raw, Text):
        problems.append(problem("esempi.one_value", place, name=campo.name))
        return None
    try:
        value = campo.tipo.parse(raw.value)
        check_limits(campo, value)
    except WrongValue as wrong:
        problems.append(Problem(wrong.code, raw.place, tuple(wrong.data.items())))
        return None
    return value


def _example_elenco(campo: Campo, raw: Node, place: Place, problems: list[Problem]) -> Elenco | None:
    members = raw.get("membri") if isinstance(raw, Section) else None
    complete = raw.text("completo") if isinstance(raw, Section) else ""
    if (
        not isinstance(raw, Section)
        or (raw.get("membri") and not isinstance(members, Section))
        or complete not in ("sì", "no", "")
    ):
        problems.append(problem("esempi.elenco", place, name=campo.name))
        return None
    found: dict[str, dict[str, Value]] = {}
    for key, node in members.entries if isinstance(members, Section) else ():
        inner = node if isinstance(node, Section) else Section((), key.place)
        if isinstance(node, Text) and node.value:
            problems.append(problem("esempi.member", key.place, name=key.value))
        values = read_example(inner, campo.campi, problems).values
        found[key.value] = {name: value for name, value in values.items() if not isinstance(value, Elenco)}
    return Elenco(complete == "sì", found)
