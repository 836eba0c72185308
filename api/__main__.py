"""The server: `python -m api [--porta N] [--dati CARTELLA]…`; or a command of the store."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import uvicorn
from fastapi import FastAPI

from api.app import REQUESTS, make_app
from api.demonstration import PASSWORD, invent
from api.desk import discarding
from api.identity.install import Settings, first_link
from api.identity.keys import Wrapping
from api.identity.settings import IdentitySettings, WrongSettings, read_settings
from api.interoperability.settings import WrongSettings as WrongInteroperability
from api.interoperability.settings import read_settings as read_interoperability
from api.interoperability.vouchers import install as install_vouchers
from api.limits import hosts_of
from api.office import in_utc, make_office, wrapping
from api.rules import Rules, read_rules
from api.store import commands
from api.store.commands import COMMANDS
from api.store.contract import Unavailable
from api.store.keys import MASTER, Keys, new_master
from api.store.opening import open_store
from api.store.tiny import TinyStore
from engine.__main__ import PROBLEMS, USAGE, Parser, Refused
from engine.messages import sentence

#: Where the secret that the provider of identity gave to the office is: never in a file.
PROVIDER_SECRET = "COMMA_OIDC_SEGRETO"


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the rules and serve them on this computer until stopped; return 1 if they have problems."""
    given = sys.argv[1:] if arguments is None else arguments
    if given and given[0] in COMMANDS:
        return commands.main(given)
    if given and given[0] == discarding.COMMAND:
        return discarding.main(given[1:])
    parser = Parser(
        prog="python -m api",
        description=sentence("comandi.description_api", {}),
        epilog=sentence("comandi.archivio_api", {"names": ", ".join((*COMMANDS, discarding.COMMAND))}),
        allow_abbrev=False,
    )
    parser.add_argument("--porta", type=int, default=8000, metavar="N", help=sentence("comandi.help_porta", {}))
    folder = Path(__file__).parents[1]
    parser.add_argument("--dati", type=Path, default=folder, metavar="CARTELLA", help=sentence("comandi.help_dati", {}))
    limit = sentence("comandi.help_limite", {"count": str(REQUESTS)})
    parser.add_argument("--limite", type=_positive, default=REQUESTS, metavar="N", help=limit)
    parser.add_argument("--indirizzo", metavar="URL", help=sentence("comandi.help_indirizzo", {}))
    parser.add_argument("--archivio", metavar="ARCHIVIO", help=sentence("comandi.help_serve_archivio", {}))
    parser.add_argument("--ancore", type=Path, metavar="FILE", help=sentence("comandi.help_serve_ancore", {}))
    parser.add_argument("--identita", type=Path, metavar="FILE", help=sentence("comandi.help_identita", {}))
    pdnd = sentence("comandi.help_interoperabilita", {})
    parser.add_argument("--interoperabilita", type=Path, metavar="FILE", help=pdnd)
    parser.add_argument("--dimostrazione", action="store_true", help=sentence("comandi.help_dimostrazione", {}))
    options = parser.parse_args(given)
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
    try:
        with _application(rules, options, address) as app:
            uvicorn.run(
                app,
                host="127.0.0.1",
                port=options.porta,
                log_level="warning",
                access_log=False,
                server_header=False,
            )
    except Unavailable as failed:
        print(sentence(failed.code, failed.data), file=sys.stderr)
        return USAGE
    except (WrongSettings, WrongInteroperability) as wrong:
        print(wrong, file=sys.stderr)
        return USAGE
    except OSError as error:
        print(sentence("comandi.unreadable_identita", {"path": str(error.filename)}), file=sys.stderr)
        return USAGE
    return 0


@contextmanager
def _application(rules: Rules, options: argparse.Namespace, address: str) -> Iterator[FastAPI]:
    """Make what is served: the rules alone, an office with its store, or a demonstration thrown away at the end."""
    if options.dimostrazione:
        with TemporaryDirectory(prefix="comma-") as folder, closing(TinyStore(Path(folder, "prova.db"))) as store:
            keys = Keys.from_environment(store, {MASTER: new_master()})
            settings = Settings(address, wrapping(store, keys), demonstration=True)
            office = make_office(rules, store, keys, settings, limit=options.limite)
            names = ", ".join(invent(office).usernames)
            print(sentence("comandi.demonstration", {"names": names, "password": PASSWORD}), flush=True)
            yield office.app
    elif options.archivio:
        with closing(open_store(options.archivio)) as store:
            keys = Keys.from_environment(store)
            office = make_office(
                rules,
                store,
                keys,
                Settings(address, wrapping(store, keys)),
                limit=options.limite,
                anchors=options.ancore,
            )
            if options.interoperabilita:
                vouchers = install_vouchers(office.app, read_interoperability(options.interoperabilita), in_utc)
                office.identity.gate.system = vouchers.before(office.identity.gate.system)
            if link := first_link(office.identity):
                print(sentence("comandi.first_link", {"link": link}), flush=True)
            yield office.app
    else:
        yield make_app(rules, limit=options.limite, address=address, hosts=hosts_of(address))


def _settings(options: argparse.Namespace, address: str, closing_: Wrapping) -> Settings:
    """Return how people are recognised: with accounts of ours, or as the file of the office says."""
    recognition = read_settings(options.identita.read_text("utf-8-sig")) if options.identita else IdentitySettings()
    return Settings(address, closing_, recognition, os.environ.get(PROVIDER_SECRET, ""))


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


if __name__ == "__main__":
    sys.exit(main())
