import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { areSignsOn, placeIn, rememberPlace, rememberSigns, rememberSpeed, speed } from "./memory.ts";

const kept = new Map<string, string>();
const storage = {
  getItem: (key: string) => kept.get(key) ?? null,
  setItem: (key: string, value: string) => void kept.set(key, value),
};
beforeEach(() => {
  kept.clear();
  Object.defineProperty(globalThis, "localStorage", { value: storage, configurable: true });
});

test("where one stopped is known again", () => {
  rememberPlace("hers", "a", 12.34, 60);
  rememberPlace("hers", "b", 30, 60);
  assert.deepEqual([placeIn("hers", "a"), placeIn("hers", "b"), placeIn("hers", "c")], [12.3, 30, undefined]);
});

test("where one stopped is nobody else's to know", () => {
  rememberPlace("hers", "a", 20, 60);
  rememberPlace("his", "a", 30, 60);
  assert.deepEqual([placeIn("hers", "a"), placeIn("his", "a"), placeIn("theirs", "a")], [20, 30, undefined]);
});

test("the first seconds and the last are no places to go on from", () => {
  for (const time of [0, 4.9, 55.1, 60]) {
    rememberPlace("hers", "a", 20, 60);
    rememberPlace("hers", "a", time, 60);
    assert.equal(placeIn("hers", "a"), undefined);
  }
});

test("fifty are remembered, the latest ones", () => {
  for (let at = 0; at < 60; at += 1) rememberPlace("hers", `n${at}`, 20, 60);
  rememberPlace("hers", "n10", 21, 60);
  rememberPlace("hers", "n60", 20, 60);
  const known = Array.from({ length: 61 }, (_, at) => `n${at}`).filter(
    (id) => placeIn("hers", id) !== undefined,
  );
  assert.equal(known.length, 50);
  assert.ok(known.includes("n10"));
  assert.ok(!known.includes("n11"));
});

test("a speed is remembered, and what is none is overlooked", () => {
  assert.equal(speed(), 1);
  rememberSpeed(1.5);
  assert.equal(speed(), 1.5);
  for (const broken of ["fast", "{", "17"]) {
    kept.set("storycast.speed", broken);
    assert.equal(speed(), 1);
  }
});

test("letters and signs are keys until they are turned off", () => {
  assert.equal(areSignsOn(), true);
  rememberSigns(false);
  assert.equal(areSignsOn(), false);
  rememberSigns(true);
  assert.equal(areSignsOn(), true);
});

test("a browser that keeps nothing is no error", () => {
  Object.defineProperty(globalThis, "localStorage", {
    configurable: true,
    get: () => {
      throw new Error("denied");
    },
  });
  rememberPlace("hers", "a", 20, 60);
  rememberSpeed(2);
  assert.deepEqual([placeIn("hers", "a"), speed()], [undefined, 1]);
});
