/** Keeps what the page shows of generations as it is on the server, through one subscription. */
import { signal } from "@preact/signals";
import { ask } from "../api/client.ts";
import {
  EVENTS,
  GENERATION,
  GENERATIONS,
  STORY_GENERATIONS,
  type Row,
  type Status,
} from "../api/operations.ts";
import { onComeback, subscribe } from "../api/socket.ts";
import { tellProgress } from "./announcements.ts";
import { drop, find, put } from "./generations.ts";
import { View } from "./view.ts";

/** A change that came between the list and the start of the subscription was told to nobody. */
const AGAIN_MS = 2_000;
const RESUBSCRIBE_MS = 5_000;
const OF_A_STORY = 20;

/** Why nothing is told live, for people; undefined while all is well. */
export const trouble = signal<string | undefined>(undefined);

const shown = new Set<View>();
const lists = new Map<Status | undefined, View>();

/** All generations, or those in one status; the same list each time. */
export function listOf(status: Status | undefined): View {
  const known = lists.get(status);
  if (known) return known;
  const made = new View(
    async (after, count) => {
      const { storyGenerationsConnection: found } = await ask(GENERATIONS, {
        first: count,
        after: after ?? null,
        status: status ?? null,
      });
      const { hasNextPage, endCursor } = found.pageInfo;
      return {
        rows: found.edges.map(({ node }) => node),
        next: hasNextPage ? (endCursor ?? undefined) : undefined,
      };
    },
    one,
    (row) => status === undefined || row.status === status,
  );
  lists.set(status, made);
  return made;
}

/** The newest generations of a story. */
export function listOfStory(id: string): View {
  return new View(
    async () => {
      const { story } = await ask(STORY_GENERATIONS, { id, pageSize: OF_A_STORY });
      return { rows: story?.generations.items ?? [], next: undefined };
    },
    one,
    (row) => row.story.id === id,
  );
}

/** Keep `view` right until the function that comes back is called. */
export function show(view: View): () => void {
  shown.add(view);
  void refreshQuietly(view);
  return () => void shown.delete(view);
}

/** The generation as it is; undefined where it is not there, or not yours. Throws Unanswered. */
export async function one(id: string): Promise<Row | undefined> {
  return (await ask(GENERATION, { id })).storyGeneration ?? undefined;
}

/** Begin, once. */
export function follow(): void {
  listen();
  onComeback(refreshTwice);
  setTimeout(refreshShown, AGAIN_MS);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") refreshShown();
  });
}

function listen(): void {
  const again = (why: string) => {
    trouble.value = why;
    setTimeout(() => (listen(), refreshTwice()), RESUBSCRIBE_MS);
  };
  subscribe(EVENTS, {
    next: ({ data, errors }) => {
      if (errors?.length) return void (trouble.value = errors[0]!.message);
      trouble.value = undefined;
      const event = data?.storyGenerationEvents;
      if (!event) return;
      if (!event.generation) return drop(event.id);
      const before = find(event.id)?.peek();
      put(event.generation);
      tellProgress(before, event.generation);
    },
    error: (error) => again(sentence(error)),
    complete: () => again("The server ended the live view. Asking again …"),
  });
}

function refreshTwice(): void {
  refreshShown();
  setTimeout(refreshShown, AGAIN_MS);
}

function refreshShown(): void {
  for (const view of shown) void refreshQuietly(view);
}

/** What cannot be asked is asked again when the connection is back, which is told elsewhere. */
async function refreshQuietly(view: View): Promise<void> {
  await view.refresh().catch(() => undefined);
}

function sentence(error: unknown): string {
  const first = Array.isArray(error) ? (error[0] as { message?: string } | undefined) : (error as Error);
  return first?.message ?? "Live news cannot be had.";
}
