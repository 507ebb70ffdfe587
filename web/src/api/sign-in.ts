/**
 * The ways to sign in. `ways` is the seam for an identity provider: a `Way` of yours, put first, that gets
 * its tokens by OpenID Connect (docs/operations.md, "Sign-in in the web UI").
 */

import { address } from "./address.ts";
import { answered } from "./unanswered.ts";

/** A token of the API, until `expires` (milliseconds since 1970), and whose it is. */
export interface Signed {
  readonly token: string;
  readonly expires: number;
  readonly user: { readonly id: string; readonly name: string };
}

export interface Way {
  /**
   * A token without asking the person; undefined where that cannot be. Throws where nothing answers, and is asked
   * again in a while. Asked when the page begins, where a token is needed and the last one has a minute left or
   * less, and after `refused`.
   */
  obtain(): Promise<Signed | undefined>;
  /** The server takes `signed` no more: the next to be obtained is another one, or none. */
  refused(signed: Signed): void;
  /** Where a person signs in on a page of somebody else's: a button to go there, wherever they are asked. */
  readonly elsewhere?: { readonly label: string; leave(): Promise<void> };
  /** Forget all that `obtain` would go by. It may leave the page, which is loaded anew otherwise. */
  signOut?(): Promise<void>;
  /** Whom one can switch to, by key. */
  others?(): readonly Other[];
  switchTo?(key: string): void;
}

export interface Other {
  readonly key: string;
  readonly name: string;
}

const PASTED = "storycast.token";
const DEMO = "storycast.demo-user";
/** A connection that swallows what it is given is no answer either. */
const ANSWER_MS = 10_000;

/** A token that somebody pasted. It lives as long as the tab, and is nobody else's to read. */
export const pasted: Way & { paste(token: string): Signed; forget(): void } = {
  async obtain() {
    const token = sessionStorage.getItem(PASTED);
    const signed = token ? read(token) : undefined;
    if (signed && signed.expires > Date.now()) return signed;
    return (this.forget(), undefined);
  },
  refused({ token }) {
    if (sessionStorage.getItem(PASTED) === token) this.forget();
  },
  signOut: async () => pasted.forget(),
  /** Throws a sentence for people where `token` cannot be one. */
  paste(token) {
    const signed = read(token);
    if (!signed)
      throw new Error("That is no token: it has three parts with dots between, and says whose it is.");
    if (signed.expires <= Date.now()) throw new Error("That token has expired already.");
    sessionStorage.setItem(PASTED, token);
    return signed;
  },
  forget: () => sessionStorage.removeItem(PASTED),
};

interface DemoAnswer {
  token: string;
  expires_at: string;
  user: { id: string; name: string };
  users: Other[];
}
let known: readonly Other[] = [];

/** The demo users of a local installation, who need no password. */
export const demo: Way = {
  async obtain() {
    if (!(await isOffered())) return undefined;
    // A new tab is whoever the last one was.
    const key = sessionStorage.getItem(DEMO) ?? localStorage.getItem(DEMO);
    const here = address("sign-in/demo");
    if (key) here.searchParams.set("user", key);
    const answer = await fetch(here, { method: "POST", signal: AbortSignal.timeout(ANSWER_MS) });
    if (!answer.ok) {
      // Not asked from its own machine; or the key is of another version.
      if (key && answer.status === 400) return (forgetDemo(), this.obtain());
      if (answer.status >= 500) throw answered(answer.status);
      return undefined;
    }
    const { token, expires_at, user, users } = (await answer.json()) as DemoAnswer;
    known = users;
    return { token, expires: Date.parse(expires_at), user };
  },
  refused() {},
  others: () => known,
  switchTo(key) {
    for (const storage of [sessionStorage, localStorage]) storage.setItem(DEMO, key);
  },
};

function forgetDemo(): void {
  for (const storage of [sessionStorage, localStorage]) storage.removeItem(DEMO);
}

/** Whether this is a local installation: its index says so. Asking elsewhere would be told as an error. */
async function isOffered(): Promise<boolean> {
  const headers = { Accept: "application/json" };
  const answer = await fetch(address("."), { headers, signal: AbortSignal.timeout(ANSWER_MS) });
  if (!answer.ok) throw answered(answer.status);
  return "demo_sign_in" in ((await answer.json()) as object);
}

/** In this order. */
export const ways: readonly Way[] = [pasted, demo];

/** What a JWT says, unverified: the server is who judges. */
function read(token: string): Signed | undefined {
  if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) return undefined;
  try {
    const part = token.split(".")[1]!.replace(/-/g, "+").replace(/_/g, "/");
    const bytes = Uint8Array.from(atob(part), (letter) => letter.charCodeAt(0));
    const { sub, exp, name } = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
    if (typeof sub !== "string" || typeof exp !== "number") return undefined;
    const called = typeof name === "string" && name ? name : `User ${sub.slice(-4)}`;
    return { token, expires: exp * 1000, user: { id: sub.toLowerCase(), name: called } };
  } catch {
    return undefined;
  }
}
