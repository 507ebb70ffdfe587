/**
 * Who is signed in. Tokens live in memory, or in this tab's own storage, and never in an address.
 *
 * Whoever needs a token awaits `token()`. Where none can be had the person is asked, over the page as it is,
 * and all who wait go on when they have signed in: nothing that was underway is lost.
 */
import { signal } from "@preact/signals";
import { stringifyDocument } from "@urql/core";
import { address } from "./address.ts";
import { VIEWER } from "./operations.ts";
import { pasted, ways, type Signed, type Way } from "./sign-in.ts";
import { answered, unreachable } from "./unanswered.ts";

export type Session =
  | { readonly state: "starting" }
  | { readonly state: "signed-in"; readonly signed: Signed; readonly way: Way }
  | { readonly state: "asking"; readonly again: boolean }
  | { readonly state: "unreachable" };

export const session = signal<Session>({ state: "starting" });
/** Whose page this is, once somebody has signed in. */
export const owner = signal<Signed["user"] | undefined>(undefined);

const SPARE_MS = 60_000;
const PAUSE_MS = 2_000;
const ANSWER_MS = 10_000;
let waiting: Promise<Signed> | undefined;
let goOn: (() => void) | undefined;

/** A token that is good for a while. Waits for as long as it takes. */
export async function token(): Promise<string> {
  const now = session.peek();
  if (now.state === "signed-in" && now.signed.expires > Date.now() + SPARE_MS) return now.signed.token;
  waiting ??= obtain().finally(() => (waiting = undefined));
  return (await waiting).token;
}

/** The server took this token no more: the next `token()` is another one. */
export function refuse(refused: string): void {
  const now = session.peek();
  if (now.state !== "signed-in" || now.signed.token !== refused) return;
  now.way.refused(now.signed);
  session.value = { state: "starting" };
}

/** Sign in with a token that somebody pasted. Throws a sentence where it is none, or is not taken. */
export async function signInWith(text: string): Promise<void> {
  // Terminals break long lines.
  const given = text
    .trim()
    .replace(/^Bearer\s+/i, "")
    .replace(/\s+/g, "");
  const signed = pasted.paste(given);
  try {
    await check(signed);
  } catch (error) {
    pasted.forget();
    throw error;
  }
  goOn?.();
}

export function switchTo(key: string): void {
  const now = session.peek();
  if (now.state !== "signed-in") return;
  now.way.switchTo?.(key);
  // Another person's page: nothing of this one's stays.
  location.reload();
}

/** Forget who is signed in. Texts that are not saved stay in the browser, for when they come back. */
export async function signOut(): Promise<void> {
  const now = session.peek();
  if (now.state !== "signed-in") return;
  await now.way.signOut?.();
  location.reload();
}

async function obtain(): Promise<Signed> {
  let hasAnswered = false;
  for (;;) {
    try {
      let isAnother = false;
      for (const way of ways) {
        const signed = await way.obtain();
        if (!signed || signed.expires <= Date.now()) continue;
        const before = owner.peek();
        if (!before || before.id === signed.user.id) return settle(signed, way);
        isAnother = true;
      }
      // What waits belongs to the one whose page this is: it is never done as somebody else, nor are they changed unasked.
      if (isAnother && hasAnswered) return await anew();
      session.value = { state: "asking", again: owner.peek() !== undefined };
      await new Promise<void>((resolve) => (goOn = resolve));
      hasAnswered = true;
    } catch {
      session.value = { state: "unreachable" };
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}

function settle(signed: Signed, way: Way): Signed {
  owner.value = signed.user;
  session.value = { state: "signed-in", signed, way };
  return signed;
}

/** Another person's page, from its beginning. */
function anew(): Promise<never> {
  location.reload();
  return new Promise(() => {});
}

async function check(signed: Signed): Promise<void> {
  const answer = await fetch(address("graphql"), {
    method: "POST",
    headers: { Authorization: `Bearer ${signed.token}`, "Content-Type": "application/json" },
    body: JSON.stringify({ query: stringifyDocument(VIEWER) }),
    signal: AbortSignal.timeout(ANSWER_MS),
  }).catch(() => undefined);
  if (!answer) throw unreachable();
  if (answer.status === 401)
    throw new Error("The server does not take this token. Is it meant for this server?");
  if (!answer.ok) throw answered(answer.status);
}
