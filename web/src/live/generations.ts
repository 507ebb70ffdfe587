/**
 * Every generation that this page knows, live. The newest is first: ids are UUIDv7, so by id.
 *
 * Whatever comes, by whichever way, goes through `put` and `drop`: an older revision never replaces a newer
 * one, and what was deleted stays deleted.
 */
import { computed, signal, type ReadonlySignal, type Signal } from "@preact/signals";
import type { Row } from "../api/operations.ts";
import { Hidden } from "../ui/hidden.ts";
import { forget } from "./pace.ts";

const rows = new Map<string, Signal<Row>>();
const gone = new Set<string>();
const order = signal<readonly string[]>([]);
const hidden = new Hidden();

/** Ids of all that is known and not hidden, newest first. */
export const ids: ReadonlySignal<readonly string[]> = computed(() =>
  hidden.ids.value.size ? order.value.filter((id) => !hidden.ids.value.has(id)) : order.value,
);
/** The ones that wait or are narrated. */
export const unfinished = computed(() => ids.value.filter((id) => !isFinal(rows.get(id)!.value)));

export const isFinal = ({ status }: Row): boolean => status === "SUCCEEDED" || status === "FAILED";
export const find = (id: string): Signal<Row> | undefined => rows.get(id);
export const isGone = (id: string): boolean => gone.has(id);

export function put(row: Row): void {
  if (gone.has(row.id)) return;
  const known = rows.get(row.id);
  if (!known) {
    rows.set(row.id, signal(row));
    order.value = insert(order.peek(), row.id);
  } else if (isNews(row, known.peek())) known.value = row;
  if (isFinal(row)) forget(row.id);
}

export function drop(id: string): void {
  gone.add(id);
  forget(id);
  if (!rows.delete(id)) return;
  order.value = order.peek().filter((other) => other !== id);
  hidden.set(id, false);
}

/** Take out of sight, and bring back: for what will be deleted, unless that is undone. */
export const hide = (id: string, isHidden = true): void => hidden.set(id, isHidden);

/** A story's title is no part of its generations' revisions. */
export function retitle(storyId: string, title: string): void {
  for (const row of rows.values()) {
    const { story } = row.peek();
    if (story.id === storyId && story.title !== title)
      row.value = { ...row.peek(), story: { id: storyId, title } };
  }
}

function isNews(row: Row, known: Row): boolean {
  if (row.revision !== known.revision) return row.revision > known.revision;
  return row.story.title !== known.story.title;
}

function insert(sorted: readonly string[], id: string): readonly string[] {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! > id) low = middle + 1;
    else high = middle;
  }
  return sorted.toSpliced(low, 0, id);
}
