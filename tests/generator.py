"""Random services with small domains, written as staff would write them, and random families for them."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date

import nestedtext

from engine.answers import Answers, Elenco
from engine.atto import parse_atti
from engine.campo import parse_campi
from engine.checks.assemble import Lawbook, assemble, resolve_guards
from engine.document import Document, read
from engine.draft import parse
from engine.parametro import parse_parametri
from engine.servizio import Servizio
from tests.oracle import OTHERS, Axis, Oracle
from tests.writer import ON, OPTIONS, PLACES, WRITTEN, Data, Thing, Writer, day

__all__ = ["ON", "Generator", "answered", "assembled", "family", "service"]

#: What a tabella of a service may give, besides a scelta. Add "numero" when a Calcolo of numero has its six
#: decimals (test_the_points_of_a_tabella_are_what_is_written).
RESULTS = ("euro", "percentuale")


class Generator(Writer):
    """Writes one random service, with its calcoli and tabelle."""

    # Calcoli

    def of_kind(self, among: list[Thing], *kinds: str) -> Thing | None:
        """Return something of those kinds, if there is any."""
        found = [thing for thing in among if thing.kind in kinds]
        return self.chance.choice(found) if found else None

    def term(self, kind: str, among: list[Thing], guards: list[str]) -> str:
        """Write a term of a measure; the guards of what it reads are added to `guards`."""
        kinds = ("numero", "decimale") if kind == "numero" else (kind,)
        thing = self.of_kind(among, *kinds)
        if kind == "euro" and among is self.things and self.maybe(0.25):
            return self.rent(among, guards)
        member = self.of_kind(self.members, *kinds)
        if kind != "data" and among is self.things and member and self.maybe(0.25):
            guards.append(self.elenco_guard)
            return f"somma(persone; {member.name})"
        if kind == "numero" and among is self.things and self.members and self.maybe(0.25):
            guards.append(self.elenco_guard)
            return "conta(persone)"
        if thing and self.maybe(0.8):
            guards.append(str(thing.guard))
            return thing.name
        if self.maybe(0.3) and kind != "data":
            return self.parametro(Thing("", kind, 0, 3))
        return {"numero": "2", "euro": "0,02 €", "data": self.applies_on}[kind]

    def rent(self, among: list[Thing], guards: list[str]) -> str:
        """Write so much a month for so many months."""
        rate, months = (
            self.of_kind(among, "euro al mese", "euro all'anno"),
            self.of_kind(among, "mesi", "anni"),
        )
        guards += [str(thing.guard) for thing in (rate, months) if thing]
        return f"{rate.name if rate else '0,01 € al mese'} * {months.name if months else '2 mesi'}"

    def expression(self, kind: str, among: list[Thing], guards: list[str]) -> str:
        """Write an expression of one or two terms."""
        one = self.term(kind, among, guards)
        if kind == "data":
            step = self.of_kind(among, "mesi", "giorni", "anni")
            guards += [str(step.guard)] if step else []
            return f"{one} {self.chance.choice('+-')} {step.name if step else '1 mesi'}"
        draw = self.chance.random()
        if draw < 0.3:
            factor = self.chance.choice(("2", "50%", "0,5"))
            rate = self.of_kind(among, "percentuale", "numero")
            if rate and self.maybe(0.6):
                guards.append(str(rate.guard))
                factor = rate.name
            return f"({one}) * {factor}"
        if draw < 0.4:
            return f"({one}) / 2"
        two = self.term(kind, among, guards)
        if draw < 0.7:
            return f"{self.chance.choice(('min', 'max'))}({one}; {two})"
        return f"{one} {self.chance.choice('+-')} {two}" if draw < 0.9 else one

    def calcolo(self, among: list[Thing], *, each: bool = False) -> None:
        """Make a calcolo, an expression or a tabella, for the family or for each member."""
        name = self.name("calc")
        guards: list[str] = []
        options: tuple[str, ...] = ()
        data: Data
        kind = self.chance.choice(("numero", "euro", "euro", "data", "mesi") if not each else ("numero", "euro"))
        draw = self.chance.random()
        if draw < 0.45:
            kind, options, data = self.table(name, among, guards)
        elif kind == "mesi":
            ends = [self.term("data", among, guards), self.expression("data", among, guards)]
            self.chance.shuffle(ends)
            data = {"calcolo": f"mesi_tra({'; '.join(ends)})"}
            if self.maybe(0.5):
                kind, data = "numero", {"calcolo": f"anni_compiuti({'; '.join(ends)})"}
        else:
            data = {"calcolo": self.expression(kind, among, guards)}
            if kind == "euro":
                data["arrotonda"] = self.chance.choice(
                    ("al centesimo", "al centesimo per difetto", "al centesimo per eccesso")
                )
            if kind == "numero" and self.maybe(0.3):
                data["arrotonda"] = self.chance.choice(
                    ("all'intero", "all'intero per difetto", "all'intero per eccesso")
                )
        if each:
            data["per ogni"] = "persona"
        guard = "?" if any(guards) else ""
        if guard and draw >= 0.45 and self.maybe(0.5):
            data["se non si applica"] = WRITTEN[kind](1)
            guard = ""
        self.calcoli[name] = data
        among.append(Thing(name, kind, 0, 4, guard, options, computed=True))

    def cells(self, thing: Thing) -> list[str]:
        """Cut the values of something into two or three cells, each value in exactly one."""
        if thing.kind == "sì/no":
            return self.chance.choice((["sì", "no"], ["è no", "è sì"]))
        if thing.kind == "più scelte":
            return [f"contiene {thing.options[0]}", f"non contiene {thing.options[0]}"]
        if thing.kind == "scelta":
            if len(thing.options) == 1:
                return [f"è {thing.options[0]}"]
            return [thing.options[0], f"è uno di {'; '.join(thing.options[1:])}"]
        if not thing.ordered:
            return [f"è {PLACES[0]}", f"non è {PLACES[0]}"]
        write, cut = WRITTEN[thing.kind], self.chance.randint(thing.low, max(thing.low, thing.high - 1))
        if thing.kind == "data":
            return [f"prima del {write(cut)}", f"non prima del {write(cut)}"]
        if self.maybe(0.5):
            return [f"al massimo {write(cut)}", f"più di {write(cut)}"]
        return [
            f"meno di {write(cut)}",
            f"almeno {write(cut)} e al massimo {write(cut + 1)}",
            f"più di {write(cut + 1)}",
        ]

    def result(self, kind: str, options: tuple[str, ...], policy: str) -> str:
        """Write the result of a row."""
        if policy != "somma" and self.maybe(0.15):
            return "non spetta"
        return self.chance.choice(options) if options else WRITTEN[kind](self.chance.randint(0, 3))

    def rows(self, name: str, among: list[Thing], policy: str, result: Callable[[], str]) -> tuple[str, list[Thing]]:
        """Write the lines of a tabella and return what its columns are."""
        columns = [t for t in among if policy != "unica" or not t.guard]
        columns = self.chance.sample(columns, min(len(columns), self.chance.randint(1, 2)))
        cuts = [self.cells(column) for column in columns]
        lines: list[list[str]] = [[]]
        for cut in cuts:
            lines = [[*line, cell] for line in lines for cell in cut]
        if policy != "unica":
            lines = [[cell if self.maybe(0.7) else "qualsiasi" for cell in line] for line in lines]
            self.chance.shuffle(lines)
            lines = lines[: self.chance.randint(1, 4)]
        if policy == "prima":
            lines.append(["qualsiasi"] * len(columns))
        header = [*(column.name for column in columns), name]
        return "\n".join(" | ".join(line) for line in [header, *([*line, result()] for line in lines)]), columns

    def table(self, name: str, among: list[Thing], guards: list[str]) -> tuple[str, tuple[str, ...], Data]:
        """Write a tabella: of the service, or of the law, which may leave a result open."""
        policy = self.chance.choice(("unica", "prima", "somma"))
        if not [thing for thing in among if not thing.guard]:
            policy = "prima"
        kind = self.chance.choice((*RESULTS, "scelta") if policy != "somma" else (*RESULTS, "numero"))
        options = OPTIONS if kind == "scelta" else ()
        law = policy == "unica" and among is self.things and self.maybe(0.5) and kind != "scelta"

        def result() -> str:
            text = self.result(kind, options, policy)
            other = self.result(kind, options, policy)
            return f"{text} oppure {other}" if law and text != other and self.maybe(0.3) else text

        if law:
            table = self.name("tab")
            text, _ = self.rows(table, among, policy, result)
            period = {"tabella": text, "fonte": "atto-prova"}
            self.parametri[table] = {"titolo": "Tabella", "tipo": kind, "valori": {"dal 01/01/2020": period}}
            guards.append("?" if "non spetta" in text else "")
            return kind, (), {"calcolo": f"{table} + {WRITTEN[kind](1)}"}
        text, _ = self.rows(name, among, policy, result)
        guards.append("?" if "non spetta" in text else "")
        used = tuple(dict.fromkeys(o for o in (line.split(" | ")[-1] for line in text.split("\n")[1:]) if o in options))
        if options and not used:
            text = text.replace("non spetta", options[0])
            used = options[:1]
        return kind, used, {"tabella": text, "colpo": policy, "tipo": kind, "fonte": "atto-prova"}

    # The service

    def files(self) -> dict[str, bytes]:
        """Write all the files of a data folder with one service."""
        self.applies_on = self.chance.choice(("giorno della domanda", "giorno della decisione"))
        if self.maybe(0.2):
            date_of: Data = {
                "domanda": "Quando?",
                "tipo": "data",
                "prova": "documento tecnico",
                "dato": "ordinario",
            }
            other = ({"giorno della domanda", "giorno della decisione"} - {self.applies_on}).pop()
            self.vocabolario[other.replace(" ", "_")] = date_of | (
                {"minimo": day(-1), "massimo": day(2)} if self.maybe(0.6) else {}
            )
        for _ in range(self.chance.randint(3, 6)):
            thing, data = self.campo(self.things, "c")
            self.vocabolario[thing.name] = data
            self.things.append(thing)
        if self.maybe(0.5):
            self.elenco()
            if self.maybe(0.3):
                self.calcolo(self.members, each=True)
        for _ in range(self.chance.randint(0, 3)):
            self.calcolo(self.things)
        for _ in range(self.chance.randint(0, 2)):
            name = self.name("def")
            self.definizioni[name] = {
                "titolo": "Una definizione",
                "fonte": "atto-prova",
                "se": self.condition(),
            }
            self.things.append(Thing(name, "sì/no", computed=True))
        requisiti: Data = {}
        for _ in range(self.chance.randint(1, 4)):
            requisito: Data = {"titolo": "Un requisito", "fonte": "atto-prova", "se": self.condition()}
            requisito |= {"solo se": self.condition()} if self.maybe(0.3) else {}
            requisiti[self.name("req")] = requisito
        self.parametro(Thing("", "numero", 0, 3))
        law = {
            "titolo": "Atto",
            "riferimento": "Atto",
            "in vigore dal": "01/01/2020",
            "testo": "non acquisito",
        }
        servizio: Data = {
            "servizio": "prova",
            "titolo": "Prova",
            "fonte": "atto-prova",
            "destinatario": "nucleo",
        }
        servizio |= {
            "si applica il": self.applies_on,
            "definizioni": self.definizioni,
            "requisiti": requisiti,
        }
        servizio |= {"calcoli": self.calcoli, "esiti": self.esiti(list(requisiti))}
        contents = {"regolamento/atti.nt": {"atto-prova": law}, "regolamento/parametri.nt": self.parametri}
        contents |= {"rules/vocabolario.nt": self.vocabolario}
        contents |= {"rules/prova/dal-2020-01-01.nt": {key: value for key, value in servizio.items() if value}}
        return {path: (nestedtext.dumps(content) + "\n").encode() for path, content in contents.items()}

    def esiti(self, requisiti: list[str]) -> Data:
        """Write one to three esiti, and the last."""
        names, amounts = (
            [*requisiti, *self.definizioni],
            [t.name for t in self.things if t.computed and t.kind == "euro"],
        )
        esiti: Data = {}
        for _ in range(self.chance.randint(1, 3)):
            esito: Data = {"richiede": self.chance.sample(names, self.chance.randint(1, min(3, len(names))))}
            esito |= {"importi": amounts} if amounts else {}
            esiti[self.name("esito")] = {**esito, "fonte": "atto-prova"}
        return {**esiti, "motivi_ostativi": {"altrimenti": "sì", "fonte": "atto-prova"}}


def service(seed: int) -> dict[str, bytes]:
    """Return the files of the random service with that seed."""
    return Generator(random.Random(seed)).files()


def assembled(files: dict[str, bytes]) -> Servizio:
    """Read the service of those files; only what would keep it from being evaluated is a mistake here."""

    def document(name: str) -> Document:
        found, problems = read(name, files[name])
        assert found is not None, problems
        return found

    atti, problems = parse_atti(document("regolamento/atti.nt").root)
    campi, found = parse_campi(document("rules/vocabolario.nt").root)
    problems += found
    parametri, found = parse_parametri(document("regolamento/parametri.nt").root)
    problems += found
    guards, found = resolve_guards(campi)
    problems += found
    draft, found = parse(document("rules/prova/dal-2020-01-01.nt"), date(2020, 1, 1))
    problems += found
    assert draft is not None, problems
    servizio, _, found = assemble(draft, Lawbook(atti, {}, campi, guards, parametri), None)
    assert not [*problems, *found], "\n".join(map(str, [*problems, *found]))
    assert servizio is not None
    return servizio


def family(servizio: Servizio, chance: random.Random, limit: int) -> Answers:
    """Return random answers, as many as it takes to leave at most `limit` completions."""
    answers, likelihood = Answers(), chance.choice((0.1, 0.4, 0.7, 0.95))
    for axis in Oracle(servizio, ON, answers).axes:
        if not axis.hypothesis and chance.random() < likelihood:
            answers = answered(servizio, answers, axis, chance)
    while (oracle := Oracle(servizio, ON, answers)).size > limit:
        left = [axis for axis in oracle.axes if not axis.hypothesis]
        if not left:
            break
        answers = answered(servizio, answers, chance.choice(left), chance)
    return answers


def answered(servizio: Servizio, answers: Answers, axis: Axis, chance: random.Random) -> Answers:
    """Return the answers with one more; of an elenco some members get a name, or it is declared complete."""
    value = chance.choice(axis.values)
    name, _, rest = axis.path.partition("/")
    if rest != OTHERS:
        return answers.with_value(axis.path, value)  # type: ignore[arg-type]
    assert isinstance(value, tuple)
    known = answers.values.get(name)
    members = dict(known.members) if isinstance(known, Elenco) else {}
    complete = chance.random() < 0.6
    for given in value if complete else value[:1]:
        kept = {campo: v for campo, v in given if chance.random() < 0.5}
        members[f"p{len(members)}"] = kept
    return answers.with_value(name, Elenco(complete or len(members) >= (servizio.campi[name].massimo or 9), members))
