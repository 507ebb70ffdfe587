import assert from "node:assert/strict";
import { test } from "node:test";
import type { Row } from "../api/operations.ts";
import { drop, find, hide, ids, put, retitle, unfinished } from "./generations.ts";

const row = (id: string, revision: number, more: Partial<Row> = {}): Row => ({
  id,
  revision,
  status: "IN_PROGRESS",
  progress: 0,
  attempts: 1,
  createdAt: "2026-01-01T00:00:00Z",
  startedAt: null,
  finishedAt: null,
  durationSeconds: null,
  story: { id: `story of ${id}`, title: "A story" },
  voice: { id: "heart", name: "Heart" },
  error: null,
  ...more,
});
const empty = () => ids.value.forEach(drop);

test("the newest is first, in whatever order they come", () => {
  for (const id of ["a2", "a4", "a1", "a3"]) put(row(id, 1));
  assert.deepEqual(ids.value, ["a4", "a3", "a2", "a1"]);
  empty();
});

test("an older revision never replaces a newer one", () => {
  put(row("b1", 5, { progress: 50 }));
  put(row("b1", 4, { progress: 40 }));
  assert.equal(find("b1")!.value.progress, 50);
  put(row("b1", 6, { progress: 60 }));
  assert.equal(find("b1")!.value.progress, 60);
  empty();
});

test("what was deleted stays deleted, whatever comes late", () => {
  put(row("c1", 1));
  drop("c1");
  put(row("c1", 9));
  drop("c2");
  put(row("c2", 1));
  assert.deepEqual(ids.value, []);
  assert.equal(find("c1"), undefined);
});

test("what is hidden is out of sight until it is shown again", () => {
  put(row("d1", 1));
  put(row("d2", 1));
  hide("d1");
  assert.deepEqual(ids.value, ["d2"]);
  assert.deepEqual(unfinished.value, ["d2"]);
  hide("d1", false);
  assert.deepEqual(ids.value, ["d2", "d1"]);
  empty();
});

test("an event redraws its own row, and no list", () => {
  put(row("e1", 1));
  put(row("e2", 1));
  const before = ids.value;
  const other = find("e2")!.value;
  put(row("e1", 2, { progress: 10 }));
  assert.equal(ids.value, before);
  assert.equal(find("e2")!.value, other);
  empty();
});

test("a story's title changes on its rows alone, also where the revision is the same", () => {
  put(row("f1", 1));
  put(row("f2", 1));
  retitle("story of f1", "Another name");
  assert.equal(find("f1")!.value.story.title, "Another name");
  assert.equal(find("f2")!.value.story.title, "A story");
  put(row("f2", 1, { story: { id: "story of f2", title: "Renamed elsewhere" } }));
  assert.equal(find("f2")!.value.story.title, "Renamed elsewhere");
  empty();
});

test("what is finished is not underway", () => {
  put(row("g1", 1, { status: "PENDING" }));
  put(row("g2", 1, { status: "SUCCEEDED" }));
  put(row("g3", 1, { status: "FAILED" }));
  put(row("g4", 1));
  assert.deepEqual(unfinished.value, ["g4", "g1"]);
  put(row("g4", 2, { status: "SUCCEEDED" }));
  assert.deepEqual(unfinished.value, ["g1"]);
  empty();
});
