/** What a screen reader is told of progress: beginnings, the middle of long ones, ends. Never each percent. */
import { signal } from "@preact/signals";
import type { Row } from "../api/operations.ts";

/** The sentence to read out next. */
export const announcement = signal("");

export function announce(sentence: string): void {
  // The same words twice are read twice only if they differ.
  announcement.value = announcement.peek() === sentence ? `${sentence}\u00a0` : sentence;
}

const LONG_MS = 10_000;

export function tellProgress(before: Row | undefined, row: Row): void {
  const sentence = worthSaying(before, row, Date.now());
  if (sentence) announce(sentence);
}

/** The sentence, if this change is worth one. `now` in milliseconds since 1970. */
export function worthSaying(before: Row | undefined, row: Row, now: number): string | undefined {
  const name = `The narration of ${row.story.title}`;
  if (row.status !== before?.status) {
    if (row.status === "SUCCEEDED") return `${name} is ready to hear.`;
    if (row.status === "FAILED")
      return row.error?.code === "CANCELED" ? `${name} was canceled.` : `${name} failed.`;
    if (row.status === "PENDING") return `${row.story.title} waits to be narrated.`;
    return undefined;
  }
  const isLong = row.startedAt !== null && now - Date.parse(row.startedAt) > LONG_MS;
  if (isLong && before.progress < 50 && row.progress >= 50) return `${row.story.title} is half narrated.`;
  return undefined;
}
