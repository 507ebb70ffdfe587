"""Which document a request means: its own text, one that was registered by its hash, or a trusted one."""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import ClassVar
from uuid import UUID

from graphql import GraphQLError, parse, validate

from core.codes import Fault
from core.errors import SettingsError, StorycastError
from core.settings import Settings
from schema.root import schema
from server.graphql_request import HASHED_BY, Asked, BadRequest

# Registered documents, in characters: of a user, and of all users of this process.
MOST_OF_A_USER = 256 * 1024
MOST_OF_ALL = 16 * 1024 * 1024
# What keeping one costs besides, some 300 bytes, counted as if it were part of it.
BESIDES = 512
# How many sentences an operator reads of a manifest that does not fit the schema.
MOST_PROBLEMS = 10


class DocumentRefused(StorycastError):
    """A request whose document is not there, or may not run. `code` is for programs."""

    code: ClassVar[Fault]


class DocumentNotFound(DocumentRefused):
    """A hash that is not known: the client is to send the document with it.

    Clients know this message: https://www.apollographql.com/docs/graphos/platform/security/persisted-queries#apq
    """

    code = Fault.PERSISTED_QUERY_NOT_FOUND

    def __init__(self) -> None:
        super().__init__("PersistedQueryNotFound")


class DocumentNotTrusted(DocumentRefused):
    """A document that is in no manifest, where no other may run."""

    code = Fault.DOCUMENT_NOT_TRUSTED

    def __init__(self) -> None:
        super().__init__("This server runs trusted documents alone, and this is none of them")


class Documents:
    """One for each process."""

    def __init__(self, trusted: Mapping[str, str], *, trusted_alone: bool) -> None:
        self._trusted = {key.removeprefix(HASHED_BY): document for key, document in trusted.items()}
        self._trusted_texts = frozenset(trusted.values())
        self._trusted_alone = trusted_alone
        self._registered = Registered()

    @classmethod
    def open(cls, settings: Settings) -> Documents:
        """Raises SettingsError where there are manifests that do not fit the schema."""
        trusted = read_manifests(settings.trusted_documents) if settings.trusted_documents else {}
        return cls(trusted, trusted_alone=settings.trusted_documents_only)

    def find(self, asked: Asked, user: UUID) -> str:
        """The document's text: a trusted one, where it is asked by its id, whatever text comes with that.

        Raises DocumentNotFound, DocumentNotTrusted, and BadRequest where its hash is another.
        """
        trusted = self._trusted_by_id(asked)
        if trusted is not None:
            return trusted
        if self._trusted_alone:
            if asked.query in self._trusted_texts:
                return asked.query
            raise DocumentNotTrusted
        return self._registered_or_sent(asked, user)

    def _trusted_by_id(self, asked: Asked) -> str | None:
        return self._trusted.get(asked.document_id or asked.sha256 or "")

    def _registered_or_sent(self, asked: Asked, user: UUID) -> str:
        if asked.query is None:
            registered = self._registered.get(user, asked.sha256 or asked.document_id or "")
            if registered is None:
                raise DocumentNotFound
            return registered
        if asked.sha256:
            if asked.sha256 != _sha256(asked.query):
                raise BadRequest("sha256Hash is not that of the query")
            self._registered.put(user, asked.sha256, asked.query)
        return asked.query


class Registered:
    """Each user's own, by hash, so that nobody learns what others ask. Those used longest ago go first; who
    has lost one sends it again.
    """

    def __init__(self) -> None:
        self._users: OrderedDict[UUID, OrderedDict[str, str]] = OrderedDict()
        self._sizes: dict[UUID, int] = {}
        self._size = 0

    def get(self, user: UUID, digest: str) -> str | None:
        documents = self._users.get(user)
        if documents is None or digest not in documents:
            return None
        documents.move_to_end(digest)
        self._users.move_to_end(user)
        return documents[digest]

    def put(self, user: UUID, digest: str, document: str) -> None:
        if self.get(user, digest) is not None:
            return
        self._users.setdefault(user, OrderedDict())[digest] = document
        self._users.move_to_end(user)
        self._count(user, len(document) + BESIDES)
        while self._sizes[user] > MOST_OF_A_USER:
            self._drop(user)
        while self._size > MOST_OF_ALL:
            self._drop(next(iter(self._users)))

    def _drop(self, user: UUID) -> None:
        _, document = self._users[user].popitem(last=False)
        self._count(user, -len(document) - BESIDES)
        if not self._users[user]:
            del self._users[user], self._sizes[user]

    def _count(self, user: UUID, characters: int) -> None:
        self._sizes[user] = self._sizes.get(user, 0) + characters
        self._size += characters


def read_manifests(path: Path) -> dict[str, str]:
    """The documents of a manifest, by id; of all `*.json` in it where `path` is a folder.

    A manifest is a JSON object of documents by their ids, as GraphQL Code Generator writes it. Raises
    SettingsError where one cannot be read, or a document does not fit the schema.
    """
    files = sorted(path.glob("*.json")) if path.is_dir() else [path]
    if not files:
        raise SettingsError(f"STORYCAST_TRUSTED_DOCUMENTS: there is no manifest (*.json) in {path}.")
    documents: dict[str, str] = {}
    for file in files:
        documents |= _read_manifest(file)
    problems = list(_problems(documents))
    if problems:
        raise SettingsError("\n".join(problems[:MOST_PROBLEMS]))
    return documents


def _read_manifest(file: Path) -> dict[str, str]:
    try:
        read = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"STORYCAST_TRUSTED_DOCUMENTS: {file}: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"STORYCAST_TRUSTED_DOCUMENTS: {file} is not JSON: {error}.") from error
    if not isinstance(read, dict) or not all(isinstance(document, str) for document in read.values()):
        raise SettingsError(
            f"STORYCAST_TRUSTED_DOCUMENTS: {file} must be a JSON object of documents by their ids."
        )
    return read


def _problems(documents: Mapping[str, str]) -> Iterator[str]:
    types = schema._schema  # noqa: SLF001 - Strawberry shows its types no other way
    for key, document in documents.items():
        try:
            errors = validate(types, parse(document))
        except GraphQLError as error:
            errors = [error]
        if errors:
            yield f"STORYCAST_TRUSTED_DOCUMENTS: {key} does not fit the schema: {errors[0].message}"


def _sha256(document: str) -> str:
    return hashlib.sha256(document.encode(errors="surrogatepass")).hexdigest()
