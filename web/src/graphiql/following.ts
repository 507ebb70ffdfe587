/** Subscriptions, on one websocket. One that ends by itself says why, and is not begun again: events were missed. */
import type { FetcherParams, Observable } from "@graphiql/toolkit";
import type { ExecutionResult } from "graphql";
import { createClient, type Client, type Sink } from "graphql-ws";
import { address } from "../api/address.ts";
import { refuse, token } from "../api/session.ts";

const PING_MS = 10_000;
const PONG_MS = 5_000;
const SIGN_IN_REFUSED = 4403;
const CLOSED: Readonly<Record<number, string>> = {
  1012: "The server is stopping, or starts anew. Run this again in a moment.",
  1013: "The server has too much to do. Run this again in a while.",
  [SIGN_IN_REFUSED]: "The sign-in is no longer good. Run this again to go on, signed in anew.",
};
const NOT_TAKEN = "The server does not take the Authorization in the headers, or no longer.";

/** By the Authorization that the editor's headers have; the page's own under none. */
const clients = new Map<string, Client>();

export const failure = (message: string): ExecutionResult => ({ errors: [{ message } as never] });

export function follow(asked: FetcherParams, authorization: string): Observable<ExecutionResult> {
  let client = clients.get(authorization);
  if (!client) clients.set(authorization, (client = open(authorization)));
  const subscribe = (sink: Sink) => ({
    unsubscribe: client.subscribe(asked, {
      ...sink,
      error: (problem) => sink.error(explained(problem, authorization)),
    }),
  });
  return { subscribe } as unknown as Observable<ExecutionResult>;
}

function open(authorization: string): Client {
  let held = "";
  let pong: ReturnType<typeof setTimeout> | undefined;
  const client = createClient({
    url: async () => {
      // First, as a person may have to sign in, and an open socket would not wait.
      if (!authorization) held = await token();
      return address("graphql").href.replace(/^http/, "ws");
    },
    connectionParams: () => ({ Authorization: authorization || `Bearer ${held}` }),
    retryAttempts: 0,
    keepAlive: PING_MS,
    on: {
      closed: (event) => {
        clearTimeout(pong);
        if (authorization || (event as CloseEvent).code !== SIGN_IN_REFUSED) return;
        refuse(held);
        // Whoever has to sign in again is asked at once.
        void token();
      },
      ping: (received) => {
        if (!received) pong = setTimeout(() => client.terminate(), PONG_MS);
      },
      pong: (received) => {
        if (received) clearTimeout(pong);
      },
    },
  });
  return client;
}

/** The errors of an answer as they are; of anything else a sentence, as an error that GraphiQL shows. */
function explained(problem: unknown, authorization: string): unknown {
  if (Array.isArray(problem)) return problem;
  const { code } = (problem ?? {}) as { code?: unknown };
  if (code === SIGN_IN_REFUSED && authorization) return { message: NOT_TAKEN };
  const why = typeof code === "number" ? CLOSED[code] ?? `The live connection was lost (${code}).` : undefined;
  return { message: why ?? "The live connection cannot be had. Is the server there?" };
}
