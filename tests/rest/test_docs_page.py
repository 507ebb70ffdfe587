"""The page that shows the OpenAPI document: whole in itself, and nothing in it leads out."""

from __future__ import annotations

import base64
import hashlib
from html.parser import HTMLParser
from typing import Any

from server.rest.openapi import build_document
from server.rest.operations import OPERATIONS
from tests.callers import Api

PAGE = "/api/docs"
# What makes a browser load, send or run something; https://html.spec.whatwg.org/#attributes-3
LEADING = {"href", "src", "srcset", "action", "formaction", "data", "poster", "ping", "background", "cite"}
HARMLESS = {
    *("html", "head", "meta", "title", "link", "style", "body", "header", "nav", "main", "section", "div"),
    *(
        "h1",
        "h2",
        "h3",
        "p",
        "a",
        "b",
        "code",
        "pre",
        "ul",
        "li",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
    ),
}


class Read(HTMLParser):
    """Elements, attributes and text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.ids: list[str] = []
        self.text: list[str] = []
        self.style = ""
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag not in {"meta", "link"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "style":
            self.style += data
        else:
            self.text.append(data)


async def test_nothing_on_the_page_leads_out_or_runs(api: Api) -> None:
    read = Read((await api.request("GET", PAGE)).text)
    assert read.open == []
    assert set(read.elements) <= HARMLESS
    assert not [name for name, _ in read.attributes if name.startswith("on") or name == "style"]
    assert len(set(read.ids)) == len(read.ids)
    leading = {value for name, value in read.attributes if name in LEADING}
    inside = {f"#{each}" for each in read.ids}
    assert leading - inside == {"/api/openapi.json", "data:,"}
    assert not [word for word in ("url(", "@import", "//", "image-set(", "expression") if word in read.style]


async def test_browsers_are_told_to_load_nothing_but_its_own_style(api: Api) -> None:
    response = await api.request("GET", PAGE)
    assert (response.status_code, response.headers["content-type"]) == (200, "text/html; charset=utf-8")
    digest = hashlib.sha256(Read(response.text).style.encode()).digest()
    assert response.headers["content-security-policy"].split("; ") == [
        "default-src 'none'",
        f"style-src 'sha256-{base64.b64encode(digest).decode()}'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
    assert response.headers["cache-control"] == "no-cache"
    tag = response.headers["etag"]
    again = await api.request("GET", PAGE, headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["content-security-policy"] == response.headers["content-security-policy"]


def texts(part: Any) -> set[str]:
    """Whatever a document says to people, and the names of what it describes."""
    if isinstance(part, list):
        return set().union(*map(texts, part))
    if not isinstance(part, dict):
        return set()
    said = {part[key] for key in ("description", "name") if isinstance(part.get(key), str)}
    named = set(part["properties"]) if isinstance(part.get("properties"), dict) else set()
    return said.union(named, *map(texts, part.values()))


async def test_all_that_the_document_says_is_on_the_page(api: Api) -> None:
    document = build_document(api.settings)
    shown = " ".join("".join(Read((await api.request("GET", PAGE)).text).text).split())
    for operation in OPERATIONS:
        assert " ".join(operation.successor.split()) in shown
        assert f"{operation.method} {operation.path}" in shown
    for said in texts([document["info"], document["paths"], document["components"]]):
        assert all(" ".join(part.replace("`", "").split()) in shown for part in said.split("\n\n"))
    for operation in (each for methods in document["paths"].values() for each in methods.values()):
        assert all(status in shown for status in operation["responses"])
