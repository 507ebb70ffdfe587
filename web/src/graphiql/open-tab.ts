/** The tab that was open, out of all that GraphiQL kept. */
import type { Tab } from "./newcomer.ts";

/** Where GraphiQL keeps the tabs as they were left. */
export const KEPT = "graphiql:tabState";

interface Kept {
  readonly activeTabIndex: number;
  readonly tabs: readonly { readonly query: string | null; readonly variables: string | null }[];
}

/** Undefined where nothing was kept, or nothing that can be read. */
export function openTab(kept: string | null): Required<Tab> | undefined {
  try {
    const { activeTabIndex, tabs } = JSON.parse(kept ?? "") as Kept;
    const open = tabs[activeTabIndex] ?? tabs[0];
    return open && { query: open.query ?? "", variables: open.variables ?? "" };
  } catch {
    return undefined;
  }
}
