"""A browser for all tests, tabs for each; whatever a tab must not do fails its test."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Browser, async_playwright, expect

from tests.browser import chromium
from tests.browser.tabs import LIMIT_MS, PICTURES, Tabs
from tests.missing import missing
from web import build, node, sources

# Nobody but loopback is found, whatever is asked; Debian's kernel may refuse what its sandbox needs.
ARGUMENTS = ["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
expect.set_options(timeout=LIMIT_MS)

OUTCOME = pytest.StashKey[pytest.CallInfo[Any]]()


@pytest.fixture(scope="session")
def built() -> None:
    """The pages are built of their present sources."""
    if not sources.is_due():
        return
    try:
        build.build()
    except (build.NotBuilt, node.NotInstalled) as error:
        missing(f"The web UI is not built: {error}")


@pytest.fixture(scope="session")
def pictures() -> None:
    """There is room for them. Those of earlier runs stay until others take their names."""
    PICTURES.mkdir(exist_ok=True)


@pytest.fixture(scope="session")
def found_browser() -> chromium.Chromium:
    """A browser, and the packages of tests/browser."""
    try:
        node.install(chromium.HERE)
        return chromium.find()
    except (chromium.NoBrowser, node.NotInstalled) as error:
        missing(f"There is no browser to test with: {error}")


# Not for longer: it has work of its own, beside whatever is measured next.
@pytest.fixture(scope="package")
async def browser(found_browser: chromium.Chromium) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(
            executable_path=found_browser.path,
            args=ARGUMENTS,
            env={**os.environ, **found_browser.variables},
        )
        yield launched
        await launched.close()


@pytest.fixture
async def tabs(
    built: None, pictures: None, browser: Browser, request: pytest.FixtureRequest
) -> AsyncIterator[Tabs]:
    """Opens tabs; after the test nothing may have been found in any."""
    opened = Tabs(browser)
    yield opened
    called = request.node.stash.get(OUTCOME, None)
    if called and called.excinfo:
        # The call's report is written by now; pytest shows this one's sections under it.
        request.node.add_report_section("teardown", "tabs", await opened.describe())
    assert await opened.close() == []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[Any]) -> Any:
    if call.when == "call":
        item.stash[OUTCOME] = call
    return (yield)
