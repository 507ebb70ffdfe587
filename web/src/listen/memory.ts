/**
 * What this browser remembers of listening: where each person stopped; and, whoever it is, how fast, and by which keys.
 */

const PLACES = "storycast.places";
const SPEED = "storycast.speed";
const SIGNS = "storycast.signs";
const MOST_PLACES = 50;
/** Neither the first seconds nor the last are worth going on from. */
const EDGE = 5;

export const SPEEDS = [0.75, 1, 1.25, 1.5, 1.75, 2] as const;

/** Seconds into narration `id`; undefined where `user` has not begun, or has heard it to its end. */
export function placeIn(user: string, id: string): number | undefined {
  const place = places(user)[id];
  return typeof place === "number" ? place : undefined;
}

export function rememberPlace(user: string, id: string, time: number, duration: number): void {
  const { [id]: _before, ...others } = places(user);
  const isWorth = time >= EDGE && time <= duration - EDGE;
  // The last one is the newest.
  const kept = Object.entries(others).slice(isWorth ? 1 - MOST_PLACES : -MOST_PLACES);
  write(placesOf(user), Object.fromEntries(isWorth ? [...kept, [id, Math.round(time * 10) / 10]] : kept));
}

export function speed(): number {
  const known = read(SPEED);
  return SPEEDS.find((one) => one === known) ?? 1;
}

export const rememberSpeed = (chosen: number): void => write(SPEED, chosen);

/** Whether letters and signs are keys of the player. */
export const areSignsOn = (): boolean => read(SIGNS) !== false;

export const rememberSigns = (areOn: boolean): void => write(SIGNS, areOn);

const placesOf = (user: string) => `${PLACES}.${user}`;

function places(user: string): Record<string, unknown> {
  const known = read(placesOf(user));
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
