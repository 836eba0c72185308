"""A caseworker at a desk, as the server sees one: opens pages, thinks, sends forms, follows where they lead."""

from __future__ import annotations

import http.client
import random
import re
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import unescape
from urllib.parse import urlencode

from engine.document import Section, Text
from engine.rulebook import Rulebook

Form = Mapping[str, str | Sequence[str]]
#: Who asks for what: everybody has data for this service, some for others too.
SERVICE = "contributo-autonomia"
LETTER = "ricevuta"
#: A page of questions leads to the next one; a visit with more than these has lost its way.
SHEETS = 30
#: A connection that has been quiet for longer is opened anew, as browsers do: the server closes it after 5 seconds.
IDLE = 3.5
#: Names that many have: who looks for one finds several.
SURNAMES = 1000
ONE = "/procedimenti/[^/]+"
#: What each request is, by method and address.
KINDS = (
    ("GET", "/pratiche", "elenco"),
    ("POST", "/pratiche", "ricerca"),
    ("GET", "/pratiche/nuova", "pratica nuova"),
    ("POST", "/pratiche/nuova", "pratica aperta"),
    ("GET", "/pratiche/[^/]+", "quadro"),
    ("GET", "/pratiche/[^/]+/persone", "persone"),
    ("POST", "/pratiche/[^/]+/persone", "persone, salvate"),
    ("GET", "/pratiche/[^/]+/domande", "prima pagina (rinvio)"),
    ("GET", "/pratiche/[^/]+/domande/[^/]+", "domande"),
    ("POST", "/pratiche/[^/]+/domande/[^/]+", "domande, salvate"),
    ("GET", "/pratiche/[^/]+/riepilogo", "riepilogo"),
    ("GET", "/pratiche/[^/]+/esito", "esito"),
    ("GET", "/pratiche/[^/]+/prove", "prove"),
    ("POST", "/pratiche/[^/]+/prove", "prove, salvate"),
    ("GET", "/pratiche/[^/]+/presenta", "presentazione"),
    ("POST", "/pratiche/[^/]+/presenta", "domanda presentata"),
    ("GET", f"/pratiche/[^/]+{ONE}", "procedimento"),
    ("POST", f"/pratiche/[^/]+{ONE}/eventi", "evento scritto"),
    ("GET", f"/pratiche/[^/]+{ONE}/lettere/[^/]+", "lettera, pagina"),
    ("POST", f"/pratiche/[^/]+{ONE}/lettere/[^/]+", "lettera spedita"),
    ("GET", f"/pratiche/[^/]+{ONE}/lettere/[^/]+/stampa", "lettera, PDF"),
    ("GET", f"/pratiche/[^/]+{ONE}/spedite/[^/]+", "lettera spedita, PDF"),
    ("GET", "/agenda", "agenda"),
    ("GET", "/cabina", "cabina di regia"),
)
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)"')
_FILE = re.compile(r'href="/pratiche/([0-9A-Z]{4}-[0-9A-Z]{4})"')


class Over(Exception):
    """The time of the measurement is over."""


@dataclass(slots=True)
class Watch:
    """What all the caseworkers have measured: seconds by kind of request, and what went wrong."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, kind: str, seconds: float, error: str = "") -> None:
        """Write down one request."""
        with self.lock:
            self.seconds.setdefault(kind, []).append(seconds)
            if error:
                self.errors.append(error)

    @property
    def all(self) -> list[float]:
        """The seconds of every request."""
        return [one for each in self.seconds.values() for one in each]


@dataclass(frozen=True, slots=True)
class Shown:
    """A page: its address, its status, what it says."""

    path: str
    status: int
    text: str

    @property
    def hidden(self) -> dict[str, str]:
        """What the page carries to the next: of a name that stands in several forms, the first."""
        found: dict[str, str] = {}
        for name, value in _HIDDEN.findall(self.text):
            found.setdefault(unescape(name), unescape(value))
        return found

    @property
    def files(self) -> list[str]:
        """The files of a list."""
        return list(dict.fromkeys(_FILE.findall(self.text)))


class Browser:
    """A browser in which somebody has entered, on a computer with an address of its own."""

    def __init__(self, port: int, secret: str, source: str, watch: Watch) -> None:
        self.watch = watch
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60, source_address=(source, 0))
        self._used = time.perf_counter()
        self._headers = {"Cookie": f"comma_sessione={secret}", "Host": f"localhost:{port}", "Accept": "text/html"}

    def open(self, path: str) -> Shown:
        """Open a page, and follow where it leads."""
        return self._asked("GET", path, None)

    def send(self, page: Shown, path: str, form: Form) -> Shown:
        """Send a form of a page with the code that only our pages have, and follow where it leads."""
        return self._asked("POST", path, {"csrf": page.hidden["csrf"], **form})

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _asked(self, method: str, path: str, form: Form | None) -> Shown:
        headers, body = dict(self._headers), None
        if form is not None:
            body = urlencode(form, doseq=True)
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        if time.perf_counter() - self._used > IDLE:
            self._connection.close()  # it opens again by itself
        begun = time.perf_counter()
        self._connection.request(method, path, body, headers)
        response = self._connection.getresponse()
        content = response.read()
        self._used = time.perf_counter()
        seconds = self._used - begun
        wrong = "" if response.status in (200, 303) else f"{method} {kind_of(method, path)}: {response.status}"
        self.watch.note(kind_of(method, path), seconds, wrong)
        if response.status == 303:
            return self._asked("GET", response.headers["Location"], None)
        is_page = response.headers.get_content_type() == "text/html"
        return Shown(path.partition("?")[0], response.status, content.decode() if is_page else "")


def kind_of(method: str, path: str) -> str:
    """Return what a request is called."""
    plain = path.partition("?")[0]
    return next((name for verb, form, name in KINDS if verb == method and re.fullmatch(form, plain)), "altro")


@dataclass(frozen=True, slots=True)
class Family:
    """A family as it is typed: what each control holds, and the names of its people."""

    surname: str
    typed: Mapping[str, Sequence[str]]

    def of(self, shown: Sequence[str]) -> dict[str, Sequence[str]]:
        """Return what is typed in the controls of some campi."""
        return {name: texts for name, texts in self.typed.items() if name.partition(".")[0] in shown}


def invented(rulebook: Rulebook, chance: random.Random) -> Family:
    """Return a family that no other resembles: an esempio of the service, with parts of others, and its own amounts."""
    typed: dict[str, Sequence[str]] = {}
    for name in (SERVICE, *(name for name in rulebook.servizi if name != SERVICE and chance.random() < 0.5)):
        sections = (one.node.get("dati") for one in rulebook.servizi[name][-1].esempi)
        known = [one for one in sections if isinstance(one, Section) and (name != SERVICE or len(one.entries) >= 10)]
        typed = {**_typed(chance.choice(known)), **typed}
    typed["isee"] = [f"{chance.randrange(30_000)},{chance.randrange(100):02} €"]
    typed["canone_mensile"] = [f"{chance.randrange(200, 900)},{chance.randrange(100):02} €"]
    judged = [name for name in typed if name in rulebook.law.campi and rulebook.law.campi[name].judgement]
    typed |= {f"{name}.motivazione": ["Colloquio e visita domiciliare"] for name in judged}
    return Family(f"Famiglia{chance.randrange(SURNAMES)}", typed)


def _typed(dati: Section) -> dict[str, Sequence[str]]:
    found: dict[str, Sequence[str]] = {}
    for key, node in dati.items():
        if isinstance(node, Text):
            found[key.value] = [part.strip() for part in node.value.split(";")]
        elif isinstance(node, Section) and isinstance(members := node.get("membri"), Section):
            found[f"{key.value}.righe"] = [" ".join(str(number) for number in range(1, len(members.entries) + 1))]
            found[f"{key.value}.completo"] = ["sì"] if node.text("completo") == "sì" else []
            for number, (_, member) in enumerate(members.items(), 1):
                fields = _typed(member) if isinstance(member, Section) else {}
                found |= {f"{key.value}.{number}.{name}": texts for name, texts in fields.items()}
    return found


@dataclass(slots=True)
class Caseworker:
    """Somebody at a desk: one family after another, from the first contact to the receipt, looking at others between.

    `think` is how long, in seconds, they look at a page before they do something; `until` when they stop.
    """

    browser: Browser
    rulebook: Rulebook
    desk: str
    today: str
    channel: str
    chance: random.Random
    think: float
    until: float

    def work(self) -> None:
        """Work until the time is over."""
        try:
            while True:
                self.family()
        except Over:
            pass
        except Exception as error:  # noqa: BLE001  # whatever it is, it is an error of the measurement
            self.browser.watch.errors.append(f"{type(error).__name__}: {error}")
        finally:
            self.browser.close()

    def family(self) -> None:
        """Go all the way with one family; raise Over when the time is over."""
        self._resume()
        self._submit(self._type())
        self._agenda()

    def _open(self, path: str) -> Shown:
        self._thought()
        return self.browser.open(path)

    def _send(self, page: Shown, path: str, form: Form) -> Shown:
        self._thought()
        return self.browser.send(page, path, form)

    def _thought(self) -> None:
        seconds = self.think * self.chance.uniform(0.5, 1.5)
        if time.monotonic() + seconds > self.until:
            raise Over
        time.sleep(seconds)

    def _resume(self) -> None:
        """Look for somebody, and at a file that stands still."""
        page = self._open("/pratiche")
        page = self._send(
            page, "/pratiche", {"sportello": self.desk, "cerca": f"famiglia{self.chance.randrange(SURNAMES)}"}
        )
        page = self._send(page, "/pratiche", {"sportello": self.desk, "stato": "aperta"})
        self._open(f"/pratiche/{self.chance.choice(page.files)}")

    def _type(self) -> str:
        """Open a file, type a family, look at the outcome; return the address of the file."""
        family = invented(self.rulebook, self.chance)
        page = self._send(
            self._open("/pratiche/nuova"), "/pratiche/nuova", {"informativa": "sì", "sportello": self.desk}
        )
        home = page.path.removesuffix("/persone")
        people = {**page.hidden, "richiedente.nome": "Iside", "richiedente.cognome": family.surname}
        rows = "componenti.righe"
        people[rows] = family.typed.get(rows, [""])[0]
        people |= {f"componenti.{row}.persona": f"Persona {row} {family.surname}" for row in people[rows].split()}
        page = self._send(page, page.path, {**people, "azione": "avanti"})
        for _ in range(SHEETS):
            if "/domande/" not in page.path:
                break
            hidden = page.hidden
            form = {**hidden, **family.of(hidden["mostrate"].split()), "azione": "avanti"}
            page = self._send(page, page.path, form)
        self._open(f"{home}/esito")
        page = self._open(f"{home}/prove")
        proof = {"riferimento.isee": f"INPS-ISEE-{family.surname}", "data.isee": self.today}
        self._send(page, page.path, {**page.hidden, "prova.isee": "acquisito d'ufficio", **proof, "azione": "salva"})
        return home

    def _submit(self, home: str) -> None:
        """Submit the file, and give the receipt."""
        page = self._open(f"{home}/presenta")
        said = {"protocollo": f"{self.chance.randrange(10**6)}/2026", "data_protocollo": self.today, "firmata": "sì"}
        self._send(page, page.path, {**page.hidden, **said, "servizi": [SERVICE], "canale": self.channel})
        page = self._open(f"{home}/procedimenti/{SERVICE}")
        happened = {"evento": "contatto_avvenuto", "giorno_evento": self.today, "modulo": "evento"}
        self._send(page, f"{page.path}/eventi", {**page.hidden, **happened})
        page = self._open(f"{home}/procedimenti/{SERVICE}/lettere/{LETTER}")
        self._open(f"{page.path}/stampa")
        self._send(page, page.path, page.hidden)
        self._open(f"{home}/procedimenti/{SERVICE}/spedite/{LETTER}.1")
        self._open(home)

    def _agenda(self) -> None:
        self._open("/agenda")
