"""The pages ask nobody but their own server: no other is found from here, every request is looked at, and the
policy forbids all others. Each of the three is seen at work.
"""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.browser.tabs import Tabs
from tests.callers import Api

ELSEWHERE = "http://elsewhere.example/x"
WAYS = {
    "fetch": ("connect-src", "fetch(address).then(() => 'answered', () => 'refused')"),
    "image": (
        "img-src",
        """new Promise((resolve) => document.body.append(Object.assign(new Image(), {
            onload: () => resolve('answered'), onerror: () => resolve('refused'), src: address })))""",
    ),
    "style": (
        "style-src-elem",
        """new Promise((resolve) => document.head.append(Object.assign(document.createElement('link'), {
            onload: () => resolve('answered'), onerror: () => resolve('refused'),
            rel: 'stylesheet', href: address })))""",
    ),
    "socket": (
        "connect-src",
        """new Promise((resolve) => { try {
            const socket = new WebSocket(address.replace('http', 'ws'));
            socket.onopen = () => resolve('answered'); socket.onerror = () => resolve('refused');
        } catch { resolve('refused') } })""",
    ),
}


async def wait_for_ui(page: Page, path: str) -> None:
    shown = page.locator(".graphiql-query-editor .view-lines") if path == "/graphiql" else page.locator("h1")
    await expect(shown).to_be_visible()


@pytest.mark.parametrize("path", ["/", "/graphiql"])
async def test_pages_do_with_what_their_server_has(api: Api, tabs: Tabs, path: str) -> None:
    tab = await tabs.open(api, path)
    asked: list[str] = []
    tab.context.on("request", lambda request: asked.append(request.url))
    await tab.page.reload()
    await wait_for_ui(tab.page, path)
    assert len(asked) > 2
    assert await tab.found() == []


@pytest.mark.parametrize("way", list(WAYS))
async def test_the_policy_lets_a_page_ask_nobody_else(api: Api, tabs: Tabs, way: str) -> None:
    directive, script = WAYS[way]
    tab = await tabs.open(api)
    assert await ask_elsewhere(tab.page, script) == "refused"
    told = f"against the policy: {directive} {address_for(way)} "
    assert told in await tab.found()


@pytest.mark.parametrize("way", list(WAYS))
async def test_without_a_policy_the_request_is_seen_and_finds_nobody(api: Api, tabs: Tabs, way: str) -> None:
    tab = await tabs.open(api, bypass_csp=True)
    assert await ask_elsewhere(tab.page, WAYS[way][1]) == "refused"
    found = await tab.found()
    assert f"asked {address_for(way)}" in found
    assert any("ERR_NAME_NOT_RESOLVED" in each for each in found), found


def address_for(way: str) -> str:
    return ELSEWHERE.replace("http", "ws") if way == "socket" else ELSEWHERE


async def ask_elsewhere(page: Page, script: str) -> Any:
    return await page.evaluate(f"(address) => {script}", ELSEWHERE)
