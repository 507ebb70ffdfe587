/** What a browser that has not been here finds in the editor. */
import { ask } from "../api/client.ts";
import { STORIES } from "../api/operations.ts";
import { tabsFor, type Tab } from "./newcomer.ts";

/** Where GraphiQL keeps the tabs as they were left: these win. */
const KEPT = "graphiql:tabState";

export const arePrefilled = (): boolean => localStorage.getItem(KEPT) === null;

/** With the newest story to narrate, where there is one. Waits for a sign-in. */
export async function prefilled(): Promise<Tab[]> {
  const answer = await ask(STORIES, { page: 1, pageSize: 1 }).catch(() => undefined);
  return tabsFor(answer?.stories.items[0]?.id);
}
