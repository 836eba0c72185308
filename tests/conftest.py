"""What the tests of the pages share: a real server, a real browser, and what no page may do."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from api.app import make_app
from api.rules import read_rules
from api.store.contract import Store
from api.store.opening import open_store
from tests import chance, reading
from tests.postgres import empty_schema, postgres
from tests.stores import Opener

chance.install()
reading.install()
ROOT = Path(__file__).parents[1]
DAY = date(2026, 3, 2)
CHROMIUM = "/usr/bin/chromium"


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """Serve the application on this machine and return its address."""
    server = uvicorn.Server(uvicorn.Config(make_app(read_rules(ROOT), lambda: DAY), port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="session")
def server_address() -> Iterator[str]:
    """Start PostgreSQL and return its address."""
    with postgres() as address:
        yield address


@pytest.fixture(params=["tiny", "postgres"])
def store_address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the address of an empty store."""
    if request.param == "tiny":
        return str(tmp_path / "archivio.db")
    return empty_schema(request.getfixturevalue("server_address"))


@pytest.fixture
def opener(store_address: str) -> Iterator[Opener]:
    """Return what opens one and the same empty store, any number of times."""
    opened: list[Store] = []

    def open_it() -> Store:
        opened.append(open_store(store_address))
        return opened[-1]

    yield open_it
    for store in opened:
        store.close()


@pytest.fixture
def store(opener: Opener) -> Store:
    """Return an empty store."""
    return opener()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start Debian's Chromium."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


def watched(context: BrowserContext, address: str) -> Iterator[Page]:
    """Open a page that may ask nothing of any other host, keep nothing, and break no rule of its own."""
    opened = context.new_page()
    outside: list[str] = []
    refused: list[str] = []
    opened.on(
        "request", lambda request: None if request.url.startswith((address, "data:")) else outside.append(request.url)
    )
    opened.on("console", lambda said: refused.append(said.text) if "Content Security Policy" in said.text else None)
    yield opened
    assert outside == []
    assert refused == []
    assert context.cookies() == []
    context.close()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """Open a page without JavaScript."""
    yield from watched(browser.new_context(java_script_enabled=False, viewport={"width": 1280, "height": 900}), address)


@pytest.fixture
def seen(browser: Browser, address: str) -> Iterator[Page]:
    """Open a page with JavaScript, to be looked at by machine."""
    yield from watched(browser.new_context(viewport={"width": 1280, "height": 900}), address)
