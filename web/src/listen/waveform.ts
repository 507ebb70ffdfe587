/** What the waveform is drawn from. */
import type { Captions, Cue } from "./captions.ts";

const LOUDEST = 99;
/** How tall speech is drawn where it is not known how loud it is. */
const SPEECH = 0.6;
const COMMON = 0.75;

/** Heights, 0 to 1, of `count` bars over a narration of `duration` seconds. */
export function heights({ peaks, cues }: Captions, duration: number, count: number): number[] {
  return peaks.length ? fromPeaks(peaks, count) : fromCues(cues, duration, count);
}

function fromPeaks(peaks: readonly number[], count: number): number[] {
  const bars = Array.from({ length: count }, (_, bar) => {
    const first = Math.floor((bar * peaks.length) / count);
    const after = Math.max(first + 1, Math.floor(((bar + 1) * peaks.length) / count));
    return Math.max(...peaks.slice(first, after)) / LOUDEST;
  });
  // Over hours no bar is silent: what all have in common is taken off most, or they would be a block.
  const common = Math.min(...bars) * COMMON;
  return bars.map((loud) => (loud - common) / (1 - common));
}

function fromCues(cues: readonly Cue[], duration: number, count: number): number[] {
  const bars = new Array<number>(count).fill(0);
  for (const { start, end } of cues) {
    const first = Math.floor((start / duration) * count);
    const after = Math.ceil((end / duration) * count);
    bars.fill(SPEECH, Math.max(0, first), Math.min(count, Math.max(after, first + 1)));
  }
  return bars;
}
