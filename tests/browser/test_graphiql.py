"""GraphiQL, as somebody meets it who has not been here."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from uuid import UUID

import pytest
from playwright.async_api import Page, WebSocketRoute, expect

from server.local.demo import DEMO_USER, SECOND_DEMO_USER
from tests.browser import axe
from tests.browser.graphiql import GraphiQL, open_graphiql
from tests.browser.tabs import Tabs
from tests.callers import LIMIT_SECONDS, Api
from tests.live.streams import CANCEL
from tests.processes import Worker
from tests.tunnel import tunnel

OFFERED = ["Initiate", "Follow", "ListByStatus", "Delete"]
VIEWER_IS_IN_IT = "JSON.stringify(kept).includes('viewer')"


async def test_a_newcomer_runs_a_query_and_a_subscription(api: Api, tabs: Tabs) -> None:
    story = await api.add_story(DEMO_USER, title="The newest one")
    tab, graphiql = await open_graphiql(tabs, api)
    await graphiql.run()
    initiated = (await graphiql.answer("PENDING"))["data"]["initiateStoryGeneration"]["generation"]
    generation = await api.data(
        DEMO_USER,
        "query ($id: UUID!) { storyGeneration(id: $id) { status story { id } } }",
        id=initiated["id"],
    )
    assert generation == {"storyGeneration": {"status": "PENDING", "story": {"id": story}}}

    sockets: list[str] = []
    tab.page.on("websocket", lambda socket: sockets.append(socket.url))
    await graphiql.go_to("Follow")
    await graphiql.run()
    told = await told_of_one(api, DEMO_USER, story, graphiql)
    assert told["generation"]["story"] == {"title": "The newest one"}
    assert len(sockets) == 1


async def told_of_one(api: Api, user: UUID, story: str, graphiql: GraphiQL) -> Any:
    """What a subscription tells of a generation. It is made again and again, as no subscription says that it
    has begun.
    """
    made = []
    async with asyncio.timeout(LIMIT_SECONDS):
        while "{" not in "".join(await graphiql.lines("Result Window")):
            made.append(await api.initiate(user, story))
            await api.data(user, CANCEL, id=made[-1])
    told = (await graphiql.answer("storyGenerationEvents"))["data"]["storyGenerationEvents"]
    assert told["id"] in made
    return told


@pytest.mark.long
async def test_a_newcomer_narrates_lists_and_deletes(api: Api, worker: Worker, tabs: Tabs) -> None:
    await api.add_story(DEMO_USER, "Once upon a time. The end.")
    tab, graphiql = await open_graphiql(tabs, api)
    # What was offered is still there.
    await tab.page.reload()
    await graphiql.ready()
    await graphiql.run()
    generation = (await graphiql.answer("PENDING"))["data"]["initiateStoryGeneration"]["generation"]["id"]
    await succeeded(api, generation)

    await graphiql.go_to("ListByStatus")
    await graphiql.run()
    (item,) = (await graphiql.answer("resultUrl"))["data"]["storyGenerations"]["items"]
    assert (item["id"], item["status"], item["error"]) == (generation, "SUCCEEDED", None)
    audio = await api.request("GET", item["resultUrl"])
    assert (audio.status_code, audio.headers["content-type"]) == (200, "audio/mpeg")

    await graphiql.go_to("Delete")
    await graphiql.run()
    nobodys = (await graphiql.answer("GENERATION_NOT_FOUND"))["data"]["deleteStoryGeneration"]
    assert nobodys["code"] == "GENERATION_NOT_FOUND"
    await graphiql.write("Variables", json.dumps({"id": generation}))
    await graphiql.run()
    assert await graphiql.answer(generation) == {"data": {"deleteStoryGeneration": {"id": generation}}}
    assert (await api.request("GET", item["resultUrl"])).status_code == 404

    await tab.page.get_by_role("button", name="Show History").click()
    history = tab.page.get_by_role("region", name="History")
    for operation in ("Initiate", "ListByStatus", "Delete"):
        await expect(history.get_by_text(operation).first).to_be_visible()


async def succeeded(api: Api, generation: str) -> None:
    query = "subscription ($id: UUID!) { storyGenerationProgress(id: $id) { status } }"
    async with api.socket(DEMO_USER) as socket:
        await socket.subscribe("1", query, id=generation)
        states = await socket.until_complete("1")
    assert states[-1] == {"storyGenerationProgress": {"status": "SUCCEEDED"}}


@pytest.mark.long
async def test_the_documentation_is_a_click_away(api: Api, tabs: Tabs) -> None:
    tab, _ = await open_graphiql(tabs, api)
    await tab.page.get_by_role("button", name="Show Documentation Explorer").click()
    await tab.page.get_by_role("link", name="Mutation").click()
    await tab.page.get_by_role("link", name="initiateStoryGeneration", exact=True).click()
    said = "Starts narrating a story. Returns at once with a PENDING generation."
    await expect(tab.page.get_by_text(said)).to_be_visible()


@pytest.mark.long
async def test_a_token_in_the_headers_is_whom_it_is_for(api: Api, tabs: Tabs, bob: UUID) -> None:
    """Over HTTP and on the socket; and it is not kept."""
    story = await api.add_story(bob, title="Bob's")
    tab, graphiql = await open_graphiql(tabs, api)
    await graphiql.go_to("Follow")
    await graphiql.write_headers(api.headers(bob))
    await graphiql.run()
    told = await told_of_one(api, bob, story, graphiql)
    assert told["generation"]["story"] == {"title": "Bob's"}
    await graphiql.run()
    await graphiql.write("Operation Editor", "{ viewer { id } }")
    # What is written reaches the tab, and from there the history, a moment later.
    await graphiql.kept(DEMO_USER, "tabState", VIEWER_IS_IN_IT)
    await graphiql.run()
    assert await graphiql.answer("viewer") == {"data": {"viewer": {"id": str(bob)}}}
    await graphiql.kept(DEMO_USER, "queries", VIEWER_IS_IN_IT)
    stored = await tab.page.evaluate("JSON.stringify([{ ...localStorage }, { ...sessionStorage }])")
    assert "Bearer" not in stored


@pytest.mark.long
async def test_tabs_stay_as_they_were_left(api: Api, tabs: Tabs) -> None:
    story = await api.add_story(DEMO_USER)
    tab, graphiql = await open_graphiql(tabs, api)
    await graphiql.go_to("ListByStatus")
    await graphiql.kept(DEMO_USER, "tabState", "kept.activeTabIndex === 2")
    await again(graphiql, OFFERED, "query ListByStatus", '{  "status": "SUCCEEDED"}')
    await graphiql.write("Variables", '{"status": null}')
    await graphiql.kept(DEMO_USER, "tabState", "kept.tabs[2].variables.includes('null')")
    await again(graphiql, OFFERED, "query ListByStatus", '{"status": null}')
    await graphiql.go_to("Follow")
    await graphiql.kept(DEMO_USER, "tabState", "kept.activeTabIndex === 1")
    await again(graphiql, OFFERED, "subscription Follow", "")

    for left, operation in enumerate(["Delete", "ListByStatus", "Follow"]):
        await graphiql.close_tab(operation)
        await graphiql.kept(DEMO_USER, "tabState", f"kept.tabs.length === {3 - left}")
        await tab.page.reload()
        await graphiql.ready()
        await expect(graphiql.tabs).to_have_text(OFFERED[: 3 - left])
    await graphiql.write("Variables", json.dumps({"input": {"storyId": story}}))
    await graphiql.kept(DEMO_USER, "tabState", "!kept.tabs[0].variables.includes('idempotencyKey')")
    await again(graphiql, ["Initiate"], "mutation Initiate", json.dumps({"input": {"storyId": story}}))

    await tab.page.get_by_role("button", name="New tab").click()
    await graphiql.kept(DEMO_USER, "tabState", "kept.activeTabIndex === 1")
    await again(graphiql, ["Initiate", "<untitled>"], "", "")


async def again(graphiql: GraphiQL, titles: list[str], query: str, variables: str) -> None:
    """Load the page again: what is there is what was, in the tab that was open, too."""
    await graphiql.page.reload()
    await graphiql.ready()
    await expect(graphiql.tabs).to_have_text(titles)
    await expect(graphiql.text("Operation Editor")).to_contain_text(query)
    assert bool(query) == any(await graphiql.lines("Operation Editor"))
    async with asyncio.timeout(LIMIT_SECONDS):
        while "".join(await graphiql.lines("Variables")) != variables:
            await graphiql.page.wait_for_timeout(20)


@pytest.mark.long
async def test_each_person_has_their_own_tabs_and_history(api: Api, tabs: Tabs) -> None:
    mine = await api.add_story(DEMO_USER)
    tab, graphiql = await open_graphiql(tabs, api)
    await graphiql.close_tab("Delete")
    await graphiql.run()
    await graphiql.answer("PENDING")
    await graphiql.kept(DEMO_USER, "tabState", "kept.tabs.length === 3")
    await graphiql.kept(DEMO_USER, "queries", "kept.queries.length > 0")

    await sign_in_as(tab.page, api, "Second demo user")
    await graphiql.ready()
    await expect(graphiql.tabs).to_have_text(OFFERED)
    await expect(graphiql.text("Variables")).to_contain_text("storyId")
    assert mine not in "".join(await graphiql.lines("Variables"))
    await tab.page.get_by_role("button", name="Show History").click()
    history = tab.page.get_by_role("region", name="History")
    await expect(history).to_be_visible()
    await expect(history.get_by_text("Initiate")).to_have_count(0)
    await graphiql.close_tab("Follow")
    await graphiql.kept(SECOND_DEMO_USER, "tabState", "kept.tabs.length === 3")

    await sign_in_as(tab.page, api, "Demo user")
    await graphiql.ready()
    await expect(graphiql.tabs).to_have_text(["Initiate", "Follow", "ListByStatus"])
    await expect(graphiql.text("Variables")).to_contain_text(mine)
    await tab.page.get_by_role("button", name="Show History").click()
    await expect(history.get_by_text("Initiate").first).to_be_visible()


async def sign_in_as(page: Page, api: Api, name: str) -> None:
    """Where one does so, among the stories, and back to GraphiQL."""
    await page.goto(api.base)
    who = page.get_by_label("Signed in as")
    async with page.expect_navigation():
        await who.select_option(name)
    await expect(who.locator("option:checked")).to_have_text(name)
    await page.goto(f"{api.base}/graphiql")


@pytest.mark.long
async def test_a_sign_in_that_ends_is_told_and_asked_for_again(
    serve_with: Any, tabs: Tabs, alice: UUID
) -> None:
    open_sockets: list[WebSocketRoute] = []

    def pass_on(socket: WebSocketRoute) -> None:
        socket.connect_to_server()
        open_sockets.append(socket)

    async with serve_with(environment="production", graphiql=True) as api:
        story = await api.add_story(alice, title="Alice's")
        tab, graphiql = await open_graphiql(tabs, api, user=alice)
        await tab.page.route_web_socket("**/graphql", pass_on)
        await tab.page.reload()
        await graphiql.ready()
        await graphiql.go_to("Follow")
        await graphiql.run()
        await told_of_one(api, alice, story, graphiql)
        await open_sockets[0].close(code=4403, reason="Forbidden")
        said = "The sign-in is no longer good. Run this again to go on, signed in anew."
        assert await graphiql.problem("sign-in") == said
        asked = tab.page.get_by_role("dialog", name="Sign in again")
        await asked.get_by_label("Access token").fill(api.token(alice))
        await asked.get_by_role("button", name="Sign in").click()
        await expect(asked).to_be_hidden()
        await graphiql.run()
        await told_of_one(api, alice, story, graphiql)
        assert len(open_sockets) == 2
        await tab.close()


@pytest.mark.long
@pytest.mark.parametrize(("outage", "code"), [("cut", 1006), ("swallow", 4499)])
async def test_a_connection_that_is_lost_is_told(
    api: Api, tabs: Tabs, alice: UUID, outage: str, code: int
) -> None:
    """Whether it breaks, or stands and nothing arrives."""
    story = await api.add_story(alice)
    async with tunnel(api.base) as way:
        tab, graphiql = await open_graphiql(tabs, way.base, token=api.token(alice))
        await graphiql.go_to("Follow")
        await graphiql.run()
        await told_of_one(api, alice, story, graphiql)
        getattr(way, outage)()
        assert await graphiql.problem("lost") == f"The live connection was lost ({code})."
        await tab.close()


@pytest.mark.long
async def test_a_request_that_fails_is_told(api: Api, tabs: Tabs) -> None:
    tab, graphiql = await open_graphiql(tabs, api)
    tab.watch.allow("Failed to load resource")
    await graphiql.go_to("ListByStatus")
    await tab.page.route("**/graphql", lambda route: route.abort())
    await graphiql.run()
    assert await graphiql.problem("reached") == "The server cannot be reached. Try again in a moment."
    await tab.page.unroute("**/graphql")
    await tab.page.route("**/graphql", lambda route: route.fulfill(status=502, body="<h1>Bad Gateway</h1>"))
    await graphiql.run()
    assert await graphiql.problem("502") == "The server answered 502, and nothing that can be shown."
    await graphiql.write_headers({"a name": "of two words"})
    await graphiql.run()
    assert (await graphiql.problem("headers")).startswith("The request headers are none")


async def test_in_production_there_is_none(serve_with: Any) -> None:
    async with serve_with(environment="production") as api:
        answer = await api.request("GET", "/graphiql", headers={"Accept": "text/html"})
        assert (answer.status_code, answer.json()) == (404, {"error": "Not found"})


@pytest.mark.long
async def test_in_production_it_asks_for_a_token_where_it_is_set(
    serve_with: Any, tabs: Tabs, alice: UUID
) -> None:
    async with serve_with(environment="production", graphiql=True) as api:
        tab = await tabs.open(api, "/graphiql")
        asked = tab.page.get_by_role("dialog", name="Sign in to Storycast")
        # As on the other pages, whose styles are not all at home here.
        await expect(asked).to_have_css("width", "480px")
        await expect(tab.page.locator("h1")).to_have_css("width", "1px")
        assert await axe.findings_by_scheme(tab.page) == axe.NOTHING
        await asked.get_by_label("Access token").fill(api.token(alice))
        await asked.get_by_role("button", name="Sign in").click()
        graphiql = GraphiQL(tab.page)
        await graphiql.ready()
        await graphiql.go_to("ListByStatus")
        await graphiql.run()
        assert (await graphiql.answer("total"))["data"]["storyGenerations"]["items"] == []
        await tab.close()


@pytest.mark.long
@pytest.mark.parametrize("width", [360, 1280, 2560])
async def test_axe_finds_nothing(api: Api, tabs: Tabs, width: int) -> None:
    await api.add_story(DEMO_USER)
    size = {"width": width, "height": 900}
    tab, graphiql = await open_graphiql(tabs, api, viewport=size)
    await expect(tab.page.get_by_role("heading", level=1)).to_have_text("GraphiQL")
    for scheme in axe.SCHEMES:
        await tab.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # one of its literals
        await tab.page.reload()
        await graphiql.ready()
        await tab.page.get_by_role("button", name="Show Documentation Explorer").click()
        await expect(tab.page.get_by_text("Root Types")).to_be_visible()
        await axe.settle(tab.page)
        assert await axe.findings(tab.page) == []
        await tab.picture(f"graphiql-{scheme}-{width}")
        await tab.page.get_by_role("button", name="Hide Documentation Explorer").click()


@pytest.mark.long
async def test_it_leads_back_to_the_stories(api: Api, tabs: Tabs) -> None:
    tab, _ = await open_graphiql(tabs, api)
    await tab.page.get_by_role("link", name="Storycast").click()
    await expect(tab.page).to_have_url(f"{api.base}/")
    await expect(tab.page.get_by_role("heading", level=1, name="Stories")).to_be_visible()
