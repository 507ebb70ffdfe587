"""gql: the whole trip, over HTTP and, for what is live, over a websocket. https://gql.readthedocs.io"""

import asyncio
import os
import sys
import uuid
from pathlib import Path
from typing import Any

import httpx
from gql import Client, GraphQLRequest
from gql.client import AsyncClientSession
from gql.transport.exceptions import TransportError, TransportQueryError
from gql.transport.httpx import HTTPXAsyncTransport
from gql.transport.websockets import WebsocketsTransport

URL = os.environ.get("STORYCAST_URL", "http://127.0.0.1:8000")
HEADERS = {"Authorization": f"Bearer {os.environ.get('STORYCAST_TOKEN', '')}"}

CREATE_STORY = """
    mutation CreateStory($input: CreateStoryInput!) {
      createStory(input: $input) {
        ... on CreateStorySuccess { story { id } }
        ... on Error { code message }
      }
    }"""
INITIATE = """
    mutation Initiate($input: InitiateStoryGenerationInput!) {
      initiateStoryGeneration(input: $input) {
        ... on InitiateStoryGenerationSuccess { generation { id } }
        ... on Error { code message }
      }
    }"""
PROGRESS = """
    subscription Progress($id: UUID!) {
      storyGenerationProgress(id: $id) {
        status progress durationSeconds resultUrl error { code message }
      }
    }"""
SUCCEEDED = """
    query Succeeded {
      storyGenerations(status: SUCCEEDED) { items { id } meta { total } }
    }"""
DELETE_GENERATION = """
    mutation DeleteGeneration($id: UUID!) {
      deleteStoryGeneration(id: $id) {
        ... on DeleteStoryGenerationSuccess { id }
        ... on Error { code message }
      }
    }"""
DELETE_STORY = """
    mutation DeleteStory($id: UUID!) {
      deleteStory(id: $id) {
        ... on DeleteStorySuccess { id }
        ... on Error { code message }
      }
    }"""


class Refused(Exception):
    """A documented error: a member of a mutation's union, or the end of a narration that failed."""


async def main() -> None:
    over_http = Client(transport=HTTPXAsyncTransport(f"{URL}/graphql", headers=HEADERS))
    over_socket = Client(
        transport=WebsocketsTransport(f"{URL.replace('http', 'ws', 1)}/graphql", init_payload=HEADERS)
    )
    async with over_http as session:
        await trip(session, over_socket)


async def trip(session: AsyncClientSession, live: Client) -> None:
    content = "Every evening the keeper lit the lamp. Far out, a boat saw it and turned for home. " * 30
    created = await ask(session, CREATE_STORY, input={"title": "The lighthouse", "content": content})
    story = created["story"]
    print("story", story["id"])

    order = {"storyId": story["id"], "idempotencyKey": str(uuid.uuid4())}
    generation = (await ask(session, INITIATE, input=order))["generation"]
    print("generation", generation["id"])

    finished = await follow(live, generation["id"])

    page = await ask(session, SUCCEEDED)
    listed = any(item["id"] == generation["id"] for item in page["items"])
    print("listed" if listed else "not listed", "among", page["meta"]["total"], "succeeded")

    # The link needs no token, and works for an hour.
    async with httpx.AsyncClient() as http:
        audio = await http.get(finished["resultUrl"])
    Path("story.mp3").write_bytes(audio.raise_for_status().content)
    print("story.mp3", finished["durationSeconds"], "seconds")

    await ask(session, DELETE_GENERATION, id=generation["id"])
    await ask(session, DELETE_STORY, id=story["id"])
    print("deleted")


async def follow(live: Client, generation_id: str) -> dict[str, Any]:
    """A generation, shown as it goes, once it has succeeded."""
    generation: dict[str, Any] = {}
    async with live as session:
        async for event in session.subscribe(GraphQLRequest(PROGRESS, variable_values={"id": generation_id})):
            generation = event["storyGenerationProgress"]
            print(generation["status"], f"{generation['progress']}%")
    if generation["status"] != "SUCCEEDED":
        error = generation["error"] or {"code": "NOT_FOUND", "message": "It was deleted"}
        raise Refused(f"{error['code']}: {error['message']}")
    return generation


async def ask(session: AsyncClientSession, document: str, **variables: Any) -> Any:
    """What the document's one field answers. Raises Refused."""
    (answer,) = (await session.execute(GraphQLRequest(document, variable_values=variables))).values()
    if "code" in answer:
        raise Refused(f"{answer['code']}: {answer['message']}")
    return answer


try:
    asyncio.run(main())
except TransportQueryError as problem:
    sys.exit("Failed: " + "; ".join(error["message"] for error in problem.errors or ()))
except (Refused, TransportError, httpx.HTTPError) as problem:
    sys.exit(f"Failed: {problem}")
