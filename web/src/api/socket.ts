/** The page's one websocket, which comes back by itself for as long as the page is open. */
import { signal } from "@preact/signals";
import { stringifyDocument, type TypedDocumentNode } from "@urql/core";
import { createClient, type FormattedExecutionResult, type Sink } from "graphql-ws";
import { address } from "./client.ts";
import { refuse, token } from "./session.ts";

export type Connection = "connecting" | "live" | "lost";
export const connection = signal<Connection>("connecting");

const SIGN_IN_REFUSED = 4403;
const PING_MS = 10_000;
const PONG_MS = 5_000;
const LONGEST_WAIT_MS = 8_000;

const comebacks = new Set<() => void>();
let held = "";
let pong: ReturnType<typeof setTimeout> | undefined;

export const socket = createClient({
  url: async () => {
    // First, as a person may have to sign in, and an open socket would not wait.
    held = await token();
    return address("graphql").href.replace(/^http/, "ws");
  },
  connectionParams: () => ({ Authorization: `Bearer ${held}` }),
  lazy: true,
  retryAttempts: Infinity,
  shouldRetry: () => true,
  retryWait: async (retries) => {
    const wait = Math.min(250 * 2 ** retries, LONGEST_WAIT_MS) * (0.5 + Math.random() / 2);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, wait);
      addEventListener("online", () => (clearTimeout(timer), resolve()), { once: true });
    });
  },
  keepAlive: PING_MS,
  on: {
    connected: (_socket, _payload, wasRetry) => {
      connection.value = "live";
      if (wasRetry) for (const comeback of comebacks) comeback();
    },
    closed: (event) => {
      clearTimeout(pong);
      if ((event as CloseEvent).code === SIGN_IN_REFUSED) refuse(held);
      connection.value = "lost";
    },
    ping: (received) => {
      if (!received) pong = setTimeout(() => socket.terminate(), PONG_MS);
    },
    pong: (received) => {
      if (received) clearTimeout(pong);
    },
  },
});
addEventListener("offline", () => socket.terminate());

/** Calls `comeback` each time the connection is back: nobody has told what happened meanwhile. */
export function onComeback(comeback: () => void): void {
  comebacks.add(comeback);
}

/** Subscribe for as long as the page is open. */
export function subscribe<Data>(
  document: TypedDocumentNode<Data, Record<string, never>>,
  sink: Sink<FormattedExecutionResult<Data>>,
): void {
  socket.subscribe({ query: stringifyDocument(document) }, sink as Sink<FormattedExecutionResult>);
}
