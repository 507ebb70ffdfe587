"""`documents.json`: what the pages send, for servers that take trusted documents alone."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from pathlib import Path

from server.graphql.manifests import read_manifests
from tests.web.project import Project
from web import node
from web.sources import WEB

SENT = Path(__file__).with_name("programs") / "sent.mjs"
OPERATIONS = WEB / "src" / "api" / "operations.ts"


def said_by_node(folder: Path, *arguments: str | Path) -> str:
    command = [node.NODE, *arguments]
    ran = subprocess.run(
        command,
        cwd=folder,
        env=node.environment(folder),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return ran.stdout


def sent(folder: Path) -> list[str]:
    told: list[str] = json.loads(said_by_node(folder, "--input-type=module", "-e", SENT.read_text()))
    return told


def test_a_build_lists_every_operation_as_it_is_sent_by_its_hash(project: Project) -> None:
    assert project.build() == (0, "")
    documents = json.loads((project.dist / "documents.json").read_text())
    texts = sent(project.web)
    assert len(texts) == 2
    assert documents == {hashlib.sha256(text.encode()).hexdigest(): text for text in texts}
    assert any("fragment Fields" in text for text in texts)


def test_the_pages_operations_are_listed_and_fit_the_schema(packages: None, tmp_path: Path) -> None:
    said_by_node(WEB, "documents.ts", tmp_path)
    documents = read_manifests(tmp_path / "documents.json")
    assert set(documents.values()) == set(sent(WEB))
    names = re.findall(r"graphql\(\s*`\s*(?:query|mutation|subscription) (\w+)", OPERATIONS.read_text())
    listed = [re.search(r"(?:query|mutation|subscription) (\w+)", text) for text in documents.values()]
    assert len(names) > 5
    assert sorted(names) == sorted(found[1] for found in listed if found)


def test_the_pages_have_their_operations_in_one_place() -> None:
    for path in (WEB / "src").rglob("*.ts*"):
        # GraphiQL's are for people to change.
        if path != OPERATIONS and path.parent.name != "graphiql":
            assert not re.search(r"\bgraphql\(|\bgql`", path.read_text()) or path.name == "graphql.ts", path
