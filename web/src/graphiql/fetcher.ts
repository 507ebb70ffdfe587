/** How GraphiQL asks. What fails is told in a sentence, where the answer would be. */
import type { Fetcher, FetcherParams } from "@graphiql/toolkit";
import { getOperationAST, parse, type OperationDefinitionNode } from "graphql";
import { address } from "../api/address.ts";
import { signedFetch } from "../api/client.ts";
import { failure, overSocket } from "./subscriptions.ts";

/** As the page is signed in, unless the headers in the editor have an Authorization of their own. */
export const fetcher: Fetcher = (asked, options = {}) => {
  let headers: Headers;
  try {
    headers = new Headers(options.headers as Record<string, string> | undefined);
  } catch {
    return failure("The request headers are none: a name, or what it says, has letters that cannot be sent.");
  }
  const operation = operationOf(asked);
  if (operation) {
    const { operationName: _, ...rest } = asked;
    asked = operation.name ? { ...rest, operationName: operation.name.value } : rest;
  }
  if (operation?.operation === "subscription") return overSocket(asked, headers.get("Authorization") ?? "");
  return overHttp(asked, headers);
};

/**
 * What is to run; undefined where only the server can say what is wrong. For a moment after one went to
 * another tab, GraphiQL still names the operation of the last.
 */
function operationOf({ query, operationName }: FetcherParams): OperationDefinitionNode | undefined {
  try {
    const document = parse(query);
    return getOperationAST(document, operationName) ?? getOperationAST(document) ?? undefined;
  } catch {
    return undefined;
  }
}

async function overHttp(asked: FetcherParams, headers: Headers) {
  headers.set("Content-Type", "application/json");
  headers.set("Accept", "application/graphql-response+json, application/json;q=0.9");
  const send = headers.has("Authorization") ? fetch : signedFetch;
  const request = { method: "POST", headers, body: JSON.stringify(asked) };
  const answer = await send(address("graphql"), request).catch(() => undefined);
  if (!answer) return failure("The server cannot be reached. Try again in a moment.");
  return answer
    .json()
    .catch(() => failure(`The server answered ${answer.status}, and nothing that can be shown.`));
}
