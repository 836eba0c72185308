"""What another system may send about a family: right answers, wrong ones, and things that are no answer at all."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import strategies as st

from engine.answers import Answers, Elenco
from engine.campo import Campo

NUMBERS = (0, 1, 2, -1, 3.0, 2.5, 10**15, 10**20)
AMOUNTS = ("0.01", "0.02", "1", "1.5", "1,5", "1.234", "9360.00", "9360.0\n", "٣", "-0.00", "1e3", "9" * 16)
DAYS = ("2024-03-01", "2024-02-30", "01/03/2024", "2024-02-29\n")
CODES = ("RSSMRA80A01G273Z", "rssmra80a01g273z", "RSSMRA80A01G273P", "80016350821")
WORDS = ("", " ", "sì", "alto", "basso", "medio", "Palermo", "a/b")
LEAF = st.sampled_from([None, True, False, *NUMBERS, *AMOUNTS, *DAYS, *CODES, *WORDS])
KEYS = st.sampled_from(["id", "valore", "membri", "completo", "motivazione", "a"])
ANYTHING = st.recursive(
    LEAF, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=6
)


@st.composite
def right(draw: st.DrawFn, campo: Campo) -> object:
    """Make an answer to a campo, almost always a right one."""
    tipo = campo.tipo
    if campo.campi:
        ids = draw(st.lists(st.sampled_from("abc"), max_size=3))
        members = [{"id": identity, **draw(received(campo.campi))} for identity in ids]
        return draw(st.sampled_from([members, {"membri": members}, {"membri": members, "completo": True}]))
    value: object
    if tipo.name == "sì/no":
        value = draw(st.booleans())
    elif tipo.options:
        options = st.sampled_from(tipo.options)
        value = draw(st.lists(options, max_size=3) if tipo.name == "più scelte" else options)
    elif tipo.ordered:
        low = campo.minimo if campo.minimo is not None else 730_000
        high = campo.massimo if campo.massimo is not None else low + 3
        value = tipo.to_json(draw(st.integers(low, high)))
    else:
        value = draw(st.sampled_from(["Palermo", "Ustica", "RSSMRA80A01G273Z", "80016350821"]))
    return {"valore": value, "motivazione": "visita"} if campo.judgement and draw(st.booleans()) else value


@st.composite
def received(draw: st.DrawFn, campi: Mapping[str, Campo]) -> dict[str, object]:
    """Make what somebody may send: right answers, none, wrong ones, names that nobody knows."""
    wrong = draw(st.sampled_from([0, 0, 1, 5]))
    found: dict[str, object] = {}
    for name, campo in campi.items():
        match draw(st.integers(0, 9)):
            case 0 | 1:
                continue
            case draw_ if draw_ <= wrong + 1:
                found[name] = draw(ANYTHING)
            case _:
                found[name] = draw(right(campo))
    if wrong and draw(st.integers(0, 3)) == 0:
        found[draw(st.sampled_from(["a", "ise", "ID", "a/b", "~", ""]))] = draw(ANYTHING)
    return found


def sent_of(answers: Answers, campi: Mapping[str, Campo]) -> dict[str, object]:
    """Write answers as JSON."""
    found: dict[str, object] = {}
    for name, value in answers.values.items():
        if isinstance(value, Elenco):
            inner = campi[name].campi
            members = [
                {"id": i, **{n: inner[n].tipo.to_json(v) for n, v in member.items()}}
                for i, member in value.members.items()
            ]
            found[name] = {"completo": value.complete, "membri": members}
        else:
            found[name] = campi[name].tipo.to_json(value)
    return found
