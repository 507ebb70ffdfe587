import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { Row } from "../api/operations.ts";
import { eventInWords, placeInWords, remedyOf } from "./words.ts";

test("a place is said to the second", () => {
  const said = [0, 0.9, 1, 65, 3600, 3725.5].map(placeInWords);
  assert.deepEqual(said, [
    "0 seconds",
    "0 seconds",
    "1 second",
    "1 minute 5 seconds",
    "1 hour",
    "1 hour 2 minutes 5 seconds",
  ]);
});

const ERRORS = readFileSync(new URL("../../../docs/errors.md", import.meta.url), "utf8");
const namesUnder = (heading: string): string[] => {
  const [section = ""] = ERRORS.split(`\n## ${heading}\n`)[1]!.split("\n## ");
  return [...section.matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name!);
};

test("each way to fail that is documented has words of its own", () => {
  const codes = namesUnder("Generations that failed");
  assert.ok(codes.includes("TIMED_OUT"));
  for (const code of codes) {
    assert.notEqual(remedyOf({ error: { code, message: "" } } as Row), "Try again later.", code);
  }
  assert.equal(remedyOf({ error: { code: "ANOTHER", message: "" } } as unknown as Row), "Try again later.");
});

test("each event that is documented has words of its own", () => {
  const events = namesUnder("The log of a generation");
  assert.ok(events.includes("handed_back"));
  for (const event of events) assert.match(eventInWords(event), /^[A-Z]/, event);
  assert.equal(eventInWords("moved_away"), "moved away");
});
