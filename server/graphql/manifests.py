"""Manifests of trusted documents, as builds of clients write them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from graphql import GraphQLError, parse, validate

from core.errors import SettingsError
from schema.root import schema
from server.graphql.request import HASHED_BY

SETTING = "STORYCAST_TRUSTED_DOCUMENTS"
# How many sentences an operator reads of a manifest that does not fit the schema.
MOST_PROBLEMS = 10


def read_manifests(path: Path) -> dict[str, str]:
    """The documents of a manifest, by id without HASHED_BY; of all `*.json` in it where `path` is a folder.

    A manifest is a JSON object of documents by their ids, as GraphQL Code Generator writes it. Raises
    SettingsError where one cannot be read, or a document does not fit the schema.
    """
    files = sorted(path.glob("*.json")) if path.is_dir() else [path]
    if not files:
        raise SettingsError(f"{SETTING}: there is no manifest (*.json) in {path}.")
    documents: dict[str, str] = {}
    for file in files:
        for key, document in _read_manifest(file).items():
            name = key.removeprefix(HASHED_BY)
            if not name or documents.setdefault(name, document) != document:
                raise SettingsError(
                    f"{SETTING}: {file} has {key!r}, which must name one document, and no other."
                )
    problems = list(_problems(documents))
    if problems:
        raise SettingsError("\n".join(problems[:MOST_PROBLEMS]))
    return documents


def _read_manifest(file: Path) -> dict[str, str]:
    try:
        read = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{SETTING}: {file}: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"{SETTING}: {file} is not JSON: {error}.") from error
    if not isinstance(read, dict) or not all(isinstance(document, str) for document in read.values()):
        raise SettingsError(f"{SETTING}: {file} must be a JSON object of documents by their ids.")
    return read


def _problems(documents: Mapping[str, str]) -> Iterator[str]:
    types = schema._schema  # noqa: SLF001 - Strawberry shows its types no other way
    for key, document in documents.items():
        try:
            errors = validate(types, parse(document))
        except GraphQLError as error:
            errors = [error]
        if errors:
            yield f"{SETTING}: {key} does not fit the schema: {errors[0].message}"
