"""Who is asking: a person with a role and a desk, or another system."""

from __future__ import annotations

from dataclasses import dataclass

#: What each may do is in api/rights.nt.
ROLES = ("operatore", "assistente_sociale", "responsabile", "cabina_di_regia", "revisore", "sistema", "amministratore")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who has been recognised: `sportello` is empty for those who belong to none.

    `also` are the desks where the person stands in for a colleague today; `scopes` is what a system may do.
    """

    id: str
    nome: str
    ruolo: str
    sportello: str = ""
    also: tuple[str, ...] = ()
    scopes: frozenset[str] = frozenset()

    @property
    def desks(self) -> tuple[str, ...]:
        """The desks whose files are the person's own."""
        return tuple(dict.fromkeys(name for name in (self.sportello, *self.also) if name))
