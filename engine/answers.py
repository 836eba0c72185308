"""Answers: what is known about a family; a campo that is absent is not known."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from engine.campo import Campo
from engine.document import Node, Section, Text
from engine.messages import encodable, sentence, shown_json
from engine.number import WrongValue
from engine.problem import Place, Problem, problem, suggestion
from engine.tipo import Tipo, Value

#: Members of an elenco that are read: each of them makes a decision longer, and no family is so large.
MEMBERS = 30


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


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong at one place of the JSON (a JSON Pointer, RFC 6901), and the value that was received there."""

    pointer: str
    sentence: str
    received: object = ""


class WrongAnswers(ValueError):
    """Answers that cannot be read: every mistake."""

    def __init__(self, errors: Sequence[Mistake]) -> None:
        self.errors = tuple(errors)
        super().__init__("\n".join(f"{error.pointer or '/'}: {error.sentence}" for error in errors))


def read_answers(data: object, campi: Mapping[str, Campo]) -> Answers:
    """Read the JSON of the answers; raise WrongAnswers with all that is wrong."""
    return Reader(campi).read(data)


def check_limits(campo: Campo, value: Value) -> None:
    """Raise WrongValue if a value is below `minimo` or above `massimo`."""
    if isinstance(value, (str, bool, frozenset)):
        return
    if campo.minimo is not None and value < campo.minimo:
        raise WrongValue("json.minimum", value=campo.tipo.show(value), limit=campo.tipo.show(campo.minimo))
    if campo.massimo is not None and value > campo.massimo:
        raise WrongValue("json.maximum", value=campo.tipo.show(value), limit=campo.tipo.show(campo.massimo))


def most_members(campo: Campo) -> int:
    """Return how many members an elenco may have: its `massimo`, and never more than can be decided on."""
    return MEMBERS if campo.massimo is None else min(MEMBERS, campo.massimo)


def check_size(campo: Campo, found: int, complete: bool) -> None:
    """Raise WrongValue if an elenco has too many members, or is declared complete with too few."""
    if found > most_members(campo):
        raise WrongValue("json.too_many", found=found, limit=most_members(campo))
    if complete and found < (campo.minimo or 0):
        raise WrongValue("json.too_few", found=found, limit=campo.minimo)


def pointer(*parts: str | int) -> str:
    """Write a JSON Pointer."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


@dataclass
class Reader:
    """Reads the JSON of one family's answers, and notes every mistake; `elsewhere` are the campi of other services."""

    fields: Mapping[str, Campo]
    elsewhere: Collection[str] = ()
    mistakes: list[Mistake] = field(default_factory=list)
    motivations: dict[str, str] = field(default_factory=dict)

    def read(self, data: object) -> Answers:
        """Return the answers; raise WrongAnswers with all that is wrong."""
        values: dict[str, Value | Elenco] = {}
        if isinstance(data, dict):
            values = self.campi(data, self.fields, "")
        else:
            self.wrong("", "json.object", data)
        if self.mistakes:
            raise WrongAnswers(self.mistakes)
        return Answers(values, self.motivations)

    def wrong(self, place: str, code: str, received: object, **data: object) -> None:
        """Note a mistake; a received value that is repeated in its sentence is written as JSON."""
        shown = {"value": shown_json(received), **{key: str(value) for key, value in data.items()}}
        self.mistakes.append(Mistake(place, sentence(code, shown), received))

    def campi(
        self, data: Mapping[str, object], campi: Mapping[str, Campo], at: str, elenco: str = ""
    ) -> dict[str, Value | Elenco]:
        """Read the campi of the family, or of a member of an elenco."""
        values: dict[str, Value | Elenco] = {}
        for name, raw in data.items():
            campo = campi.get(name)
            if campo is None:
                code = "json.not_asked" if not elenco and name in self.elsewhere else "json.unknown"
                self.unknown(code, name, raw, campi, at)
            elif isinstance(raw, bool) and campo.tipo.name == "sì/no":  # so are most answers
                values[name] = raw
            elif raw is not None:
                read = self.value(campo, raw, f"{at}/{name}")
                if read is not None:
                    values[name] = read
        return values

    def keys(self, raw: dict[str, object], expected: Collection[str], code: str, place: str) -> None:
        """Note the names that an object may not have."""
        for key, value in raw.items():
            if key not in expected:
                self.wrong(place + pointer(key), code, value, key=key if encodable(key) else shown_json(key))

    def unknown(self, code: str, name: str, raw: object, campi: Mapping[str, Campo], at: str) -> None:
        """Note a name that is not asked here."""
        shown = name if encodable(name) else shown_json(name)
        self.wrong(at + pointer(name), code, raw, name=shown, hint=suggestion(name, campi))

    def value(self, campo: Campo, raw: object, place: str) -> Value | Elenco | None:
        """Read one answer; a wrong one is noted and not known."""
        tipo = campo.tipo
        if tipo.name == "elenco":
            return self.elenco(campo, raw, place)
        if isinstance(raw, dict) and campo.judgement:
            return self.judgement(campo, raw, place)
        if isinstance(raw, list) and tipo.name == "più scelte":
            return self.options(campo, raw, place)
        try:
            value = tipo.from_json(raw)
            check_limits(campo, value)
        except WrongValue as wrong:
            self.mistakes.append(Mistake(place, str(wrong), raw))
            return None
        return value

    def options(self, campo: Campo, raw: list[object], place: str) -> frozenset[str] | None:
        """Read the options chosen, each on its own."""
        one, read, before = Tipo("scelta", options=campo.tipo.options), set[str](), len(self.mistakes)
        for index, part in enumerate(raw):
            try:
                option = one.from_json(part)
            except WrongValue as wrong:
                self.mistakes.append(Mistake(f"{place}/{index}", str(wrong), part))
                continue
            if option in read:
                self.wrong(f"{place}/{index}", "json.option_twice", part, option=option)
            read.add(str(option))
        return frozenset(read) if len(self.mistakes) == before else None

    def judgement(self, campo: Campo, raw: dict[str, object], place: str) -> Value | Elenco | None:
        """Read a judgement with its motivation."""
        self.keys(raw, ("valore", "motivazione"), "json.judgement_key", place)
        reason = raw.get("motivazione")
        if reason is not None and not (isinstance(reason, str) and encodable(reason)):
            self.wrong(place + "/motivazione", "json.text", reason)
        elif reason:
            self.motivations[place[1:]] = str(reason)
        inner = raw.get("valore")
        if isinstance(inner, dict):
            self.wrong(place + "/valore", "json.judgement_key", inner, key="valore")
            return None
        return None if inner is None else self.value(campo, inner, place + "/valore")

    def elenco(self, campo: Campo, raw: object, place: str) -> Elenco | None:
        """Read the members of an elenco, bare or with whether it is complete."""
        whole = raw if isinstance(raw, dict) else {"membri": raw}
        at = place if whole is not raw else place + "/membri"
        self.keys(whole, ("membri", "completo"), "json.elenco_key", place)
        complete = whole.get("completo")
        if complete is not None and not isinstance(complete, bool):
            self.wrong(place + "/completo", "json.yes_no", complete)
        listed = whole.get("membri")
        if not isinstance(listed, list):
            self.wrong(at if "membri" in whole else place, "json.elenco", whole.get("membri", raw))
            return None
        members, before = dict[str, dict[str, Value]](), len(self.mistakes)
        for index, item in enumerate(listed):
            self.member(campo, item, f"{at}/{index}", members)
        try:
            check_size(campo, len(listed), complete is True)
        except WrongValue as wrong:
            self.mistakes.append(Mistake(place, str(wrong), listed))
        return Elenco(complete is True, members) if len(self.mistakes) == before else None

    def member(self, campo: Campo, item: object, place: str, members: dict[str, dict[str, Value]]) -> None:
        """Read one member; what is wrong with its id does not hide what is wrong in the rest."""
        if not isinstance(item, dict):
            self.wrong(place, "json.member_id", item)
            return
        identity = item.get("id")
        if not isinstance(identity, str) or not identity or not encodable(identity):
            self.wrong(place + "/id" if "id" in item else place, "json.member_id", item.get("id", item))
        elif "/" in identity or identity in members:
            code = "json.member_slash" if "/" in identity else "json.member_twice"
            self.wrong(place + "/id", code, identity, id=identity)
        values = self.campi({k: v for k, v in item.items() if k != "id"}, campo.campi, place, campo.name)
        members[str(identity)] = {name: value for name, value in values.items() if not isinstance(value, Elenco)}


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
    try:
        check_size(campo, len(found), complete == "sì")
    except WrongValue as wrong:
        problems.append(Problem(wrong.code, place, tuple(wrong.data.items())))
    return Elenco(complete == "sì", found)
