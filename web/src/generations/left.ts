import type { Row } from "../api/operations.ts";
import { note, secondsLeft } from "../live/pace.ts";
import { everySecond } from "../ui/now.ts";

/**
 * Seconds until `row`, which is being narrated, is ready; undefined before there is a pace to tell it from. What reads
 * it is drawn again each second.
 */
export function timeLeft({ id, attempts, progress }: Row): number | undefined {
  note(id, attempts, progress, performance.now());
  return everySecond.value ? secondsLeft(id, performance.now()) : undefined;
}
