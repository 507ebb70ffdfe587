/** Which editor a story is on: one that was begun as a new story stays on the desk where it was written. */

const desks = new Map<string, string>();
let blank = 1;

/** A key for the editor of story `id`; of the new one where that is undefined. */
export const deskOf = (id: string | undefined): string =>
  id === undefined ? `new ${blank}` : (desks.get(id) ?? id);

/** The story that was begun on the blank desk has become `id`; the next new one gets a desk of its own. */
export function adopt(id: string): void {
  desks.set(id, deskOf(undefined));
  blank += 1;
}
