"""How much is kept of documents that were found good."""

from __future__ import annotations

from uuid import UUID, uuid4

from graphql import parse

from schema.execution import open_documents
from schema.prepared import BESIDES, FIELD, LONGEST, MOST_OF_ALL, PreparedDocuments


def keep(documents: PreparedDocuments, text: str, user: UUID) -> None:
    documents.keep(text, user, parse(text))


def test_those_used_longest_ago_go_first() -> None:
    documents, user = open_documents(plans=True), uuid4()
    texts = [f"{{ viewer {{ a{number}: id }} }} #".ljust(LONGEST, " ") for number in range(40)]
    room = MOST_OF_ALL // (LONGEST + BESIDES)
    for text in texts[:room]:
        keep(documents, text, user)
    assert documents.find(texts[0], user)
    keep(documents, texts[room], user)
    found = [documents.find(text, user) is not None for text in texts[: room + 1]]
    assert found == [True, False, *[True] * (room - 1)]


def test_plans_count_by_their_fields() -> None:
    documents, user = open_documents(plans=True), uuid4()
    many = " ".join(f"a{number}: viewer {{ id }}" for number in range(30))
    texts = [f"query Q{number} {{ {many} }}" for number in range(250)]
    room = MOST_OF_ALL // (len(texts[100]) + BESIDES + 60 * FIELD)
    assert room < len(texts)
    for text in texts:
        keep(documents, text, user)
        known = documents.find(text, user)
        assert known
        assert known.plan(None)
    kept = sum(documents.find(text, user) is not None for text in texts)
    assert room - 5 <= kept <= room + 5


def test_one_with_a_text_in_it_is_its_users_alone() -> None:
    documents, user = open_documents(plans=True), uuid4()
    for text in ('{ story(id: "1") { id } }', "{ viewer { id } }"):
        keep(documents, text, user)
        assert documents.find(text, user)
        assert (documents.find(text, uuid4()) is None) == ('"' in text)


def test_what_is_too_long_is_not_kept() -> None:
    documents, user = open_documents(plans=True), uuid4()
    text = "{ viewer { id } }".ljust(LONGEST + 1)
    keep(documents, text, user)
    assert documents.find(text, user) is None
