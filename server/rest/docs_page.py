"""The OpenAPI document as a page for people. It is whole in itself: nothing else is loaded, nothing runs."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import Any

from server.rest.html import inline, kind, prose, show_json, table
from server.rest.operations import DOCUMENT, OPERATIONS, Operation

STYLE = Path(__file__).with_name("docs_page.css").read_text()
# The hash lets in this very style sheet and no other: https://www.w3.org/TR/CSP3/#grammardef-hash-source
_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; img-src data:; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'"
)


def render(document: dict[str, Any], base: str) -> str:
    """The page. `base`: what the public address has before `/api`."""
    info, components = document["info"], document["components"]
    schemas = "".join(_schema(*each) for each in components["schemas"].items())
    sections = [_operation(document, operation) for operation in OPERATIONS]
    contents = "".join(
        f'<li><a href="#{each.name}"><b>{each.method}</b> {escape(each.summary)}</a></li>'
        for each in OPERATIONS
    )
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(info["title"])}</title>
<link rel="icon" href="data:,">
<style>{STYLE}</style>
</head>
<body>
<header>
<h1>{escape(info["title"])}</h1>
{prose(info["description"])}
{prose(components["securitySchemes"]["token"]["description"])}
<p>For programs: <a href="{escape(base + DOCUMENT)}">the OpenAPI {document["openapi"]} document</a>.</p>
<nav aria-label="Operations"><ul>{contents}</ul></nav>
</header>
<main>
{"".join(sections)}
<section id="headers"><h2>Headers of answers</h2>
{table(("Header", "What it tells", "Example"), _header_rows(components["headers"]))}</section>
<section id="schemas"><h2>Bodies</h2>{schemas}</section>
</main>
</body>
</html>
"""


def _operation(document: dict[str, Any], operation: Operation) -> str:
    told = document["paths"][operation.path][operation.method.lower()]
    return f"""<section id="{operation.name}">
<h2><b>{operation.method}</b> <code>{escape(operation.path)}</code></h2>
{prose(told["description"])}
{_parameters(told["parameters"])}
{_body(told.get("requestBody"))}
<h3>Answers</h3>
{table(("Status", "When", "Body", "Headers"), (_answer(*each) for each in told["responses"].items()))}
<h3 id="{operation.field}">In GraphQL: <code>{operation.replaced_by}</code></h3>
<pre tabindex="0">{escape(operation.successor)}</pre>
</section>
"""


def _parameters(parameters: list[dict[str, Any]]) -> str:
    rows = (
        (
            f"<code>{escape(each['name'])}</code>",
            each["in"] + (", required" if each["required"] else ""),
            kind(each["schema"]),
            inline(each["description"]),
        )
        for each in parameters
    )
    return "<h3>Parameters</h3>" + table(("Name", "In", "Value", "What it is"), rows)


def _body(body: dict[str, Any] | None) -> str:
    if body is None:
        return ""
    content = body["content"]["application/json"]
    return f"<h3>Body</h3><p>{kind(content['schema'])}, for example</p>{show_json(content['example'])}"


def _answer(status: str, told: dict[str, Any]) -> tuple[str, str, str, str]:
    content = told.get("content", {}).get("application/json")
    headers = ", ".join(f"<code>{name}</code>" for name in told["headers"])
    body = kind(content["schema"]) + show_json(content["example"]) if content else "none"
    return f"<b>{status}</b>", inline(told["description"]), body, headers


def _header_rows(headers: dict[str, Any]) -> Iterable[tuple[str, ...]]:
    for name, told in headers.items():
        yield f"<code>{name}</code>", inline(told["description"]), f"<code>{escape(told['example'])}</code>"


def _schema(name: str, schema: dict[str, Any]) -> str:
    rows = (
        (f"<code>{escape(field)}</code>", kind(told), inline(told.get("description", "")))
        for field, told in schema.get("properties", {}).items()
    )
    fields = (
        table(("Key", "Value", "What it is"), rows) if "properties" in schema else f"<p>{kind(schema)}</p>"
    )
    return f'<h3 id="schema-{name}">{name}</h3>{prose(schema["description"])}{fields}'
