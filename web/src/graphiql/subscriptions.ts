/** Subscriptions, on one websocket. One that ends by itself says why, and is not begun again: events were missed. */
import type { FetcherParams, Observable } from "@graphiql/toolkit";
import type { ExecutionResult } from "graphql";
import { createClient, type Client, type Sink } from "graphql-ws";
import { refuse, token } from "../api/session.ts";
import { patience, PING_MS, SIGN_IN_REFUSED, socketAddress } from "../api/wire.ts";

const CLOSED: Readonly<Record<number, string>> = {
  1012: "The server is stopping, or starts anew. Run this again in a moment.",
  1013: "The server has too much to do. Run this again in a while.",
  [SIGN_IN_REFUSED]: "The sign-in is no longer good. Run this again to go on, signed in anew.",
};
const NOT_TAKEN = "The server does not take the Authorization in the headers, or no longer.";

/** By the Authorization that the editor's headers have; the page's own under none. */
const clients = new Map<string, Client>();

export const failure = (message: string): ExecutionResult => ({ errors: [{ message } as never] });

export function overSocket(asked: FetcherParams, authorization: string): Observable<ExecutionResult> {
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
  const { heard, pings } = patience(() => client.terminate());
  const client = createClient({
    url: async () => {
      // First, as a person may have to sign in, and an open socket would not wait.
      if (!authorization) held = await token();
      return socketAddress();
    },
    connectionParams: () => ({ Authorization: authorization || `Bearer ${held}` }),
    retryAttempts: 0,
    keepAlive: PING_MS,
    on: {
      closed: (event) => {
        heard();
        if (authorization || (event as CloseEvent).code !== SIGN_IN_REFUSED) return;
        refuse(held);
        // Whoever has to sign in again is asked at once.
        void token();
      },
      ...pings,
    },
  });
  return client;
}

/** The errors of an answer as they are; of anything else a sentence, as an error that GraphiQL shows. */
function explained(problem: unknown, authorization: string): unknown {
  if (Array.isArray(problem)) return problem;
  const { code } = (problem ?? {}) as { code?: unknown };
  if (code === SIGN_IN_REFUSED && authorization) return { message: NOT_TAKEN };
  const why =
    typeof code === "number" ? (CLOSED[code] ?? `The live connection was lost (${code}).`) : undefined;
  return { message: why ?? "The live connection cannot be had. Is the server there?" };
}
