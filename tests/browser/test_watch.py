"""What tabs must not do is seen, so that tests which find nothing have looked."""

from __future__ import annotations

import os
import platform

import pytest
from playwright.async_api import async_playwright, expect

from tests.browser import axe, chromium
from tests.browser.conftest import ARGUMENTS
from tests.browser.tabs import Tabs
from tests.callers import Api

SEEN = {
    "console.error('oh')": "error: oh",
    "console.warn('hm')": "warning: hm",
    "console.assert(false, 'no')": "assert: no",
    "setTimeout(() => { throw new Error('thrown') })": "uncaught: thrown",
    "void Promise.reject(new Error('dropped'))": "uncaught: dropped",
    "document.body.setAttribute('style', 'color: red')": "against the policy: style-src-attr inline ",
    "document.body.innerHTML = '<b>'": "against the policy: require-trusted-types-for trusted-types-sink ",
}


@pytest.mark.parametrize("script", list(SEEN))
async def test_what_must_not_be_is_seen(api: Api, tabs: Tabs, script: str) -> None:
    tab = await tabs.open(api)
    # Not by `evaluate` itself, which trusted types let pass.
    await tab.page.evaluate(f"new Promise((done) => setTimeout(() => {{ done(); {script} }}))")
    found = await tab.found()
    assert any(each.startswith(SEEN[script]) for each in found), found


async def test_tasks_that_take_long_are_seen(api: Api, tabs: Tabs) -> None:
    tab = await tabs.open(api)
    before = len(await tab.long_tasks())
    await tab.page.evaluate("""new Promise((done) => setTimeout(() => {
        const begun = performance.now();
        while (performance.now() < begun + 120);
        setTimeout(done, 100);
    }))""")
    tasks = (await tab.long_tasks())[before:]
    assert any(task["lasted"] >= 120 for task in tasks), tasks


async def test_axe_sees_what_is_wrong_in_one_scheme_alone(api: Api, tabs: Tabs) -> None:
    tab = await tabs.open(api, bypass_csp=True)
    await expect(tab.page.get_by_role("heading", level=1)).to_be_visible()
    await tab.page.add_style_tag(
        content="@media (prefers-color-scheme: dark) { header a { color: #222 !important; background: #000 }}"
    )
    found = await axe.findings_by_scheme(tab.page)
    assert [each for each in found["light"] if each.startswith("color-contrast")] == []
    assert [each for each in found["dark"] if each.startswith("color-contrast")]


@pytest.mark.long
@pytest.mark.skipif(
    (platform.system(), platform.machine()) != ("Linux", "x86_64"),
    reason="the package is for Linux on x64",
)
async def test_the_browser_from_npm_shows_the_pages(api: Api, built: None) -> None:
    """As on a machine that has none."""
    packaged = chromium.packaged()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=packaged.path, args=ARGUMENTS, env={**os.environ, **packaged.variables}
        )
        opened = Tabs(browser)
        tab = await opened.open(api)
        await tab.page.get_by_role("heading", level=1).wait_for()
        assert await opened.close() == []
        await browser.close()
