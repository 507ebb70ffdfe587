/** One narration as the server has it: its row, its log, and links that work. */
import { computed, signal, type ReadonlySignal } from "@preact/signals";
import { ask } from "../api/client.ts";
import { Unanswered } from "../api/unanswered.ts";
import { NARRATION, type Narration, type Row } from "../api/operations.ts";
import { one } from "../live/following.ts";
import { find, ids, put } from "../live/generations.ts";
import { View } from "../live/view.ts";
import { goodUntil } from "./links.ts";

export type Kind = "resultUrl" | "captionsUrl";

export class Source {
  /** To be shown, so that it is kept right. */
  readonly view: View;
  /** Live; undefined where it is not known, or was deleted. */
  readonly row: ReadonlySignal<Row | undefined>;
  /** With what no event tells. It may be behind the row. */
  readonly narration = signal<Narration | undefined>(undefined);
  readonly #id: string;
  #got = 0;

  constructor(id: string) {
    this.#id = id;
    this.row = computed(() => (ids.value.includes(id) ? find(id)?.value : undefined));
    this.view = new View(
      async () => {
        const narration = await this.ask();
        return { rows: narration ? [rowOf(narration)] : [], next: undefined };
      },
      one,
      (row) => row.id === id,
    );
  }

  /** As it is; undefined where there is no such narration. Throws Unanswered. */
  async ask(): Promise<Narration | undefined> {
    const { storyGeneration } = await ask(NARRATION, { id: this.#id });
    this.#got = Date.now();
    this.narration.value = storyGeneration ?? undefined;
    if (storyGeneration) put(rowOf(storyGeneration));
    return this.narration.peek();
  }

  /** The link that is at hand, if it is likely to work. */
  known(kind: Kind): string | undefined {
    const link = this.narration.peek()?.[kind];
    return link && Date.now() < goodUntil(link, this.#got) ? link : undefined;
  }

  /** A link that was just made. Throws Unanswered. */
  async fresh(kind: Kind): Promise<string> {
    const link = (await this.ask())?.[kind];
    if (!link) throw new Unanswered("It is not there any more.");
    return link;
  }
}

function rowOf({ resultUrl: _result, captionsUrl: _captions, log: _log, ...row }: Narration): Row {
  return row;
}
