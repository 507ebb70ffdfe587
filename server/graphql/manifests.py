"""Manifests of trusted documents, as builds of clients write them."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path

from graphql import GraphQLError, parse, validate

from core.errors import SettingsError
from schema.root import schema
from server.graphql.request import HASHED_BY

SETTING = "STORYCAST_TRUSTED_DOCUMENTS"
# How many sentences an operator reads of a manifest that does not fit the schema.
MOST_PROBLEMS = 10
REBUILD = "Build it for this version of the server (python3 dev.py web), and start again."

logger = logging.getLogger(__name__)


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
        for key, document in _of_the_setting(file).items():
            name = key.removeprefix(HASHED_BY)
            if not name or documents.setdefault(name, document) != document:
                raise SettingsError(
                    f"{SETTING}: {file} has {key!r}, which must name one document, and no other."
                )
    problems = [f"{SETTING}: {key} {problem}" for key, problem in _problems(documents).items()]
    if problems:
        raise SettingsError("\n".join(problems[:MOST_PROBLEMS]))
    return documents


def read_built(file: Path) -> dict[str, str]:
    """What is in the manifest of our own web UI and fits the schema.

    The log tells of the rest: the API is of more use without the UI than not at all, while an app's
    manifest is a promise to those who have the app.
    """
    try:
        documents = _read_manifest(file)
    except SettingsError as error:
        logger.error("The web UI cannot work: %s %s", error, REBUILD)  # noqa: TRY400 - it says where, and why
        return {}
    problems = _problems(documents)
    for key, problem in problems.items():
        logger.error("The web UI cannot work: its document %s %s. %s", key, problem, REBUILD)
    return {key: document for key, document in documents.items() if key not in problems}


def _of_the_setting(file: Path) -> dict[str, str]:
    try:
        return _read_manifest(file)
    except SettingsError as error:
        raise SettingsError(f"{SETTING}: {error}") from error


def _read_manifest(file: Path) -> dict[str, str]:
    try:
        read = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{file}: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"{file} is not JSON: {error}.") from error
    if not isinstance(read, dict) or not all(isinstance(document, str) for document in read.values()):
        raise SettingsError(f"{file} must be a JSON object of documents by their ids.")
    return read


def _problems(documents: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with those that do not fit the schema, by their ids."""
    types = schema._schema  # noqa: SLF001 - Strawberry shows its types no other way
    problems = {}
    for key, document in documents.items():
        try:
            errors = validate(types, parse(document))
        except GraphQLError as error:
            errors = [error]
        if errors:
            problems[key] = f"does not fit the schema: {errors[0].message}"
    return problems
