"""The demonstration: invented accounts and invented families, in a store that is thrown away at the end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from api.identity.accounts import new_account
from api.office import Office
from engine.document import Section, Text

#: One account for each role, all with the same password: it opens nothing but what is invented here.
PASSWORD = "tre gatti blu sul molo"
PEOPLE = (
    ("operatore", "Olga Inventata", "operatore"),
    ("assistente", "Aldo Inventato", "assistente_sociale"),
    ("responsabile", "Rita Inventata", "responsabile"),
    ("cabina", "Carla Inventata", "cabina_di_regia"),
    ("revisore", "Remo Inventato", "revisore"),
    ("amministratore", "Ada Inventata", "amministratore"),
)
AT_A_DESK = ("operatore", "assistente_sociale", "responsabile")
SURNAMES = ("Provaluna", "Fintomare", "Esempiovero", "Maisistata", "Casaditè")
NAMES = ("Zaira", "Ubaldo", "Ottavia", "Nestore", "Iside")


@dataclass(frozen=True, slots=True)
class Invented:
    """What a demonstration begins with."""

    usernames: tuple[str, ...]
    pratiche: tuple[str, ...]


def invent(office: Office) -> Invented:
    """Write the accounts and the families of a demonstration into an empty store."""
    accounts = office.identity.accounts
    desk = next(iter(office.desk.desks), "")
    for username, nome, ruolo in PEOPLE:
        account = new_account(username, nome, ruolo, desk if ruolo in AT_A_DESK else "")
        secret = accounts.create("dimostrazione", account)
        assert secret is not None
        accounts.accept(secret, PASSWORD)
    operator = accounts.named(PEOPLE[0][0])
    assert operator is not None
    who = accounts.person(operator, office.desk.today().isoformat())
    pratiche = []
    for (name, surname), values in zip(zip(NAMES, SURNAMES, strict=True), _families(office), strict=False):
        applicant = {"richiedente.nome": (name,), "richiedente.cognome": (surname,)}
        pratiche.append(office.desk.archive.create(who, desk, {**applicant, **values}).id)
    return Invented(tuple(username for username, _, _ in PEOPLE), tuple(pratiche))


def _families(office: Office) -> Iterator[dict[str, tuple[str, ...]]]:
    """Yield the answers of the first esempio of each service, as they would be typed."""
    for versions in office.desk.edition.rulebook.servizi.values():
        for esempio in versions[-1].esempi[:1]:
            dati = esempio.node.get("dati")
            if isinstance(dati, Section):
                yield {key.value: (value.value,) for key, value in dati.items() if isinstance(value, Text)}
