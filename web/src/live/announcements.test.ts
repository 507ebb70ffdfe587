import assert from "node:assert/strict";
import { test } from "node:test";
import type { Row } from "../api/operations.ts";
import { worthSaying } from "./announcements.ts";

const START = Date.parse("2026-01-01T00:00:00Z");
const row = (status: Row["status"], progress: number, error: Row["error"] = null) =>
  ({ status, progress, error, startedAt: "2026-01-01T00:00:00Z", story: { title: "The Fog" } }) as Row;

test("beginnings and ends are said", () => {
  assert.equal(worthSaying(undefined, row("PENDING", 0), START), "The Fog waits to be narrated.");
  assert.equal(
    worthSaying(row("IN_PROGRESS", 90), row("SUCCEEDED", 100), START),
    "The narration of The Fog is ready to hear.",
  );
  const failed = row("FAILED", 9, { code: "NARRATION_FAILED", message: "" });
  assert.equal(worthSaying(row("IN_PROGRESS", 9), failed, START), "The narration of The Fog failed.");
  const canceled = row("FAILED", 9, { code: "CANCELED", message: "" });
  assert.equal(worthSaying(row("IN_PROGRESS", 9), canceled, START), "The narration of The Fog was canceled.");
});

test("of a hundred percents of a long narration, one is said; of a short one, none", () => {
  const said = (took: number) =>
    Array.from({ length: 99 }, (_, at) =>
      worthSaying(row("IN_PROGRESS", at), row("IN_PROGRESS", at + 1), START + took),
    ).filter(Boolean);
  assert.deepEqual(said(60_000), ["The Fog is half narrated."]);
  assert.deepEqual(said(3_000), []);
});
