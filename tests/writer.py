"""What staff would write in a random vocabolario, in random parametri and in random conditions."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta

ON = date(2024, 3, 1)
PLACES = ("Palermo", "Ustica", "Monreale")
OPTIONS = ("alto", "basso", "medio")
Data = dict[str, object]
ORDERS = ("al massimo", "almeno", "più di", "meno di", "è", "non è", "è uno di", "non è uno di", "tra")
DATES = ("prima del", "dopo il", "non prima del", "non dopo il", "è", "non è", "tra")
POSITIVE = {"non è": "è", "non è uno di": "è uno di", "non contiene": "contiene"}


def cents(value: int, unit: str = "€") -> str:
    """Write cents as Italians do."""
    return f"{value // 100},{value % 100:02d} {unit}"


def day(value: int) -> str:
    """Write the day some days from the day of the decision."""
    return (ON + timedelta(days=value)).strftime("%d/%m/%Y")


#: How the small whole numbers of each ordered tipo are written.
WRITTEN: dict[str, Callable[[int], str]] = {
    "numero": str,
    "decimale": lambda value: f"{value // 10},{value % 10}",
    "euro": cents,
    "euro al mese": lambda value: cents(value, "€ al mese"),
    "euro all'anno": lambda value: cents(value, "€ all'anno"),
    "percentuale": lambda value: f"{value // 100},{value % 100:02d}%",
    "data": day,
    "mesi": lambda value: f"{value} mesi",
    "giorni": lambda value: f"{value} giorni",
    "anni": lambda value: f"{value} anni",
}
KINDS = ("sì/no", "sì/no", "sì/no", "scelta", "scelta", "più scelte", "comune", "testo", *WRITTEN)


@dataclass(frozen=True, slots=True)
class Thing:
    """Something that a rule may test: a campo, calcolo or definizione, with the ends of its small domain."""

    name: str
    kind: str
    low: int = 0
    high: int = 0
    guard: str = ""
    options: tuple[str, ...] = ()
    computed: bool = False

    @property
    def ordered(self) -> bool:
        """Whether it is a quantity."""
        return self.kind in WRITTEN


@dataclass
class Writer:
    """Writes one random service."""

    chance: random.Random
    things: list[Thing] = field(default_factory=list)
    members: list[Thing] = field(default_factory=list)
    parametri: Data = field(default_factory=dict)
    vocabolario: Data = field(default_factory=dict)
    calcoli: Data = field(default_factory=dict)
    definizioni: Data = field(default_factory=dict)
    used: int = 0
    elenco_guard: str = ""
    lawful: bool = True
    applies_on: str = "giorno della domanda"

    def maybe(self, likelihood: float) -> bool:
        """Throw a coin."""
        return self.chance.random() < likelihood

    def name(self, prefix: str) -> str:
        """Return a new name."""
        self.used += 1
        return f"{prefix}_{self.used}"

    # Vocabolario

    def campo(self, among: list[Thing], prefix: str) -> tuple[Thing, Data]:
        """Make a campo, sometimes with a guard on those made before."""
        kind, name = self.chance.choice(KINDS), self.name(prefix)
        options = OPTIONS[: self.chance.randint(2, 3)] if kind in ("scelta", "più scelte") else ()
        low = self.chance.choice((-1, 0)) if kind == "data" else 1 if self.maybe(0.2) else 0
        high = low + (20 if kind != "data" and self.maybe(0.12) else self.chance.randint(1, 3))
        tipo = "durata" if kind in ("mesi", "giorni", "anni") else "numero" if kind == "decimale" else kind
        data: Data = {"domanda": "Che cosa?", "tipo": tipo, "prova": "documento tecnico", "dato": "ordinario"}
        if tipo == "durata":
            data["unità"] = kind
        if kind == "decimale":
            data["decimali"] = "1"
        if options:
            data["opzioni"] = list(options)
        if kind in WRITTEN:
            data |= {"minimo": WRITTEN[kind](low), "massimo": WRITTEN[kind](high)}
        guard = ""
        if among and self.maybe(0.35):
            self.lawful = False
            condition = self.leaf(among) if self.maybe(0.7) else self.group(among)
            self.lawful = True
            guard = condition if isinstance(condition, str) else "?"
            data["solo se"] = condition
        return Thing(name, kind, low, high, guard, options), data

    def elenco(self) -> None:
        """Make the elenco, with one or two campi for each member."""
        inner: Data = {}
        for _ in range(self.chance.randint(1, 2)):
            thing, data = self.campo(self.members, "m")
            self.members.append(thing)
            inner[thing.name] = data
        name = "persone"
        elenco: Data = {"domanda": "Chi?", "tipo": "elenco", "voce": "persona", "prova": "documento tecnico"}
        elenco |= {"dato": "ordinario", "massimo": self.chance.choice(("1", "2")), "campi": inner}
        if self.maybe(0.3):
            elenco["minimo"] = "1"
        if self.things and self.maybe(0.25):
            self.lawful = False
            elenco["solo se"], self.elenco_guard = self.leaf(self.things), "?"
            self.lawful = True
        self.vocabolario[name] = elenco

    # Parametri

    def parametro(self, thing: Thing) -> str:
        """Make a parametro that may be compared with the thing and return its name."""
        name = self.name("par")
        tipo = {"decimale": "numero", **dict.fromkeys(("mesi", "giorni", "anni"), "durata")}.get(thing.kind, thing.kind)
        data: Data = {"titolo": "Un valore", "tipo": tipo}
        if tipo == "durata":
            data["unità"] = thing.kind
        if thing.kind == "decimale":
            data["decimali"] = "1"
        if thing.options:
            data["opzioni"] = list(thing.options)
        periods = [
            "dal 01/01/2020",
            *(["dal 01/02/2024"] if self.maybe(0.3) else []),
            *(["dal 02/03/2024"] if self.maybe(0.3) else []),
        ]
        data["valori"] = {since: {"valore": self.law(thing), "fonte": "atto-prova"} for since in periods}
        self.parametri[name] = data
        return name

    def law(self, thing: Thing) -> str:
        """Write what the law says: one value, two, none known; for names also a set."""
        draw = self.chance.random()
        if draw < 0.15:
            return "ignoto"
        several = self.literals(thing, 2)
        if thing.kind in ("scelta", "comune", "testo") and draw > 0.75:
            return "; ".join(several)
        return " oppure ".join(several) if draw > 0.55 else several[0]

    # Conditions

    def literal(self, thing: Thing) -> str:
        """Write a value that a test may compare the thing with."""
        if thing.ordered:
            low = thing.low - 1 if thing.kind == "data" else 0
            return WRITTEN[thing.kind](self.chance.randint(low, thing.high + 1))
        return self.chance.choice(
            {"sì/no": ("sì", "no"), **dict.fromkeys(("comune", "testo"), PLACES)}.get(thing.kind, thing.options)
        )

    def literals(self, thing: Thing, count: int) -> list[str]:
        """Write different values, as many as there are up to a count."""
        return list(dict.fromkeys(self.literal(thing) for _ in range(4 * count)))[:count]

    def operand(self, thing: Thing, comparator: str) -> str:
        """Write what a comparator compares with."""
        if comparator == "tra":
            low = (
                self.chance.randint(max(thing.low - 1, 0), thing.high)
                if thing.kind != "data"
                else self.chance.randint(-2, 2)
            )
            high = low + self.chance.randint(0, 2)
            return f"{WRITTEN[thing.kind](low)} e {WRITTEN[thing.kind](high)}"
        if thing.kind == "data" and self.maybe(0.4):
            days = ("giorno della domanda", "giorno della decisione")
            return self.chance.choice(
                [d for d in days if d == self.applies_on or d.replace(" ", "_") in self.vocabolario]
            )
        if thing.kind not in ("sì/no", "più scelte") and self.lawful and self.maybe(0.3):
            return self.parametro(thing)
        return "; ".join(self.literals(thing, 2)) if comparator.endswith("uno di") else self.literal(thing)

    def leaf(self, among: list[Thing], *, plain: bool = False) -> object:
        """Write one test; a negative one on a campo with a guard comes with its guard."""
        computed = [thing for thing in among if thing.computed]
        thing = self.chance.choice(computed if computed and self.maybe(0.5) else among)
        choices = {"sì/no": ("è",), "più scelte": ("contiene", "non contiene"), "data": DATES}
        comparator = self.chance.choice(
            choices.get(thing.kind, ORDERS if thing.ordered else ("è", "non è", "è uno di", "non è uno di"))
        )
        if thing.guard and comparator in POSITIVE:
            if plain or "?" in thing.guard or not isinstance(thing.guard, str):
                comparator = POSITIVE[comparator]
            else:
                return {"tutte": [thing.guard, f"{thing.name} {comparator} {self.operand(thing, comparator)}"]}
        return f"{thing.name} {comparator} {self.operand(thing, comparator)}"

    def group(self, among: list[Thing], depth: int = 2) -> object:
        """Write a group of tests."""
        kind = self.chance.choice(("tutte", "almeno una", "almeno una", "nessuna"))
        if kind == "nessuna":
            everything, among = among, [thing for thing in among if not thing.guard]
            if not among:
                return {"tutte": [self.leaf(everything, plain=True)]}
        parts = [
            self.group(among, depth - 1) if depth > 1 and self.maybe(0.2) else self.leaf(among, plain=depth < 2)
            for _ in range(self.chance.randint(1, 3))
        ]
        return {kind: parts}

    def condition(self) -> object:
        """Write a condition of a rule."""
        draw = self.chance.random()
        if self.members and draw < 0.35:
            kind = self.chance.choice(("almeno un", "ogni"))
            leaf = self.leaf(self.members, plain=True)
            over: Data = {f"{kind} persona con": leaf}
            if self.maybe(0.4):
                return {f"{kind} persona con": self.group(self.members, 1)}
            return (
                over
                if self.maybe(0.5)
                else {self.chance.choice(("tutte", "almeno una")): [over, self.leaf(self.things, plain=True)]}
            )
        return self.leaf(self.things) if draw < 0.6 else self.group(self.things)
