"""The server: `python -m api [--porta N] [--dati CARTELLA] [--limite N] [--indirizzo URL]`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import uvicorn

from api.app import REQUESTS, make_app
from api.limits import hosts_of
from api.rules import read_rules
from engine.__main__ import PROBLEMS, Parser, Refused
from engine.messages import sentence


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the rules and serve them on this computer until stopped; return 1 if they have problems."""
    parser = Parser(prog="python -m api", description=sentence("comandi.description_api", {}), allow_abbrev=False)
    parser.add_argument("--porta", type=int, default=8000, metavar="N", help=sentence("comandi.help_porta", {}))
    folder = Path(__file__).parents[1]
    parser.add_argument("--dati", type=Path, default=folder, metavar="CARTELLA", help=sentence("comandi.help_dati", {}))
    limit = sentence("comandi.help_limite", {"count": str(REQUESTS)})
    parser.add_argument("--limite", type=_positive, default=REQUESTS, metavar="N", help=limit)
    parser.add_argument("--indirizzo", metavar="URL", help=sentence("comandi.help_indirizzo", {}))
    options = parser.parse_args(arguments)
    try:
        rules = read_rules(options.dati)
    except Refused as refused:
        print(refused, file=sys.stderr)
        return refused.code
    if rules.problems:
        for found in rules.problems:
            print(found, file=sys.stderr)
        print(sentence("comandi.problems", {"count": str(len(rules.problems))}), file=sys.stderr)
        return PROBLEMS
    address = (options.indirizzo or f"http://localhost:{options.porta}").rstrip("/")
    app = make_app(rules, limit=options.limite, address=address, hosts=hosts_of(address))
    uvicorn.run(app, host="127.0.0.1", port=options.porta, log_level="warning", access_log=False, server_header=False)
    return 0


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


if __name__ == "__main__":
    sys.exit(main())
