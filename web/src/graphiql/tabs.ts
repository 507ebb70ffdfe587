/** What somebody finds in the editor: the tabs as they left them, or the operations that a newcomer wants. */
import { ask } from "../api/client.ts";
import { STORIES } from "../api/operations.ts";
import { tabsFor } from "./newcomer.ts";
import { KEPT, openTab } from "./open-tab.ts";

/**
 * GraphiQL's options for them. It shows what a tab has when one goes there: what the one that is open at first
 * has, it is told.
 */
export async function found(storage: { getItem(name: string): string | null }) {
  const open = openTab(storage.getItem(KEPT));
  if (open) return { initialQuery: open.query, initialVariables: open.variables };
  // With the newest story to narrate, where there is one.
  const answer = await ask(STORIES, { page: 1, pageSize: 1 }).catch(() => undefined);
  const defaultTabs = tabsFor(answer?.stories.items[0]?.id);
  const [{ query, variables }] = defaultTabs;
  return { defaultTabs, initialQuery: query, initialVariables: variables };
}
