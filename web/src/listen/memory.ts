/** What this browser remembers of listening: where one stopped, and how fast one likes it. */

const PLACES = "storycast.places";
const SPEED = "storycast.speed";
const MOST_PLACES = 50;
/** Neither the first seconds nor the last are worth going on from. */
const EDGE = 5;

export const SPEEDS = [0.75, 1, 1.25, 1.5, 1.75, 2] as const;

/** Seconds into narration `id`; undefined where one has not begun, or has heard it to its end. */
export function placeIn(id: string): number | undefined {
  const place = places()[id];
  return typeof place === "number" ? place : undefined;
}

export function rememberPlace(id: string, time: number, duration: number): void {
  const { [id]: _before, ...others } = places();
  const isWorth = time >= EDGE && time <= duration - EDGE;
  // The last one is the newest.
  const kept = Object.entries(others).slice(isWorth ? 1 - MOST_PLACES : -MOST_PLACES);
  write(PLACES, Object.fromEntries(isWorth ? [...kept, [id, Math.round(time * 10) / 10]] : kept));
}

export function speed(): number {
  const known = read(SPEED);
  return SPEEDS.find((one) => one === known) ?? 1;
}

export const rememberSpeed = (chosen: number): void => write(SPEED, chosen);

function places(): Record<string, unknown> {
  const known = read(PLACES);
  return typeof known === "object" && known !== null && !Array.isArray(known) ? { ...known } : {};
}

// A browser may be told to keep nothing: then nothing is remembered.
function read(key: string): unknown {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "null");
  } catch {
    return null;
  }
}

function write(key: string, value: unknown): void {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    return;
  }
}
