import assert from "node:assert/strict";
import { test } from "node:test";
import { link, parse, type Route } from "./routes.ts";

const ID = "01a20000-0000-7000-8000-000000000001";

test("every route's link leads back to it", () => {
  const routes: Route[] = [
    { page: "stories" },
    { page: "new-story" },
    { page: "story", id: ID },
    { page: "narrations", status: undefined },
    { page: "narrations", status: "IN_PROGRESS" },
    { page: "narration", id: ID },
  ];
  for (const route of routes) assert.deepEqual(parse(link(route)), route);
});

test("no path is the stories, and what leads nowhere says so", () => {
  for (const hash of ["", "#", "#/", "#/stories"]) assert.deepEqual(parse(hash), { page: "stories" });
  for (const hash of [
    "#/x",
    "#/stories/1",
    "#/narrations/new",
    `#/stories/${ID}/edit`,
    "#/stories/%E0%A4%A",
  ]) {
    assert.deepEqual(parse(hash), { page: "nowhere" });
  }
});

test("a status that there is not is none", () => {
  assert.deepEqual(parse("#/narrations?status=done"), { page: "narrations", status: undefined });
});
