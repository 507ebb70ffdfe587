import assert from "node:assert/strict";
import { test } from "node:test";
import { cueAt, paragraphs, parse, type Cue } from "./captions.ts";

const CAPTIONS = `WEBVTT

00:00:00.044 --> 00:00:06.174
Salt &amp; pepper, &lt;b&gt; &amp;lt; said.

00:00:07.154 --> 00:00:08.596
NOTE waveform 2 peaks, 0 to 99

123:59:59.999 --> 124:00:01.000
The end.

NOTE waveform 5 peaks, 0 to 99, of equal parts of the audio
0 12 99
7 45
`;

test("cues are read with their times and their text, which is never markup", () => {
  assert.deepEqual(parse(CAPTIONS).cues, [
    { start: 0.044, end: 6.174, text: "Salt & pepper, <b> &lt; said." },
    { start: 7.154, end: 8.596, text: "NOTE waveform 2 peaks, 0 to 99" },
    { start: 446_399.999, end: 446_401, text: "The end." },
  ]);
});

test("the waveform is the comment at the end", () => {
  assert.deepEqual(parse(CAPTIONS).peaks, [0, 12, 99, 7, 45]);
});

test("a waveform that lacks numbers is none", () => {
  assert.deepEqual(parse(CAPTIONS.replace("99\n7 45", "99")).peaks, []);
  assert.deepEqual(parse("WEBVTT\n").peaks, []);
});

test("line ends of other machines, and blocks that are no cues, do not matter", () => {
  const text =
    "\ufeffWEBVTT\r\n\r\nNOTE by hand\r\n\r\n00:00:01.000 --> 00:00:02.000\r\nOne\r\nline\r\n\r\nbroken\r\n";
  assert.deepEqual(parse(text), { cues: [{ start: 1, end: 2, text: "One line" }], peaks: [] });
});

test("what is no WebVTT is refused", () => {
  for (const text of ["", '{"error": "Link expired"}', "WEBVTTX\n\n"]) {
    assert.throws(() => parse(text), /no captions/);
  }
});

const said = (...times: [number, number][]): Cue[] => times.map(([start, end]) => ({ start, end, text: "" }));

test("a sentence is lit from its beginning to the next one's", () => {
  const cues = said([1, 2], [3, 4], [5, 6]);
  const lit = [0, 0.9, 1, 2.5, 2.97, 2.99, 3, 4.9, 5, 600].map((time) => cueAt(cues, time));
  assert.deepEqual(lit, [-1, -1, 0, 0, 0, 1, 1, 1, 2, 2]);
  assert.equal(cueAt([], 1), -1);
});

test("a paragraph ends where the voice pauses for longer", () => {
  assert.deepEqual(paragraphs(said([0, 1], [1.48, 2], [2.98, 3], [3.48, 4])), [
    [0, 2],
    [2, 4],
  ]);
  assert.deepEqual(paragraphs([]), []);
});

test("a voice that never pauses does not make one paragraph of thousands", () => {
  const cues = Array.from({ length: 100 }, (_, at) => ({ start: at, end: at + 0.9, text: "" }));
  assert.deepEqual(paragraphs(cues), [
    [0, 40],
    [40, 80],
    [80, 100],
  ]);
});
