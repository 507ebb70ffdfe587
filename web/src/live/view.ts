/** A part of the list of generations, as far as it was loaded, kept right while it is on the page. */
import { batch, computed, signal, type ReadonlySignal } from "@preact/signals";
import type { Row } from "../api/operations.ts";
import { wordsOf } from "../api/unanswered.ts";
import { drop, find, ids, isFinal, put } from "./generations.ts";

/** What a server's answer says: some rows, newest first, and where more of them are. */
export interface Part {
  readonly rows: readonly Row[];
  readonly next: string | undefined;
}
export type Load = (after: string | undefined, count: number) => Promise<Part>;
export type LoadOne = (id: string) => Promise<Row | undefined>;

const PAGE = 50;
const MOST = 100;

export class View {
  /** Ids to show, newest first. */
  readonly ids: ReadonlySignal<readonly string[]>;
  readonly state = signal<"new" | "loading" | "ready">("new");
  /** Why the last part could not be loaded, for people. */
  readonly failure = signal<string | undefined>(undefined);
  readonly #end = signal<{ oldest: string | undefined; next: string | undefined }>({
    oldest: undefined,
    next: undefined,
  });
  readonly #load: Load;
  readonly #loadOne: LoadOne;
  readonly #belongs: (row: Row) => boolean;

  /** `belongs` says which rows this is a list of. */
  constructor(load: Load, loadOne: LoadOne, belongs: (row: Row) => boolean) {
    this.#load = load;
    this.#loadOne = loadOne;
    this.#belongs = belongs;
    let shown: readonly string[] = [];
    this.ids = computed(() => {
      const { oldest, next } = this.#end.value;
      // Older ones that another list brought would leave a gap above them.
      const within = (id: string) => next === undefined || oldest === undefined || id >= oldest;
      const listed = ids.value.filter((id) => within(id) && belongs(find(id)!.value));
      if (listed.length !== shown.length || listed.some((id, at) => id !== shown[at])) shown = listed;
      return shown;
    });
  }

  get hasMore(): boolean {
    return this.state.value !== "ready" || this.#end.value.next !== undefined;
  }

  /** Load the first part, or the one after what is shown. Twice at once is once. */
  async more(): Promise<void> {
    if (this.state.peek() === "loading" || (this.state.peek() === "ready" && !this.#end.peek().next)) return;
    const before = this.state.peek();
    this.state.value = "loading";
    try {
      const part = await this.#load(this.#end.peek().next, PAGE);
      batch(() => {
        for (const row of part.rows) put(row);
        this.#end.value = { oldest: part.rows.at(-1)?.id ?? this.#end.peek().oldest, next: part.next };
        this.failure.value = undefined;
        this.state.value = "ready";
      });
    } catch (error) {
      batch(() => {
        this.state.value = before;
        this.failure.value = wordsOf(error);
      });
    }
  }

  /** Ask again for all that is shown: what is gone goes, what came in between comes. */
  async refresh(): Promise<void> {
    if (this.state.peek() !== "ready") return void (await this.more());
    const shown = this.ids.peek();
    const listed = new Set<string>();
    let next: string | undefined;
    let oldest: string | undefined;
    do {
      const { rows, next: after } = await this.#load(next, MOST);
      batch(() => rows.forEach(put));
      for (const { id } of rows) listed.add(id);
      oldest = rows.at(-1)?.id ?? oldest;
      next = after;
    } while (next !== undefined && listed.size < shown.length);
    this.#end.value = { oldest, next };
    const missing = shown.filter((id) => !listed.has(id) && (next === undefined || id >= oldest!));
    for (const id of missing) await this.#settle(id);
  }

  /** It was shown, and is in the list no more: it is gone, or belongs elsewhere by now. */
  async #settle(id: string): Promise<void> {
    const row = find(id)?.peek();
    if (!row || !this.#belongs(row)) return;
    const present = isFinal(row) ? undefined : await this.#loadOne(id);
    if (present) put(present);
    else drop(id);
  }
}
