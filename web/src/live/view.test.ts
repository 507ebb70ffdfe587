import assert from "node:assert/strict";
import { test } from "node:test";
import type { Row, Status } from "../api/operations.ts";
import { Unanswered } from "../api/unanswered.ts";
import { drop, ids, put } from "./generations.ts";
import { View } from "./view.ts";

const row = (id: string, status: Status = "SUCCEEDED", revision = 1) =>
  ({ id, revision, status, story: { id: "s", title: "t" } }) as Row;

/** A list on a server, newest first, cut into parts of two. */
class Server {
  rows: Row[];
  asked = 0;
  fails = false;
  constructor(...rows: Row[]) {
    this.rows = rows;
  }
  load = async (after: string | undefined) => {
    this.asked += 1;
    if (this.fails) throw new Unanswered("The server cannot be reached.");
    const from = after === undefined ? 0 : this.rows.findIndex(({ id }) => id < after);
    const rows = from < 0 ? [] : this.rows.slice(from, from + 2);
    const last = rows.at(-1);
    return { rows, next: last && last !== this.rows.at(-1) ? last.id : undefined };
  };
  one = async (id: string) => this.rows.find((each) => each.id === id);
}
const over = (server: Server, belongs: (row: Row) => boolean = () => true) =>
  new View(server.load, (id) => server.one(id), belongs);
const empty = () => ids.value.forEach(drop);

test("parts come one after another, to the end", async () => {
  const server = new Server(row("a5"), row("a4"), row("a3"), row("a2"), row("a1"));
  const view = over(server);
  assert.equal(view.hasMore, true);
  await view.more();
  assert.deepEqual(view.ids.value, ["a5", "a4"]);
  await view.more();
  await view.more();
  assert.deepEqual(view.ids.value, ["a5", "a4", "a3", "a2", "a1"]);
  assert.equal(view.hasMore, false);
  await view.more();
  assert.equal(server.asked, 3);
  empty();
});

test("asking twice at once asks once", async () => {
  const server = new Server(row("b2"), row("b1"));
  const view = over(server);
  await Promise.all([view.more(), view.more()]);
  assert.equal(server.asked, 1);
  empty();
});

test("a failure is told, loses nothing, and the next try goes on", async () => {
  const server = new Server(row("c3"), row("c2"), row("c1"));
  const view = over(server);
  await view.more();
  server.fails = true;
  await view.more();
  assert.equal(view.failure.value, "The server cannot be reached.");
  assert.deepEqual(view.ids.value, ["c3", "c2"]);
  server.fails = false;
  await view.more();
  assert.equal(view.failure.value, undefined);
  assert.deepEqual(view.ids.value, ["c3", "c2", "c1"]);
  empty();
});

test("what another list brought leaves no gap", async () => {
  const view = over(new Server(row("d4"), row("d3"), row("d2"), row("d1")));
  await view.more();
  put(row("d1"));
  assert.deepEqual(view.ids.value, ["d4", "d3"]);
  put(row("d5"));
  assert.deepEqual(view.ids.value, ["d5", "d4", "d3"]);
  empty();
});

test("a refresh finds what came and what went meanwhile", async () => {
  const server = new Server(row("e4"), row("e3"), row("e2"));
  const view = over(server);
  await view.more();
  await view.more();
  server.rows = [row("e6"), row("e5"), row("e4"), row("e2")];
  await view.refresh();
  assert.deepEqual(view.ids.value, ["e6", "e5", "e4", "e2"]);
  empty();
});

test("a refresh drops nothing that lies beyond what was listed", async () => {
  const server = new Server(row("f4"), row("f3"), row("f2"), row("f1"));
  const view = over(server);
  await view.more();
  server.rows = [row("f6"), row("f5"), row("f4"), row("f3"), row("f2"), row("f1")];
  await view.refresh();
  await view.more();
  await view.more();
  assert.deepEqual(view.ids.value, ["f6", "f5", "f4", "f3", "f2", "f1"]);
  empty();
});

test("what left a list because its status changed is not taken for deleted", async () => {
  const server = new Server(row("g2", "PENDING"), row("g1", "PENDING"));
  const waiting = over(server, ({ status }) => status === "PENDING");
  await waiting.more();
  server.rows = [row("g1", "PENDING")];
  server.one = async (id) => (id === "g2" ? row("g2", "IN_PROGRESS", 2) : undefined);
  await waiting.refresh();
  assert.deepEqual(waiting.ids.value, ["g1"]);
  assert.deepEqual(ids.value, ["g2", "g1"]);
  empty();
});

test("the same list stays the same for those who draw it", async () => {
  const view = over(new Server(row("h2"), row("h1")));
  await view.more();
  const before = view.ids.value;
  put(row("h2", "SUCCEEDED", 2));
  assert.equal(view.ids.value, before);
  empty();
});
