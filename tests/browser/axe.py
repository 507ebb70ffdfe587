"""What axe-core finds at a page: https://github.com/dequelabs/axe-core"""

from __future__ import annotations

from functools import cache
from typing import Any

from playwright.async_api import Page

from tests.browser.chromium import HERE

SCRIPT = HERE / "node_modules" / "axe-core" / "axe.min.js"
SCHEMES = ("light", "dark")
# Of `findings_by_scheme`, where all is well.
NOTHING: dict[str, list[str]] = {scheme: [] for scheme in SCHEMES}


@cache
def _script() -> str:
    return SCRIPT.read_text(encoding="utf-8")


async def findings(page: Page) -> list[str]:
    """A line for each element that breaks a rule, beginning with its name; best practices are rules too."""
    # By the debugger's way, which a page's policy does not stop.
    await page.evaluate(_script())
    result: dict[str, Any] = await page.evaluate("() => axe.run()")
    assert result["passes"], "axe saw nothing"
    return [
        f"{broken['id']} ({broken['impact']}): {node['target']} {node['failureSummary']}"
        for broken in result["violations"]
        for node in broken["nodes"]
    ]


async def findings_by_scheme(page: Page) -> dict[str, list[str]]:
    """The same in light and in dark, after what changes colours has come to its end."""
    found = {}
    for scheme in SCHEMES:
        await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # one of its literals
        await settle(page)
        found[scheme] = await findings(page)
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
