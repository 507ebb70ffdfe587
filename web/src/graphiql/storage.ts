/** Where GraphiQL keeps tabs, history and the like: in the browser, but for headers, which hold tokens. */

const OURS = "graphiql:";
const HEADERS = `${OURS}headers`;

/** The history keeps headers, too, whatever `shouldPersistHeaders` says. */
export function withoutHeaders(value: string): string {
  try {
    return JSON.stringify(JSON.parse(value, (key, inner: unknown) => (key === "headers" ? null : inner)));
  } catch {
    return value;
  }
}

const names = (): string[] => Object.keys(localStorage).filter((name) => name.startsWith(OURS));

export const storage = {
  getItem: (name: string) => localStorage.getItem(name),
  setItem: (name: string, value: string) => {
    if (name !== HEADERS) localStorage.setItem(name, withoutHeaders(value));
  },
  removeItem: (name: string) => localStorage.removeItem(name),
  get length() {
    return names().length;
  },
  clear: () => names().forEach((name) => localStorage.removeItem(name)),
};
