import assert from "node:assert/strict";
import { test } from "node:test";
import { heights } from "./waveform.ts";

test("a bar is as tall as the loudest of its parts", () => {
  const peaks = [0, 99, 10, 20, 0, 0];
  assert.deepEqual(heights({ peaks, cues: [] }, 6, 3), [1, 20 / 99, 0]);
  assert.deepEqual(heights({ peaks, cues: [] }, 6, 1), [1]);
});

test("where nothing is silent, the bars still differ", () => {
  const [first, second, third] = heights({ peaks: [66, 99, 82.5], cues: [] }, 3, 3) as [
    number,
    number,
    number,
  ];
  assert.ok(Math.abs(first - 1 / 3) < 1e-9 && second === 1 && Math.abs(third - 2 / 3) < 1e-9);
  assert.deepEqual(heights({ peaks: [99, 99], cues: [] }, 2, 2), [1, 1]);
});

test("more bars than parts show each part, in its place", () => {
  assert.deepEqual(heights({ peaks: [99, 0], cues: [] }, 2, 4), [1, 1, 0, 0]);
});

test("without peaks, there is speech where the cues are", () => {
  const cues = [
    { start: 0, end: 2, text: "" },
    { start: 4, end: 4.1, text: "" },
    { start: 7, end: 99, text: "" },
  ];
  assert.deepEqual(heights({ peaks: [], cues }, 8, 8), [0.6, 0.6, 0, 0, 0.6, 0, 0, 0.6]);
});

test("nothing to draw is a flat line", () => {
  assert.deepEqual(heights({ peaks: [], cues: [] }, 8, 3), [0, 0, 0]);
});
