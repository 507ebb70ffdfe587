/** The stories of the list, as far as it was loaded, newest first. */
import { batch, computed, signal } from "@preact/signals";
import { ask } from "../api/client.ts";
import { STORIES, type StoryItem } from "../api/operations.ts";
import { onComeback } from "../api/socket.ts";
import { wordsOf } from "../api/unanswered.ts";
import { retitle } from "../live/generations.ts";
import { Hidden } from "../ui/hidden.ts";

const PAGE = 50;
const known = signal<ReadonlyMap<string, StoryItem>>(new Map());
export const hidden = new Hidden();
const gone = new Set<string>();
let isStale = false;

export const state = signal<"new" | "loading" | "ready">("new");
export const failure = signal<string | undefined>(undefined);
const total = signal(0);
export const stories = computed(() =>
  [...known.value.values()]
    .filter(({ id }) => !hidden.ids.value.has(id))
    .sort((a, b) => (a.id < b.id ? 1 : -1)),
);
export const hasMore = computed(() => state.value !== "ready" || known.value.size < total.value);

/** Tabs of this browser tell one another of what they changed. */
const others = new BroadcastChannel("storycast.stories");
others.onmessage = () => void refresh();

/** Load the part after what is there. Twice at once is once. */
export async function more(): Promise<void> {
  if (state.peek() === "loading" || (state.peek() === "ready" && !hasMore.peek())) return;
  // Stories that were added or deleted since move the pages' borders: what overlaps is overwritten.
  await load(Math.floor(known.peek().size / PAGE) + 1);
}

/** After a failure. */
export const tryAgain = (): Promise<void> => (state.peek() === "ready" ? refresh() : more());

/** Ask again for all that is there. What is asked for meanwhile is asked for once more, after it. */
export async function refresh(): Promise<void> {
  if (state.peek() === "new") return;
  isStale = true;
  while (isStale && state.peek() === "ready") {
    isStale = false;
    await listAgain();
  }
}

async function listAgain(): Promise<void> {
  const before = [...known.peek().keys()];
  const found = new Set<string>();
  const pages = Math.max(1, Math.ceil(before.length / PAGE));
  for (let page = 1; page <= pages; page += 1) {
    const items = await load(page);
    if (!items) return;
    for (const { id } of items) found.add(id);
    if (items.length < PAGE) break;
  }
  // What the pages' borders passed over is asked for when they are loaded again.
  const missing = before.filter((id) => !found.has(id));
  if (missing.length) known.value = new Map([...known.peek()].filter(([id]) => found.has(id)));
}

async function load(page: number): Promise<readonly StoryItem[] | undefined> {
  const before = state.peek();
  state.value = "loading";
  try {
    const { stories: found } = await ask(STORIES, { page, pageSize: PAGE });
    batch(() => {
      const there = found.items.filter(({ id }) => !gone.has(id));
      known.value = new Map([...known.peek(), ...there.map((item) => [item.id, item] as const)]);
      total.value = found.meta.total;
      failure.value = undefined;
      state.value = "ready";
    });
    for (const { id, title } of found.items) retitle(id, title);
    return found.items;
  } catch (error) {
    state.value = before;
    failure.value = wordsOf(error);
    return undefined;
  }
}

/** A story was written. */
export function put(story: StoryItem): void {
  const { id, title, createdAt, updatedAt } = story;
  batch(() => {
    if (!known.peek().has(id)) total.value += 1;
    known.value = new Map([...known.peek(), [id, { id, title, createdAt, updatedAt }]]);
    retitle(id, title);
  });
  others.postMessage(null);
}

/** A story is no more. */
export function drop(id: string): void {
  gone.add(id);
  batch(() => {
    if (known.peek().has(id)) total.value -= 1;
    known.value = new Map([...known.peek()].filter(([each]) => each !== id));
    hidden.set(id, false);
  });
  others.postMessage(null);
}

export const hide = (id: string, isHidden: boolean): void => hidden.set(id, isHidden);

/** What could not be loaded is, and what was shown is asked for again. */
onComeback(() => {
  if (state.peek() === "ready" || failure.peek()) void tryAgain();
});
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") void refresh();
});
