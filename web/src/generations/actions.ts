/** What can be done with narrations. Each tells, in words, why it could not be done; nothing where it was. */
import { signal } from "@preact/signals";
import { change } from "../api/client.ts";
import { inWords } from "../api/unanswered.ts";
import { CANCEL, DELETE, INITIATE, type Row } from "../api/operations.ts";
import { announce } from "../live/announcements.ts";
import { one } from "../live/following.ts";
import { drop, hide, put } from "../live/generations.ts";
import { deleteSoon } from "../ui/deleting.ts";
import { freshKey } from "../ui/key.ts";

export type Problem = string | undefined;

/** Until when no narration can be started (milliseconds since 1970), and why. One limit, of the person. */
export const limited = signal<{ readonly until: number; readonly why: string } | undefined>(undefined);

/** How soon after the first a second click is a slip of the hand. */
const TWICE_MS = 1_000;
const begun = new Map<string, Row>();
let removed = { id: "", at: -TWICE_MS };

/** Keys of requests whose answers were lost: asked again, they start nothing twice. */
const unanswered = new Map<string, string>();

/**
 * Start narrating the story, or say why not. `version` is what tells its texts apart, so that a request for
 * one is never taken for a request for another.
 */
export async function narrate(
  storyId: string,
  version: string,
  voice: string | undefined,
): Promise<Row | Problem> {
  const justBegun = begun.get(storyId);
  if (justBegun) return justBegun;
  const what = `${storyId} ${version} ${voice ?? ""}`;
  const idempotencyKey = unanswered.get(what) ?? freshKey();
  unanswered.set(what, idempotencyKey);
  const input = { storyId, voice: voice ?? null, idempotencyKey };
  const answer = await inWords(async () => (await change(INITIATE, { input })).initiateStoryGeneration);
  if (typeof answer === "string") return answer;
  unanswered.delete(what);
  if (answer.__typename === "InitiateStoryGenerationSuccess") {
    put(answer.generation);
    begun.set(storyId, answer.generation);
    setTimeout(() => begun.delete(storyId), TWICE_MS);
    announce(`${answer.generation.story.title} waits to be narrated.`);
    return answer.generation;
  }
  if (answer.__typename !== "RateLimitedError") return answer.message;
  limited.value = { until: Date.now() + answer.retryAfterSeconds * 1000, why: answer.message };
  return undefined;
}

export async function cancel(id: string): Promise<Problem> {
  const answer = await inWords(async () => (await change(CANCEL, { id })).cancelStoryGeneration);
  if (typeof answer === "string") return answer;
  if (answer.__typename === "CancelStoryGenerationSuccess") {
    put(answer.generation);
    return (announce(`The narration of ${answer.generation.story.title} was canceled.`), undefined);
  }
  if (answer.__typename === "GenerationNotFoundError") return void drop(id);
  // It ended before it could be canceled: what it became is on its way here.
  await one(id).then(
    (row) => row && put(row),
    () => undefined,
  );
  return answer.message;
}

/** Delete it in a while, unless that is undone. */
export function remove({ id, story }: Row): void {
  // The next row is where the first one was.
  if (removed.id !== id && performance.now() - removed.at < TWICE_MS) return;
  removed = { id, at: performance.now() };
  const name = `The narration of ${story.title}`;
  deleteSoon({
    name,
    sentence: `${name} is deleted.`,
    hide: (isHidden) => hide(id, isHidden),
    drop: () => drop(id),
    send: async () => {
      const answer = await inWords(async () => (await change(DELETE, { id })).deleteStoryGeneration);
      if (typeof answer === "string") return answer;
      return answer.__typename === "GenerationInProgressError" ? answer.message : undefined;
    },
  });
}
