import assert from "node:assert/strict";
import { test } from "node:test";
import { ago, clock, plural, spoken } from "./time.ts";

test("lengths as players show them", () => {
  const shown = [0, 7.9, 59.99, 60, 754, 3600, 3723, -1].map(clock);
  assert.deepEqual(shown, ["0:00", "0:07", "0:59", "1:00", "12:34", "1:00:00", "1:02:03", "0:00"]);
});

test("lengths as people say them", () => {
  assert.deepEqual([1, 59.4, 59.6, 90, 3570, 7500, 7180, 7200].map(spoken), [
    "1 second",
    "59 seconds",
    "1 minute",
    "2 minutes",
    "1 hour",
    "2 hours 5 minutes",
    "2 hours",
    "2 hours",
  ]);
});

test("counts", () => {
  assert.equal(plural(1, "character"), "1 character");
  assert.equal(plural(1_234_567, "character"), "1,234,567 characters");
});

test("how long ago", () => {
  const now = Date.parse("2026-06-10T12:00:00Z");
  const told = ["12:00:30Z", "11:59:01Z", "11:58:00Z", "00:00:00Z"].map((time) =>
    ago(`2026-06-10T${time}`, now),
  );
  assert.deepEqual(told, ["just now", "just now", "2 min ago", "12 h ago"]);
  assert.equal(ago("2026-06-08T12:00:00Z", now), "2 days ago");
  assert.equal(ago("2026-01-02T12:00:00Z", now), "Jan 2, 2026");
});
