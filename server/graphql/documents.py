"""Which document a request means: its own text, one that was registered by its hash, or a trusted one."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar
from uuid import UUID

from core.codes import Fault
from core.errors import StorycastError
from core.settings import Settings
from server.graphql.manifests import read_built, read_manifests
from server.graphql.registered import Registered
from server.graphql.request import Asked, BadRequest


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
        self._trusted = trusted
        self._trusted_texts = frozenset(trusted.values())
        self._trusted_alone = trusted_alone
        self._registered = Registered()

    @classmethod
    def open(cls, settings: Settings, built: Path | None = None) -> Documents:
        """`built` is the manifest of our own web UI, if there is one.

        Raises SettingsError where there are manifests that do not fit the schema.
        """
        trusted = read_manifests(settings.trusted_documents) if settings.trusted_documents else {}
        if settings.trusted_documents_only and built:
            trusted = read_built(built) | trusted
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


def _sha256(document: str) -> str:
    return hashlib.sha256(document.encode(errors="surrogatepass")).hexdigest()
