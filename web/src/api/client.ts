/** The API as the pages ask it: queries and mutations over HTTP, once each. */
import { Client, fetchExchange, type AnyVariables, type TypedDocumentNode } from "@urql/core";
import { refuse, token } from "./session.ts";

/** Where `path` of this server is: relative, so that it may live under a prefix. */
export const address = (path: string): URL => new URL(path, document.baseURI);

/** `fetch`, signed in. A token that is refused is replaced, once: the server did nothing with the first. */
export const signedFetch: typeof fetch = async (resource, options) => {
  const asked = async () => {
    const held = await token();
    const headers = new Headers(options?.headers);
    headers.set("Authorization", `Bearer ${held}`);
    return { held, answer: await fetch(resource, { ...options, headers }) };
  };
  const { held, answer } = await asked();
  if (answer.status !== 401) return answer;
  refuse(held);
  return (await asked()).answer;
};

const client = new Client({
  url: address("graphql").href,
  fetch: signedFetch,
  preferGetMethod: false,
  requestPolicy: "network-only",
  exchanges: [fetchExchange],
});

/** The request did not get an answer that can be used; the message is for people. */
export class Unanswered extends Error {}

/** The data of an answer. Throws Unanswered. */
export async function ask<Data, Variables extends AnyVariables>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
): Promise<Data> {
  const { data, error } = await client.query(document, variables).toPromise();
  return data ?? refusal(error);
}

/** The data of a mutation's answer. Throws Unanswered: what was asked for may have been done, or not. */
export async function change<Data, Variables extends AnyVariables>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
): Promise<Data> {
  const { data, error } = await client.mutation(document, variables).toPromise();
  return data ?? refusal(error);
}

function refusal(error: Awaited<ReturnType<typeof client.query>>["error"]): never {
  const status = (error?.response as Response | undefined)?.status;
  const said = error?.graphQLErrors[0]?.message;
  if (status === 429) throw new Unanswered(said ?? "Too much at once. Try again in a moment.");
  if (status === undefined) throw new Unanswered("The server cannot be reached. Try again in a moment.");
  throw new Unanswered(said ?? `The server answered ${status}. Try again in a moment.`);
}
