"""What a browser context must not do unseen: ask elsewhere, meet its policy, complain."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

from playwright.async_api import BrowserContext, ConsoleMessage, Page, WebError

# Told through the console, so that a page that goes, or another one, loses nothing.
SIGN = "seen by the tests: "
SCRIPT = """
document.addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI, sample }) =>
  console.debug(SIGN + JSON.stringify(`${effectiveDirective} ${blockedURI} ${sample}`)));
window.longTasks = [];
new PerformanceObserver((list) => longTasks.push(...list.getEntries().map(({ startTime, duration }) =>
  ({ at: Math.round(startTime), lasted: Math.round(duration) })))
).observe({ type: "longtask", buffered: true });
""".replace("SIGN", json.dumps(SIGN))
WITHOUT_NETWORK = ("data:", "blob:", "about:")


@dataclass
class Watch:
    """What came up in one context; `base` is the one place that it may ask."""

    base: str
    outside: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    _allowed: list[str] = field(default_factory=list)

    def allow(self, pattern: str) -> None:
        """Complaints that hold `pattern`, a regular expression, are meant."""
        self._allowed.append(pattern)

    def found(self) -> list[str]:
        """All that must not have been."""
        return [
            *(f"asked {address}" for address in self.outside),
            *(f"against the policy: {violation}" for violation in self.violations),
            *(said for said in self.complaints if not any(re.search(each, said) for each in self._allowed)),
        ]

    def take(self) -> list[str]:
        """The same, by a test that meant them: they are forgotten."""
        taken = self.found()
        for found in (self.outside, self.violations, self.complaints):
            found.clear()
        return taken

    async def begin(self, context: BrowserContext) -> None:
        await context.add_init_script(SCRIPT)
        context.on("request", lambda request: self._asked(request.url))
        context.on("console", self._said)
        context.on("weberror", self._failed)
        context.on("page", self._opened)

    def _opened(self, page: Page) -> None:
        page.on("websocket", lambda socket: self._asked(socket.url))
        page.on("crash", lambda page: self.complaints.append(f"crash of {page.url}"))

    def _asked(self, address: str) -> None:
        own = f"{self.base}/"
        if not address.startswith((own, own.replace("http", "ws", 1), *WITHOUT_NETWORK)):
            self.outside.append(address)

    def _said(self, message: ConsoleMessage) -> None:
        if message.text.startswith(SIGN):
            self.violations.append(json.loads(message.text.removeprefix(SIGN)))
        elif message.type in {"error", "warning", "assert"}:
            self.complaints.append(f"{message.type}: {message.text} at {message.location['url']}")

    def _failed(self, error: WebError) -> None:
        self.complaints.append(f"uncaught: {error.error}")
