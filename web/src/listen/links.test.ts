import assert from "node:assert/strict";
import { test } from "node:test";
import { goodUntil, toSave } from "./links.ts";

const OWN = "http://127.0.0.1:8000/files/u/g/1.mp3?expires=1000000&signature=a-b_c";
const BUCKET = "https://b.s3.example/1.mp3?X-Amz-Date=20260102T030405Z&X-Amz-Expires=600&X-Amz-Signature=ab";

test("a link is good until shortly before it ends", () => {
  const end = 1_000_000_000;
  assert.equal(goodUntil(OWN, end - 3_600_000), end - 60_000);
  assert.equal(goodUntil(OWN, end - 5_000), end - 500);
  assert.equal(goodUntil(OWN, end + 5_000), end);
});

test("a bucket's link tells its end in its own way", () => {
  const signed = Date.UTC(2026, 0, 2, 3, 4, 5);
  assert.equal(goodUntil(BUCKET, signed), signed + 540_000);
  assert.equal(goodUntil("https://b.example/1.mp3", 0), Infinity);
});

test("a file of the server's is saved by a word more; a bucket's link stays as it was signed", () => {
  assert.equal(toSave(OWN), `${OWN}&download=1`);
  assert.equal(toSave(BUCKET), BUCKET);
});
