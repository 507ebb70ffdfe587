/** What a browser that has not been here finds in the editor. */
import { ask } from "../api/client.ts";
import { STORIES } from "../api/operations.ts";
import { tabsFor, type Tabs } from "./newcomer.ts";

/** Where GraphiQL keeps the tabs as they were left: these win. */
const KEPT = "graphiql:tabState";
/** Where it keeps what is in its editors. */
const QUERY = "graphiql:query";
const VARIABLES = "graphiql:variables";

export const arePrefilled = (): boolean => localStorage.getItem(KEPT) === null;

/** With the newest story to narrate, where there is one. Waits for a sign-in. */
export async function prefilled(): Promise<Tabs> {
  const answer = await ask(STORIES, { page: 1, pageSize: 1 }).catch(() => undefined);
  const tabs = tabsFor(answer?.stories.items[0]?.id);
  const [{ query, variables }] = tabs;
  // It shows the variables of a tab when one goes there: of the one that is open first, what was kept.
  localStorage.setItem(QUERY, query);
  localStorage.setItem(VARIABLES, variables);
  return tabs;
}
