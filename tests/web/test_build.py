"""What `python -m web.build` makes, when, and what it leaves alone."""

from __future__ import annotations

import gzip
import os
import re
import shutil
import signal
import subprocess
from base64 import b64encode
from pathlib import Path

import pytest

import server.dist
from tests.local.product import eventually
from tests.web.project import BUILD_SECONDS, ROOT, WORDS, Project
from web import node, sources

DECOMPRESS = "process.stdin.pipe(zlib.createBrotliDecompress()).pipe(process.stdout)"


def test_what_is_built_is_what_is_served() -> None:
    assert sources.DIST == server.dist.DIST


def test_both_pages_are_built_with_what_they_load_compressed(project: Project) -> None:
    assert project.build() == (0, "")
    for page in ("index.html", "graphiql.html"):
        assert 'src="./assets/' in (project.dist / page).read_text()
    (script,) = (project.dist / "assets").glob("ui-*.js")
    content = script.read_bytes()
    assert b"words" in content
    assert gzip.decompress(script.with_name(f"{script.name}.gz").read_bytes()) == content
    brotli = script.with_name(f"{script.name}.br").read_bytes()
    unpacked = subprocess.run(
        [node.NODE, "-e", DECOMPRESS], input=brotli, capture_output=True, timeout=60, check=True
    )
    assert unpacked.stdout == content


def test_nothing_is_written_but_what_version_control_ignores(project: Project, tmp_path: Path) -> None:
    def git(*arguments: str) -> str:
        command = ["git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments]
        return subprocess.run(command, cwd=project.root, capture_output=True, text=True, check=True).stdout

    (project.web / "node_modules").unlink()
    # Where a folder is meant, a link would not be ignored.
    (project.root / ".gitignore").write_text((ROOT / ".gitignore").read_text() + "\nnode_modules\n")
    (project.web / "node_modules").symlink_to(ROOT / "web" / "node_modules")
    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "--message", "All")
    places = [tmp_path / "home", tmp_path / "temporary"]
    for place in places:
        place.mkdir()
    before = sorted((ROOT / "web" / "node_modules").iterdir())
    assert project.build(HOME=str(places[0]), TMPDIR=str(places[1])) == (0, "")
    assert git("status", "--porcelain") == ""
    assert [list(place.iterdir()) for place in places] == [[], []]
    assert sorted((ROOT / "web" / "node_modules").iterdir()) == before


def test_what_is_built_of_the_present_sources_is_left_alone(project: Project) -> None:
    assert project.build() == (0, "")
    made = (project.dist / "index.html").stat().st_mtime_ns
    (project.web / "vite.config.ts").touch()
    project.write("src/main.test.ts", "not built")
    project.write("src/api/schema-types.d.ts", "not built")
    project.write("src/.main.ts.swp", "an editor's")
    assert project.build() == (0, "")
    assert (project.dist / "index.html").stat().st_mtime_ns == made


@pytest.mark.parametrize(
    "name", ["index.html", "src/main.ts", "src/more/new.ts", "vite.config.ts", "../requirements/web.txt"]
)
def test_a_source_that_changed_makes_a_build_due(project: Project, name: str) -> None:
    before = project.digest()
    path = project.web / name
    project.write(name, (path.read_text() if path.exists() else "") + "\n")
    assert project.digest() != before


def test_a_source_that_got_another_name_makes_a_build_due(project: Project) -> None:
    before = project.digest()
    (project.web / "src" / "main.ts").rename(project.web / "src" / "man.ts")
    assert project.digest() != before


def test_a_change_is_built_and_the_build_before_is_kept(project: Project) -> None:
    seen = []
    for title in ("one", "two", "three"):
        project.write("src/main.ts", WORDS.replace("words", title))
        assert project.build() == (0, "")
        assert title in project.script()
        seen.append(project.dist.resolve().name)
    assert project.builds() == set(seen[1:])
    # Back to what it was, which needs no build.
    made = (project.built / seen[1] / "index.html").stat().st_mtime_ns
    project.write("src/main.ts", WORDS.replace("words", "two"))
    assert project.build() == (0, "")
    assert "two" in project.script()
    assert (project.dist / "index.html").stat().st_mtime_ns == made


def test_a_build_that_was_copied_here_is_as_good(project: Project) -> None:
    assert project.build() == (0, "")
    copied = project.root / "copied"
    shutil.copytree(project.dist, copied)
    project.dist.unlink()
    copied.rename(project.dist)
    assert project.build() == (0, "")
    assert not project.dist.is_symlink()


def test_a_folder_in_the_way_is_replaced(project: Project) -> None:
    project.dist.mkdir()
    (project.dist / "index.html").write_text("by hand")
    assert project.build() == (0, "")
    assert "words" in project.script()
    assert project.builds() == {project.dist.resolve().name}


def test_sources_that_are_wrong_are_told_and_leave_the_build_that_there_was(project: Project) -> None:
    assert project.build() == (0, "")
    project.write("src/main.ts", "import './nowhere.ts';")
    code, said = project.build()
    assert code == 1
    assert said.startswith("The web UI was not built: vite.js said\n")
    assert "Could not resolve './nowhere.ts' in src/main.ts\n" in said
    assert "\x1b" not in said
    assert "words" in project.script()
    assert project.builds() == {project.dist.resolve().name}


def test_more_script_than_the_budget_allows_is_no_build(project: Project) -> None:
    def load(page: str, size: int) -> None:
        # Nothing makes it smaller than it is, in bytes.
        noise = b64encode(os.urandom(size)).decode()
        project.write("src/later.ts", f"document.title += '{noise}';")
        project.write(f"src/{page}.ts", "void import('./later.ts');")

    load("main", 140_000)
    assert project.build() == (0, "")
    load("main", 151_000)
    code, said = project.build()
    assert code == 1
    assert re.search(r"index\.html loads 15\d{4} bytes of compressed script: 150000 are the most\.", said)
    assert project.builds() == {project.dist.resolve().name}
    # GraphiQL is apart.
    project.write("src/main.ts", WORDS)
    load("graphiql", 151_000)
    assert project.build() == (0, "")


def test_killed_half_way_it_leaves_nothing_that_looks_whole(project: Project) -> None:
    assert project.build() == (0, "")
    first = project.dist.resolve()
    project.write("src/main.ts", WORDS.replace("words", "later"))
    process = project.start()
    eventually(lambda: len(project.builds()) > 1 or process.poll() is not None, seconds=100, what="a build")
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert {name for name in project.builds() if not name.endswith(".unfinished")} == {first.name}
    assert project.dist.resolve() == first
    assert "words" in project.script()
    assert project.build() == (0, "")
    assert "later" in project.script()
    assert project.builds() == {first.name, project.dist.resolve().name}


def test_two_at_once_build_once(project: Project) -> None:
    both = [project.start() for _ in range(2)]
    said = [process.communicate(timeout=BUILD_SECONDS)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sorted(said) == ["", "Another dev.py is building the web UI: waiting for it ...\n"]
    assert project.builds() == {project.dist.resolve().name}


def test_the_environment_does_not_change_what_is_built(project: Project) -> None:
    read = "document.title = import.meta.env.VITE_TITLE + import.meta.env.VITE_OTHER"
    project.write("src/main.ts", f"{WORDS}\n{read}; if (import.meta.env.DEV) document.title = 'to develop';")
    project.write(".env", "VITE_TITLE='of a file'")
    assert project.build(NODE_ENV="development", FORCE_COLOR="1", VITE_OTHER="of a shell") == (0, "")
    script = project.script()
    assert [words for words in ("to develop", "of a file", "of a shell") if words in script] == []


def test_who_keeps_what_they_make_to_themselves_can_build(project: Project) -> None:
    assert project.build(["sh", "-c", 'umask 077; exec "$@"', "sh"]) == (0, "")
    assert oct(project.dist.stat().st_mode)[-3:] == "700"
