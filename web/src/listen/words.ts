/** What the page says in words of its own. */
import type { Row } from "../api/operations.ts";
import { plural } from "../ui/time.ts";

/** A place in a narration, exact to the second: 1 minute 5 seconds. */
export function placeInWords(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const parts = [
    [Math.floor(whole / 3600), "hour"],
    [Math.floor(whole / 60) % 60, "minute"],
    [whole % 60, "second"],
  ] as const;
  const said = parts.filter(([count]) => count).map(([count, noun]) => plural(count, noun));
  return said.join(" ") || "0 seconds";
}

/** By the code of its error: what to do about a narration that failed. docs/errors.md lists them. */
const REMEDIES: Readonly<Record<string, string>> = {
  CANCELED: "Narrate it again whenever you like.",
  NOTHING_TO_NARRATE: "The voice reads words and numbers. Change the story, then narrate it again.",
  NARRATION_FAILED: "Try again later. If it stays so, tell whoever runs this Storycast.",
  STORAGE_FAILED: "Try again later. If it stays so, tell whoever runs this Storycast.",
  TIMED_OUT: "The story is too long to be narrated in one go. Cut it into parts.",
  ATTEMPTS_EXHAUSTED: "Try once more. If it stays so, tell whoever runs this Storycast.",
};
/** Those where trying the same again comes to the same end. */
const ASKS_FOR_CHANGE: readonly string[] = ["NOTHING_TO_NARRATE", "TIMED_OUT"];

export const remedyOf = ({ error }: Row): string => REMEDIES[error?.code ?? ""] ?? "Try again later.";

export const asksForChange = ({ error }: Row): boolean => ASKS_FOR_CHANGE.includes(error?.code ?? "");

const EVENTS: Readonly<Record<string, string>> = {
  created: "Asked for",
  started: "A worker began",
  handed_back: "The worker was stopped; another goes on",
  attempt_failed: "An attempt failed",
  sentence_skipped: "Left out",
  succeeded: "Ready to hear",
  failed: "Given up",
  canceled: "Canceled",
};

/** The name of a log's event, for people. One that is not known is said as it is. */
export const eventInWords = (event: string): string => EVENTS[event] ?? event.replaceAll("_", " ");
