// urql, with subscriptions over a websocket: the whole trip. https://nearform.com/open-source/urql

import { writeFile } from "node:fs/promises";
import { Client, CombinedError, cacheExchange, fetchExchange, gql, subscriptionExchange } from "@urql/core";
import type { OperationResult } from "@urql/core";
import { createClient } from "graphql-ws";
import { pipe, toAsyncIterable } from "wonka";

const url = process.env.STORYCAST_URL ?? "http://127.0.0.1:8000";
const headers = { Authorization: `Bearer ${process.env.STORYCAST_TOKEN ?? ""}` };

const socket = createClient({
  url: `${url.replace(/^http/, "ws")}/graphql`,
  // Asked again for each connection: give the token that is good by then.
  connectionParams: () => headers,
  // Else a server that restarts would not be tried again.
  shouldRetry: () => true,
});

const client = new Client({
  url: `${url}/graphql`,
  fetchOptions: () => ({ headers }),
  exchanges: [
    // The document cache: a mutation has the queries asked again that show a type of its answer.
    cacheExchange,
    fetchExchange,
    subscriptionExchange({
      forwardSubscription: ({ query, variables }) => ({
        subscribe: (sink) => ({ unsubscribe: socket.subscribe({ query: query!, variables }, sink) }),
      }),
    }),
  ],
});

/** A member of a mutation's union: what was asked for, or why not. */
type Outcome<T> = T | { code: string; message: string };

type Generation = {
  id: string;
  status: "PENDING" | "IN_PROGRESS" | "SUCCEEDED" | "FAILED";
  progress: number;
  revision: number;
  durationSeconds: number | null;
  resultUrl: string | null;
  error: { code: string; message: string } | null;
};

const CREATE_STORY = gql<
  { createStory: Outcome<{ story: { id: string } }> },
  { input: { title: string; content: string } }
>`
  mutation CreateStory($input: CreateStoryInput!) {
    createStory(input: $input) {
      ... on CreateStorySuccess { story { id } }
      ... on Error { code message }
    }
  }
`;

const INITIATE = gql<
  { initiateStoryGeneration: Outcome<{ generation: { id: string } }> },
  { input: { storyId: string; idempotencyKey?: string } }
>`
  mutation Initiate($input: InitiateStoryGenerationInput!) {
    initiateStoryGeneration(input: $input) {
      ... on InitiateStoryGenerationSuccess { generation { id } }
      ... on Error { code message }
    }
  }
`;

const PROGRESS = gql<{ storyGenerationProgress: Generation }, { id: string }>`
  subscription Progress($id: UUID!) {
    storyGenerationProgress(id: $id) {
      id
      status
      progress
      revision
      durationSeconds
      resultUrl
      error { code message }
    }
  }
`;

const SUCCEEDED = gql<{ storyGenerations: { items: { id: string }[]; meta: { total: number } } }>`
  query Succeeded {
    storyGenerations(status: SUCCEEDED) { items { id } meta { total } }
  }
`;

const DELETE_GENERATION = gql<{ deleteStoryGeneration: Outcome<{ id: string }> }, { id: string }>`
  mutation DeleteGeneration($id: UUID!) {
    deleteStoryGeneration(id: $id) {
      ... on DeleteStoryGenerationSuccess { id }
      ... on Error { code message }
    }
  }
`;

const DELETE_STORY = gql<{ deleteStory: Outcome<{ id: string }> }, { id: string }>`
  mutation DeleteStory($id: UUID!) {
    deleteStory(id: $id) {
      ... on DeleteStorySuccess { id }
      ... on Error { code message }
    }
  }
`;

async function trip(): Promise<void> {
  const input = {
    title: "The lighthouse",
    content: "Every evening the keeper lit the lamp. Far out, a boat saw it and turned for home. ".repeat(30),
  };
  const { createStory } = dataOf(await client.mutation(CREATE_STORY, { input }));
  const { story } = accepted(createStory);
  console.log("story", story.id);

  const order = { storyId: story.id, idempotencyKey: crypto.randomUUID() };
  const { initiateStoryGeneration } = dataOf(await client.mutation(INITIATE, { input: order }));
  const { generation } = accepted(initiateStoryGeneration);
  console.log("generation", generation.id);

  const finished = await follow(generation.id);

  const { items, meta } = dataOf(await client.query(SUCCEEDED, {})).storyGenerations;
  const listed = items.some(({ id }) => id === generation.id);
  console.log(listed ? "listed" : "not listed", "among", meta.total, "succeeded");

  // The link needs no token, and works for an hour.
  const audio = await fetch(finished.resultUrl!);
  if (!audio.ok) throw new Error(`The audio cannot be had: ${audio.status}`);
  await writeFile("story.mp3", await audio.bytes());
  console.log("story.mp3", finished.durationSeconds, "seconds");

  const { deleteStoryGeneration } = dataOf(await client.mutation(DELETE_GENERATION, { id: generation.id }));
  accepted(deleteStoryGeneration);
  const { deleteStory } = dataOf(await client.mutation(DELETE_STORY, { id: story.id }));
  accepted(deleteStory);
  console.log("deleted");
}

/** A generation, shown as it goes, once it has succeeded. */
async function follow(id: string): Promise<Generation> {
  let latest: Generation | undefined;
  for await (const event of pipe(client.subscription(PROGRESS, { id }), toAsyncIterable)) {
    const generation = dataOf(event).storyGenerationProgress;
    // After a reconnect the first event is the present state, which may be known.
    if (latest && generation.revision <= latest.revision) continue;
    latest = generation;
    console.log(latest.status, `${latest.progress}%`);
  }
  if (latest?.status === "SUCCEEDED") return latest;
  throw new Error(latest?.error ? `${latest.error.code}: ${latest.error.message}` : "It was deleted");
}

function dataOf<T>({ data, error }: OperationResult<T>): T {
  if (error || !data) throw error ?? new Error("There was no data");
  return data;
}

function accepted<T extends object>(outcome: Outcome<T>): T {
  if ("code" in outcome) throw new Error(`${outcome.code}: ${outcome.message}`);
  return outcome;
}

/** In words. Where the network failed, the cause says how. */
function explain(problem: unknown): string {
  const { message } = problem as Error;
  const cause = problem instanceof CombinedError ? problem.networkError?.cause : undefined;
  return cause instanceof Error ? `${message}: ${cause.message}` : message;
}

try {
  await trip();
} catch (problem) {
  console.error("Failed:", explain(problem));
  process.exitCode = 1;
} finally {
  await socket.dispose();
}
