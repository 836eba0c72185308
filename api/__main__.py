"""The server: `python -m api [--porta N] [--dati CARTELLA]`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import uvicorn

from api.app import make_app
from api.rules import read_rules
from engine.__main__ import PROBLEMS, Parser, Refused
from engine.messages import sentence


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the rules and serve them on this computer until stopped; return 1 if they have problems."""
    parser = Parser(prog="python -m api", description=sentence("comandi.description_api", {}), allow_abbrev=False)
    parser.add_argument("--porta", type=int, default=8000, metavar="N", help=sentence("comandi.help_porta", {}))
    folder = Path(__file__).parents[1]
    parser.add_argument("--dati", type=Path, default=folder, metavar="CARTELLA", help=sentence("comandi.help_dati", {}))
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
    uvicorn.run(make_app(rules), host="127.0.0.1", port=options.porta, log_level="warning", access_log=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
