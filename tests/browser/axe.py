"""What axe-core finds at a page: https://github.com/dequelabs/axe-core"""

from __future__ import annotations

import json
from collections.abc import Collection
from functools import cache
from typing import Any

from playwright.async_api import Page

from tests.browser.chromium import HERE

SCRIPT = HERE / "node_modules" / "axe-core" / "axe.min.js"
SCHEMES = ("light", "dark")


@cache
def _script() -> str:
    return SCRIPT.read_text(encoding="utf-8")


async def findings(page: Page, but: Collection[str] = ()) -> list[str]:
    """A line for each element that breaks a rule, best practices among them, save the rules `but`."""
    # By the debugger's way, which a page's policy does not stop.
    await page.evaluate(_script())
    options = {"rules": {rule: {"enabled": False} for rule in but}}
    result: dict[str, Any] = await page.evaluate(f"axe.run(document, {json.dumps(options)})")
    assert len(result["passes"]) > 5, "axe saw next to nothing"
    return [
        f"{broken['id']} ({broken['impact']}): {node['target']} {node['failureSummary']}"
        for broken in result["violations"]
        for node in broken["nodes"]
    ]


async def findings_by_scheme(page: Page, but: Collection[str] = ()) -> dict[str, list[str]]:
    """The same in light and in dark, after what changes colours has come to its end."""
    found = {}
    for scheme in SCHEMES:
        await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # one of its literals
        await settle(page)
        found[scheme] = await findings(page, but)
    return found


async def settle(page: Page) -> None:
    """Until nothing moves that has an end."""
    await page.evaluate("""async () => {
        await document.fonts.ready;
        const ending = () => document.getAnimations().filter((each) =>
            each.playState === "running" && each.effect.getComputedTiming().endTime !== Infinity);
        await new Promise(requestAnimationFrame);
        await Promise.allSettled(ending().map((each) => each.finished));
        await new Promise(requestAnimationFrame);
    }""")
