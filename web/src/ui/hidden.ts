import { signal } from "@preact/signals";

/** Ids that are out of sight: of what will be deleted, unless that is undone. */
export class Hidden {
  readonly ids = signal<ReadonlySet<string>>(new Set());

  set(id: string, isHidden: boolean): void {
    if (this.ids.peek().has(id) === isHidden) return;
    const changed = new Set(this.ids.peek());
    if (isHidden) changed.add(id);
    else changed.delete(id);
    this.ids.value = changed;
  }
}
