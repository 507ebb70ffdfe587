import assert from "node:assert/strict";
import { test } from "node:test";
import { note, secondsLeft } from "./pace.ts";

test("time left is told from the pace so far, and runs down between news", () => {
  note("a", 1, 10, 0);
  note("a", 1, 30, 10_000);
  assert.equal(secondsLeft("a", 10_000), 35);
  assert.equal(secondsLeft("a", 15_000), 30);
});

test("nothing is told before there is a pace", () => {
  assert.equal(secondsLeft("b", 0), undefined);
  note("b", 1, 50, 0);
  assert.equal(secondsLeft("b", 5_000), undefined);
  note("b", 1, 51, 6_000);
  assert.equal(secondsLeft("b", 6_000), undefined);
});

test("it never says that nothing is left, however late it is", () => {
  note("c", 1, 0, 0);
  note("c", 1, 90, 9_000);
  assert.equal(secondsLeft("c", 60_000), 1);
});

test("a later attempt has a pace of its own", () => {
  note("d", 1, 0, 0);
  note("d", 1, 60, 1_000);
  note("d", 2, 60, 20_000);
  assert.equal(secondsLeft("d", 20_000), undefined);
  note("d", 2, 80, 40_000);
  assert.equal(secondsLeft("d", 40_000), 20);
});

test("the same progress told again is no news", () => {
  note("e", 1, 0, 0);
  note("e", 1, 50, 5_000);
  note("e", 1, 50, 6_000);
  assert.equal(secondsLeft("e", 6_000), 4);
});
