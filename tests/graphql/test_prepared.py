"""How much is kept of documents that were found good."""

from __future__ import annotations

from uuid import UUID, uuid4

from graphql import parse

from schema.execution import open_documents
from schema.prepared import BESIDES, FIELD, LONGEST, MOST_OF_ALL, SHARE, PreparedDocuments


def keep(documents: PreparedDocuments, text: str, user: UUID) -> None:
    documents.keep(text, user, parse(text))


def long(name: str) -> str:
    """A document as long as one may be."""
    return f"{{ viewer {{ {name}: id }} }} #".ljust(LONGEST)


def test_those_used_longest_ago_go_first() -> None:
    documents, user = open_documents(plans=True), uuid4()
    texts = [long(f"a{number}") for number in range(40)]
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


def test_one_user_pushes_out_next_to_nothing_of_others() -> None:
    documents, one, others = open_documents(plans=True), uuid4(), [uuid4() for _ in range(7)]
    theirs = {long(f"a{number}"): user for number, user in enumerate(others)}
    for text, user in theirs.items():
        keep(documents, text, user)
    for number in range(100):
        keep(documents, long(f"b{number}"), one)
        assert documents.find(long(f"b{number}"), one)
    assert all(documents.find(text, user) for text, user in theirs.items())


def test_whoever_has_more_than_a_share_makes_room_for_others() -> None:
    documents, one, other = open_documents(plans=True), uuid4(), uuid4()
    texts = [long(f"a{number}") for number in range(40)]
    room, share = MOST_OF_ALL // (LONGEST + BESIDES), SHARE // (LONGEST + BESIDES)
    keep(documents, texts[0], other)
    for text in texts[1:room]:
        keep(documents, text, one)
    for number, text in enumerate(texts[room : room + share - 1]):
        keep(documents, text, other)
        found = [documents.find(each, one) is not None for each in texts[: room + number + 1]]
        assert found == [True, *[False] * (number + 1), *[True] * (room - 1)]


def test_what_a_user_brought_counts_no_more_once_it_is_dropped() -> None:
    documents = open_documents(plans=True)
    for number in range(200):
        user = uuid4()
        keep(documents, long(f"a{number}"), user)
    assert len(documents._sizes) == MOST_OF_ALL // (LONGEST + BESIDES)  # noqa: SLF001 - a leak shows nowhere else
