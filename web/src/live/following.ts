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
import { connection, onConnected, subscribe } from "../api/socket.ts";
import { tellProgress } from "./announcements.ts";
import { drop, find, put, unfinished } from "./generations.ts";
import { View } from "./view.ts";

/** A change that came between the list and the start of the subscription, which nothing confirms, was told to nobody. */
const AGAIN_MS = 2_000;
const RESUBSCRIBE_MS = 5_000;
const TRIES = 3;
/** What moves is looked at so often even where all is well. */
const LOOK_MS = 30_000;
/** How many narrations are shown beside their story. */
export const OF_A_STORY = 20;

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

/** What is underway is counted on every page. */
const everywhere = listOf(undefined);

/** Begin, once. */
export function follow(): void {
  void refreshQuietly(everywhere);
  onConnected((isBack) => {
    if (isBack) refreshShown();
    settle(AGAIN_MS);
  });
  document.addEventListener("visibilitychange", refreshSeen);
  setInterval(() => unfinished.peek().length && connection.peek() === "live" && refreshSeen(), LOOK_MS);
  listen();
}

function listen(): void {
  const again = (why: string) => {
    trouble.value = why;
    clearTimeout(settling);
    setTimeout(listen, RESUBSCRIBE_MS);
  };
  subscribe(EVENTS, {
    next: ({ data, errors }) => {
      if (errors?.length) {
        trouble.value = errors[0]!.message;
        return settle(RESUBSCRIBE_MS);
      }
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
  if (connection.peek() === "live") settle(AGAIN_MS);
}

let settling: ReturnType<typeof setTimeout> | undefined;

/** Events come by now, as nobody says otherwise for so long: what happened before is listed once more. */
function settle(after: number): void {
  clearTimeout(settling);
  settling = setTimeout(() => {
    trouble.value = undefined;
    refreshShown();
  }, after);
}

function refreshSeen(): void {
  if (document.visibilityState === "visible") refreshShown();
}

function refreshShown(): void {
  for (const view of shown) void refreshQuietly(view);
  if (!shown.has(everywhere)) void refreshQuietly(everywhere);
}

/** What cannot be asked is asked again in a while, or when the connection is back, which is told elsewhere. */
async function refreshQuietly(view: View, tries = TRIES): Promise<void> {
  const isDone = await view.refresh().then(
    () => view.failure.peek() === undefined,
    () => false,
  );
  if (isDone || tries <= 1) return;
  setTimeout(
    () => (shown.has(view) || view === everywhere) && void refreshQuietly(view, tries - 1),
    RESUBSCRIBE_MS,
  );
}

function sentence(error: unknown): string {
  const first = Array.isArray(error) ? (error[0] as { message?: string } | undefined) : (error as Error);
  return first?.message ?? "The server does not tell any.";
}
