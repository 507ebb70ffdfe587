import assert from "node:assert/strict";
import { test } from "node:test";
import { decode, readTextFile, titleOf } from "./files.ts";

const file = (name: string, content: BlobPart, type = "") => new File([content], name, { type });

test("a text file becomes a story named after it, a Markdown file after its heading", async () => {
  assert.deepEqual(await readTextFile(file("my_first-story.txt", "Once.\r\nTwice.\r")), {
    title: "my first story",
    content: "Once.\nTwice.\n",
  });
  const markdown = await readTextFile(file("notes.md", "Intro\n# The Fog #\nIt came."));
  assert.equal(markdown.title, "The Fog");
  assert.equal(titleOf("# Not a heading in text", "a.txt"), "a");
  assert.equal(titleOf("", ".txt"), "Untitled");
});

test("a title is never longer than a title may be", () => {
  assert.equal(titleOf(`# ${"a".repeat(300)}`, "a.md").length, 200);
  assert.equal(titleOf(`# ${"😀".repeat(300)}`, "a.md"), "😀".repeat(200));
});

test("old encodings are read", () => {
  assert.equal(decode(new TextEncoder().encode("naïve")), "naïve");
  assert.equal(decode(Uint8Array.from([0xef, 0xbb, 0xbf, 0x61])), "a");
  assert.equal(decode(Uint8Array.from([0xff, 0xfe, 0x61, 0, 0xe9, 0])), "aé");
  assert.equal(decode(Uint8Array.from([0xfe, 0xff, 0, 0x61])), "a");
  assert.equal(decode(Uint8Array.from([0x63, 0x61, 0x66, 0xe9])), "café");
});

test("what is no story is refused in words", async () => {
  await assert.rejects(
    readTextFile(file("song.mp3", "x", "audio/mpeg")),
    /song\.mp3 is no \.txt or \.md file/,
  );
  await assert.rejects(readTextFile(file("a.txt", "a\0b")), /holds no text/);
  await assert.rejects(readTextFile(file("a.txt", " \n")), /is empty/);
  await assert.rejects(readTextFile(file("a.txt", new Uint8Array(4_000_001))), /too long/);
});
