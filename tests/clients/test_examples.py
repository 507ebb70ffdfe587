"""Every example takes the whole trip, which is judged from outside, and says so when it cannot."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import soundfile

from tests.callers import Api
from tests.clients import examples
from tests.mailbox import watch
from tests.processes import free_port
from tests.programs import Ran

pytestmark = pytest.mark.long

NAMES = list(examples.PROGRAMS)
# "Every evening …" thirty times over, as the voice reads it.
SPOKEN_SECONDS = 152
LIMIT_SECONDS = 60
# A change whose message is lost is found by looking again.
LOOK_SECONDS = 0.1

CANCEL = "mutation ($id: UUID!) { cancelStoryGeneration(id: $id) { __typename } }"
# Writes down each row that comes or goes, and each status that a generation takes.
WITNESS = """
CREATE TABLE witnessed (id serial, what text, transaction text DEFAULT pg_current_xact_id()::text);
CREATE FUNCTION witness() RETURNS trigger SECURITY DEFINER LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO public.witnessed (what)
    SELECT concat_ws(' ', TG_OP, TG_ARGV[0], told ->> 'id', told ->> 'status')
    FROM to_jsonb(COALESCE(NEW, OLD)) AS told
    WHERE TG_OP <> 'UPDATE' OR to_jsonb(OLD) ->> 'status' <> told ->> 'status';
    RETURN NULL;
END $$;
CREATE TRIGGER witness AFTER INSERT OR DELETE ON stories
    FOR EACH ROW EXECUTE FUNCTION witness('story');
CREATE TRIGGER witness AFTER INSERT OR UPDATE OR DELETE ON story_generations
    FOR EACH ROW EXECUTE FUNCTION witness('generation');
"""
STEP = re.compile(r"(?P<status>PENDING|IN_PROGRESS|SUCCEEDED) (?P<progress>\d+)%", re.IGNORECASE)


@dataclass(frozen=True)
class Reader:
    """Somebody who tries an example in a folder of their own."""

    examples: Path
    folder: Path

    async def runs(self, name: str, base: str, token: str) -> Ran:
        return await examples.run(self.examples, name, self.folder, base, token)

    @property
    def audio(self) -> Path:
        return self.folder / "story.mp3"


@pytest.fixture
def reader(built_examples: Path, tmp_path: Path) -> Reader:
    return Reader(built_examples, tmp_path)


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("name", NAMES)
async def test_each_takes_the_whole_trip(
    name: str, reader: Reader, api: Api, sql: asyncpg.Connection, alice: UUID
) -> None:
    await sql.execute(WITNESS)
    ran = await reader.runs(name, api.base, api.token(alice))

    assert (ran.code, ran.errors) == (0, ""), ran
    story, generation, *steps, listed, audio, deleted = ran.output.splitlines()
    assert listed == "listed among 1 succeeded"
    assert deleted == "deleted"
    assert_goes_up_to_the_end(steps)
    assert_is_the_narration(reader.audio, *audio.split()[1:])
    assert await witnessed(sql) == [
        f"INSERT {story}",
        f"INSERT {generation} pending",
        f"UPDATE {generation} in_progress",
        f"UPDATE {generation} succeeded",
        f"DELETE {generation} succeeded",
        f"DELETE {story}",
    ]
    assert [path for path in (reader.folder / "results").rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("name", NAMES)
async def test_each_tells_of_a_refusal_and_fails(
    name: str, reader: Reader, serve_with: Callable[..., Any], alice: UUID
) -> None:
    async with serve_with(initiations_per_minute=1) as api:
        await api.initiate(alice, await api.add_story(alice))
        ran = await reader.runs(name, api.base, api.token(alice))

    assert_failed_with(ran, "Too many requests" if name == "rest.sh" else "RATE_LIMITED")
    assert "generation" not in ran.output


@pytest.mark.parametrize("name", NAMES)
async def test_each_tells_of_a_narration_that_failed_and_fails(
    name: str, reader: Reader, api: Api, sql: asyncpg.Connection, alice: UUID
) -> None:
    running = asyncio.create_task(reader.runs(name, api.base, api.token(alice)))
    generation = await first_generation(api, sql, alice)
    await api.data(alice, CANCEL, id=str(generation))
    ran = await running

    assert_failed_with(ran, '"status":"failed"' if name == "rest.sh" else "CANCELED")
    assert not reader.audio.exists()
    assert await left(sql) == {"stories": 1, "story_generations": 1}


@pytest.mark.parametrize("name", NAMES)
async def test_each_tells_of_a_bad_token_and_fails(
    name: str, reader: Reader, api: Api, sql: asyncpg.Connection
) -> None:
    ran = await reader.runs(name, api.base, "a token of nobody")

    assert_failed_with(ran, "Forbidden (4403)" if name == "typescript/graphql-ws.ts" else "Unauthorized")
    assert ran.output == ""
    assert await left(sql) == {"stories": 0, "story_generations": 0}


@pytest.mark.parametrize("name", NAMES)
async def test_each_tells_that_no_server_is_there_and_fails(name: str, reader: Reader) -> None:
    ran = await reader.runs(name, f"http://127.0.0.1:{free_port()}", "")

    assert_failed_with(ran, "")
    assert re.search(r"connect|cannot be reached|fetch failed", ran.errors, re.IGNORECASE), ran
    assert ran.output == ""


def assert_failed_with(ran: Ran, words: str) -> None:
    """In one or two lines for people, without a stack."""
    assert ran.code == 1, ran
    assert words in ran.errors
    assert 1 <= len(ran.errors.splitlines()) <= 2, ran.errors


def assert_goes_up_to_the_end(steps: list[str]) -> None:
    seen = [found for step in steps if (found := STEP.fullmatch(step))]
    assert len(seen) == len(steps)
    progress = [int(step["progress"]) for step in seen]
    assert progress == sorted(progress)
    assert steps[-1].upper() == "SUCCEEDED 100%"
    assert len(steps) > 1, "nothing was seen live"


def assert_is_the_narration(audio: Path, figure: str, unit: str) -> None:
    found = soundfile.info(audio)
    assert found.format == "MP3"
    assert found.duration == pytest.approx(SPOKEN_SECONDS, rel=0.1)
    measured = {"seconds": found.duration, "bytes": audio.stat().st_size}
    assert float(figure) == pytest.approx(measured[unit], rel=0.01)


async def first_generation(api: Api, sql: asyncpg.Connection, user: UUID) -> UUID:
    """The user's, as soon as there is one."""
    async with asyncio.timeout(LIMIT_SECONDS), watch(api.services.feed, user) as mailbox:
        while not (found := await sql.fetchval("SELECT id FROM story_generations WHERE user_id = $1", user)):
            await mailbox.take(LOOK_SECONDS)
    assert isinstance(found, UUID)
    return found


async def witnessed(sql: asyncpg.Connection) -> list[str]:
    """What became of stories and generations, in order, each in a transaction of its own."""
    rows = await sql.fetch("SELECT what, transaction FROM witnessed ORDER BY id")
    assert len({row["transaction"] for row in rows}) == len(rows)
    return [row["what"] for row in rows]


async def left(sql: asyncpg.Connection) -> dict[str, int]:
    """How many rows there are."""
    return {
        table: await sql.fetchval(f"SELECT count(*) FROM {table}")
        for table in ("stories", "story_generations")
    }
