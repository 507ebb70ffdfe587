/** Captions as narrations have them (docs/clients.md): a cue a sentence; the waveform, in a comment, at the end. */

/** A sentence, and when it is spoken, in seconds. */
export interface Cue {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

export interface Captions {
  /** In the order in which they are spoken. */
  readonly cues: readonly Cue[];
  /** How loud equal parts of the audio are, 0 to 99; none in older narrations. */
  readonly peaks: readonly number[];
}

const TIME = /(\d{2,}):([0-5]\d):([0-5]\d\.\d{3})/;
const TIMES = new RegExp(`^${TIME.source} --> ${TIME.source}(?: |$)`);
const WAVEFORM = /^NOTE waveform (\d+) peaks\b.*\n([\d\s]+)$/;
const ESCAPED: Readonly<Record<string, string>> = { "&amp;": "&", "&lt;": "<", "&gt;": ">" };

/** Throws where `text` is no WebVTT. A block that cannot be read is left out. */
export function parse(text: string): Captions {
  const [head = "", ...blocks] = text
    .replace(/^\ufeff/, "")
    .replaceAll("\r\n", "\n")
    .split(/\n{2,}/);
  if (!/^WEBVTT(?:\s|$)/.test(head)) throw new Error("These are no captions.");
  const cues: Cue[] = [];
  let peaks: readonly number[] = [];
  for (const block of blocks) {
    const cue = readCue(block);
    if (cue) cues.push(cue);
    else peaks = readPeaks(block) ?? peaks;
  }
  return { cues, peaks };
}

function readCue(block: string): Cue | undefined {
  const [times = "", ...lines] = block.split("\n");
  const found = TIMES.exec(times);
  if (!found) return undefined;
  const [, ...parts] = found;
  const text = lines
    .join(" ")
    .trim()
    .replace(/&(?:amp|lt|gt);/g, (escaped) => ESCAPED[escaped]!);
  return { start: seconds(parts.slice(0, 3)), end: seconds(parts.slice(3)), text };
}

function seconds(parts: readonly string[]): number {
  const [hours, minutes, rest] = parts.map(Number) as [number, number, number];
  // In thousandths first, so that the sum is what was written.
  return (hours * 3_600_000 + minutes * 60_000 + Math.round(rest * 1000)) / 1000;
}

function readPeaks(block: string): readonly number[] | undefined {
  const found = WAVEFORM.exec(block);
  if (!found) return undefined;
  const peaks = found[2]!.trim().split(/\s+/).map(Number);
  return peaks.length === Number(found[1]) ? peaks : undefined;
}

/** Where a sentence is lit: this much early, as what is sought is rarely met to the millisecond. */
const EARLY = 0.02;

/** The place of the cue that is spoken at `time`, or was last; -1 before the first. */
export function cueAt(cues: readonly Cue[], time: number): number {
  let low = 0;
  let high = cues.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (cues[middle]!.start <= time + EARLY) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

// Sentences have 0.4 s between them, paragraphs 0.9, and speech fades out before its end.
const PARAGRAPH = 0.75;
const LONGEST = 40;

/** Places of the first and after the last cue of each paragraph: where the voice pauses for longer, one ends. */
export function paragraphs(cues: readonly Cue[]): readonly (readonly [number, number])[] {
  const found: [number, number][] = [];
  let first = 0;
  for (let at = 1; at <= cues.length; at += 1) {
    const isEnd =
      at === cues.length || cues[at]!.start - cues[at - 1]!.end >= PARAGRAPH || at - first === LONGEST;
    if (!isEnd) continue;
    found.push([first, at]);
    first = at;
  }
  return found;
}
