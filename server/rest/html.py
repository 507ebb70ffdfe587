"""Pieces of HTML, and an OpenAPI document's schemas and texts in them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from html import escape
from typing import Any

LINE = 64


def kind(schema: dict[str, Any]) -> str:
    """A schema in a few words."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f'<a href="#schema-{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(kind(option) for option in schema["anyOf"])
    if schema["type"] == "array":
        return f"list of {kind(schema['items'])}"
    values = schema.get("enum", [schema["const"]] if "const" in schema else [])
    if values:
        return ", ".join(f"<code>{escape(value)}</code>" for value in values)
    words = [schema.get("format") or schema["type"], *_limits(schema)]
    if "default" in schema:
        words.append(f"{schema['default']} by default")
    return escape(", ".join(words))


def _limits(schema: dict[str, Any]) -> list[str]:
    unit = " characters" if schema["type"] == "string" else ""
    low, high = (schema.get(f"{end}Length", schema.get(f"{end}imum")) for end in ("min", "max"))
    if high is not None:
        return [f"{low:,} to {high:,}{unit}"]
    return [f"at least {low:,}"] if low is not None and not unit else []


def table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    head = "".join(f'<th scope="col">{each}</th>' for each in heads)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    inner = f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
    return f'<div class="wide" tabindex="0"><table>{inner}</table></div>'


def show_json(value: object) -> str:
    """On one line where it fits on one."""
    short = json.dumps(value)
    text = short if len(short) <= LINE else json.dumps(value, indent=2)
    return f'<pre tabindex="0">{escape(text, quote=False)}</pre>'


def prose(text: str) -> str:
    return "".join(f"<p>{inline(part)}</p>" for part in text.split("\n\n"))


def inline(text: str) -> str:
    return re.sub("`([^`]+)`", r"<code>\1</code>", escape(text))
