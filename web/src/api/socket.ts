/** The page's one websocket, which comes back by itself for as long as the page is open. */
import { signal } from "@preact/signals";
import { stringifyDocument, type TypedDocumentNode } from "@urql/core";
import { createClient, type FormattedExecutionResult, type Sink } from "graphql-ws";
import { refuse, token } from "./session.ts";
import { patience, PING_MS, SIGN_IN_REFUSED, socketAddress } from "./wire.ts";

export type Connection = "connecting" | "live" | "lost";
export const connection = signal<Connection>("connecting");

const LONGEST_WAIT_MS = 8_000;
const HANDSHAKE_MS = 10_000;
/** A subscription that ended is asked for again on the same socket. */
const IDLE_MS = 30_000;

type Listener = (isBack: boolean) => void;
const listeners = new Set<Listener>();
let held = "";
const { expect, heard, pings } = patience(() => socket.terminate());

export const socket = createClient({
  url: async () => {
    // First, as a person may have to sign in, and an open socket would not wait.
    held = await token();
    expect(HANDSHAKE_MS);
    return socketAddress();
  },
  connectionParams: () => ({ Authorization: `Bearer ${held}` }),
  lazy: true,
  lazyCloseTimeout: IDLE_MS,
  retryAttempts: Infinity,
  shouldRetry: () => true,
  retryWait: async (retries) => {
    const wait = Math.min(250 * 2 ** retries, LONGEST_WAIT_MS) * (0.5 + Math.random() / 2);
    const waited = new AbortController();
    await new Promise<void>((resolve) => {
      setTimeout(resolve, wait);
      addEventListener("online", () => resolve(), { signal: waited.signal });
    });
    waited.abort();
  },
  keepAlive: PING_MS,
  on: {
    connected: (_socket, _payload, wasRetry) => {
      heard();
      const isBack = wasRetry || connection.peek() === "lost";
      connection.value = "live";
      for (const listener of listeners) listener(isBack);
    },
    closed: (event) => {
      heard();
      const isSignIn = (event as CloseEvent).code === SIGN_IN_REFUSED;
      if (isSignIn) refuse(held);
      // Whoever signs in again has lost nothing.
      connection.value = isSignIn ? "connecting" : "lost";
    },
    ...pings,
  },
});
addEventListener("offline", () => socket.terminate());

/**
 * Calls `listener` each time that the connection stands, until the function that comes back is called. `isBack`: it
 * stood before, or should have, and nobody has told what happened meanwhile.
 */
export function onConnected(listener: Listener): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** Calls `comeback` each time the connection is back, until the function that comes back is called. */
export const onComeback = (comeback: () => void): (() => void) =>
  onConnected((isBack) => isBack && comeback());

/** Subscribe until it ends. Lost connections do not end it. */
export function subscribe<Data>(
  document: TypedDocumentNode<Data, Record<string, never>>,
  sink: Sink<FormattedExecutionResult<Data>>,
): void {
  socket.subscribe({ query: stringifyDocument(document) }, sink as Sink<FormattedExecutionResult>);
}
