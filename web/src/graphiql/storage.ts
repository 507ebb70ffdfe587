/** Where GraphiQL keeps tabs, history and the like: in the browser, but for headers, which hold tokens. */

/** Before each name that GraphiQL has. */
const GRAPHIQL = "graphiql:";
/** Headers; and what its editors have, which the tabs say too: GraphiQL adds a tab where the two differ. */
const LEFT_OUT: readonly string[] = ["headers", "query", "variables"];

/** The history keeps headers, too, whatever `shouldPersistHeaders` says. */
export function withoutHeaders(value: string): string {
  try {
    return JSON.stringify(JSON.parse(value, (key, inner: unknown) => (key === "headers" ? null : inner)));
  } catch {
    return value;
  }
}

/** What the person with the id `user` has in this browser; `inBrowser` is its `localStorage`. */
export function storageOf(user: string, inBrowser: Storage) {
  const theirs = `${GRAPHIQL}${user}:`;
  const own = (name: string): string => name.slice(GRAPHIQL.length);
  const names = (): string[] => Object.keys(inBrowser).filter((name) => name.startsWith(theirs));
  return {
    getItem: (name: string) => inBrowser.getItem(theirs + own(name)),
    setItem: (name: string, value: string) => {
      if (!LEFT_OUT.includes(own(name))) inBrowser.setItem(theirs + own(name), withoutHeaders(value));
    },
    removeItem: (name: string) => inBrowser.removeItem(theirs + own(name)),
    get length() {
      return names().length;
    },
    clear: () => names().forEach((name) => inBrowser.removeItem(name)),
  };
}
