/**
 * Text that is not saved yet, kept in this browser, each person's apart: closing the page, an expired
 * sign-in or a lost connection loses none of it.
 */

export interface Draft {
  readonly title: string;
  readonly content: string;
  /** When the story that this changes was last written; empty for one to be. */
  readonly base: string;
}

/** Told to the window when a file has become the draft of the new story. */
export const TAKEN = "storycast:taken";

const PREFIX = "storycast.draft";
const key = (user: string, story: string) => `${PREFIX}.${user}.${story}`;

/** `story`: an id, or `new`. */
export function readDraft(user: string, story: string): Draft | undefined {
  try {
    const kept = JSON.parse(localStorage.getItem(key(user, story)) ?? "null") as Draft | null;
    return kept &&
      typeof kept.title === "string" &&
      typeof kept.content === "string" &&
      typeof kept.base === "string"
      ? kept
      : undefined;
  } catch {
    return undefined;
  }
}

/** Whether there was room to keep it. */
export function keepDraft(user: string, story: string, draft: Draft): boolean {
  try {
    localStorage.setItem(key(user, story), JSON.stringify(draft));
    return true;
  } catch {
    return false;
  }
}

export function forgetDraft(user: string, story: string): void {
  localStorage.removeItem(key(user, story));
}
