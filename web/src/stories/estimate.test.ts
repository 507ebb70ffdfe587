import assert from "node:assert/strict";
import { test } from "node:test";
import { characters, listeningSeconds } from "./estimate.ts";

test("characters are counted as the server counts them", () => {
  assert.equal(characters("naïve"), 5);
  assert.equal(characters("😀😀"), 2);
  assert.equal(characters("\ud83d"), 1);
});

// Seconds that the voice `heart` took.
const HEARD: readonly (readonly [string, number])[] = [
  ["Hello.", 1.1],
  ["Yes. No. Maybe. Who knows? I do!", 5.0],
  [
    "The committee, having deliberated at considerable length concerning the procurement of international " +
      "telecommunications infrastructure, nevertheless postponed its recommendation until the subsequent " +
      "administrative session.",
    13.4,
  ],
];

test("listening time is within a quarter of what the voice takes", () => {
  for (const [text, seconds] of HEARD) {
    const ratio = listeningSeconds(text) / seconds;
    assert.ok(ratio > 0.75 && ratio < 1.25, `${ratio}: ${text}`);
  }
});

test("what cannot be spoken takes no time", () => {
  for (const text of ["", " \n ", "…!", "* * *"]) assert.equal(listeningSeconds(text), 0);
});

test("a million characters of anything are counted within a moment", () => {
  for (const part of ["\n", ".", " ", "\n \n ", '."', "😀", "a. "]) {
    const began = performance.now();
    listeningSeconds(`${part.repeat(1_000_000 / part.length)}a`);
    assert.ok(performance.now() - began < 1_000, part);
  }
});
