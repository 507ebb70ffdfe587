/** How long a narration will take yet, by the pace seen so far. */

interface Sample {
  readonly at: number;
  readonly progress: number;
}

const LEAST_PROGRESS = 2;
const seen = new Map<string, { attempt: number; first: Sample; last: Sample }>();

/** Note that generation `id` is at `progress` percent at `at`, in milliseconds of any steady clock. */
export function note(id: string, attempt: number, progress: number, at: number): void {
  const known = seen.get(id);
  const sample = { at, progress };
  // Each attempt begins at the start of the text, though the progress it tells never falls.
  if (known?.attempt !== attempt) seen.set(id, { attempt, first: sample, last: sample });
  else if (progress > known.last.progress) known.last = sample;
}

export function forget(id: string): void {
  seen.delete(id);
}

/** Seconds left at `now`, at least 1; undefined before there is a pace to tell it from. */
export function secondsLeft(id: string, now: number): number | undefined {
  const { first, last } = seen.get(id) ?? {};
  if (!first || !last || last.progress - first.progress < LEAST_PROGRESS) return undefined;
  const msPerPercent = (last.at - first.at) / (last.progress - first.progress);
  return Math.max(1, Math.ceil(((100 - last.progress) * msPerPercent - (now - last.at)) / 1000));
}
