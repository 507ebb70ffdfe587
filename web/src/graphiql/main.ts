import "graphiql/setup-workers/vite";
import { createElement } from "react";
import { createRoot } from "react-dom/client";
import { GraphiQL } from "graphiql";
import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { createClient } from "graphql-ws";
import "graphiql/style.css";
import "./page.css";
import { token } from "../api/session.ts";

/** With the page's own token, unless the headers in the editor name another. */
const signedFetch: typeof fetch = async (address, options) => {
  const headers = new Headers(options?.headers);
  if (!headers.has("Authorization")) headers.set("Authorization", `Bearer ${await token()}`);
  return fetch(address, { ...options, headers });
};
const fetcher = createGraphiQLFetcher({
  fetch: signedFetch,
  url: new URL("graphql", document.baseURI).href,
  wsClient: createClient({
    url: new URL("graphql", document.baseURI).href.replace(/^http/, "ws"),
    connectionParams: async () => ({ Authorization: `Bearer ${await token()}` }),
  }),
});
const tabs = [
  { query: "mutation Initiate($input: InitiateStoryGenerationInput!) {\n  initiateStoryGeneration(input: $input) {\n    ... on InitiateStoryGenerationSuccess { generation { id status } }\n    ... on Error { code message }\n  }\n}\n", variables: '{\n  "input": { "storyId": "" }\n}' },
  { query: "subscription Follow {\n  storyGenerationEvents { change id generation { status progress } }\n}\n" },
  { query: "query Succeeded {\n  storyGenerations(status: SUCCEEDED) { items { id resultUrl } meta { total } }\n}\n" },
];
createRoot(document.getElementById("graphiql")!).render(
  createElement(GraphiQL, {
    fetcher,
    defaultTabs: tabs,
    defaultEditorToolsVisibility: "variables",
    shouldPersistHeaders: false,
  }),
);
