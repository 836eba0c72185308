"""Why a row of the agenda is where it is, in words: since when, what has suspended it, what the law leaves open."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from api.desk.termini import state_on
from engine.messages import sentence
from engine.procedura import Procedura
from engine.tipo import show_day


def row_why(document: Mapping[str, Any], procedura: Procedura, today: date) -> list[str]:
    """Return why a row of the agenda is where it is on a day."""
    found = [sentence(f"agenda.{state_on(document, today)}", {"since": _shown(document["dal"])})]
    if document["finestra"]:
        found = [sentence("agenda.window", {"since": _shown(document["dal"])})]
    for pause in document["sospensioni"]:
        latest = date.fromisoformat(pause["fino"]) if pause["fino"] else None
        found.append(_paused(procedura, pause["nome"], date.fromisoformat(pause["dal"]), latest))
    if document["da_confermare"]:
        found.append(_rests_on(procedura, document["da_confermare"]))
    return found


def _rests_on(procedura: Procedura, names: Iterable[str]) -> str:
    known = (procedura.parametri.get(name) for name in names)
    return sentence("agenda.rests_on", {"parametri": "; ".join(one.titolo for one in known if one)})


def _paused(procedura: Procedura, name: str, since: date, latest: date | None) -> str:
    """Return what suspended a termine, since when, and until when at most."""
    every = (s for termine in procedura.termini.values() for s in termine.sospensioni)
    starts = next((s.since.text for s in every if s.name == name), name)
    data = {"why": procedura.eventi.get(starts, name), "since": show_day(since)}
    if latest is None:
        return sentence("agenda.paused_unknown", data)
    return sentence("agenda.paused", {**data, "until": show_day(latest)})


def _shown(day: str | None) -> str:
    return show_day(date.fromisoformat(day)) if day else ""
