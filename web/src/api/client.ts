/** The API as the pages ask it: queries and mutations over HTTP, once each. */
import { Client, fetchExchange, type AnyVariables, type TypedDocumentNode } from "@urql/core";
import { address } from "./address.ts";
import { refuse, token } from "./session.ts";
import { answered, Unanswered, unreachable } from "./unanswered.ts";

/**
 * `fetch`, signed in, within `limit` milliseconds after that. A token that is refused is replaced, once: the server
 * did nothing with the first.
 */
export async function signedFetch(
  resource: RequestInfo | URL,
  options?: RequestInit,
  limit?: number,
): Promise<Response> {
  const asked = async () => {
    const held = await token();
    const headers = new Headers(options?.headers);
    headers.set("Authorization", `Bearer ${held}`);
    const signals = [options?.signal, limit === undefined ? undefined : AbortSignal.timeout(limit)];
    const signal = AbortSignal.any(signals.filter((each) => each != null));
    return { held, answer: await fetch(resource, { ...options, headers, signal }) };
  };
  const { held, answer } = await asked();
  if (answer.status !== 401) return answer;
  refuse(held);
  return (await asked()).answer;
}

/** A connection may swallow what it is given: a person waits so long for a page, and so long for a long text to go. */
const QUERY_MS = 20_000;
const MUTATION_MS = 90_000;

const within =
  (limit: number): typeof fetch =>
  (resource, options) =>
    signedFetch(resource, options, limit);

const client = new Client({
  url: address("graphql").href,
  preferGetMethod: false,
  requestPolicy: "network-only",
  exchanges: [fetchExchange],
});

/** The data of an answer. Throws Unanswered. */
export async function ask<Data, Variables extends AnyVariables>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
): Promise<Data> {
  const { data, error } = await client.query(document, variables, { fetch: within(QUERY_MS) }).toPromise();
  return data ?? refusal(error);
}

/** The data of a mutation's answer. Throws Unanswered: what was asked for may have been done, or not. */
export async function change<Data, Variables extends AnyVariables>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
): Promise<Data> {
  const { data, error } = await client
    .mutation(document, variables, { fetch: within(MUTATION_MS) })
    .toPromise();
  return data ?? refusal(error);
}

function refusal(error: Awaited<ReturnType<typeof client.query>>["error"]): never {
  const status = (error?.response as Response | undefined)?.status;
  const said = error?.graphQLErrors[0]?.message;
  if (status === 429) throw new Unanswered(said ?? "Too much at once. Try again in a moment.");
  if (status === undefined) throw unreachable();
  throw said === undefined ? answered(status) : new Unanswered(said);
}
