// The whole trip over a websocket, with graphql-ws: https://the-guild.dev/graphql/ws

import { writeFile } from "node:fs/promises";
import { createClient } from "graphql-ws";

const url = process.env.STORYCAST_URL ?? "http://127.0.0.1:8000";
const token = process.env.STORYCAST_TOKEN ?? "";

let reached = false;
const client = createClient({
  url: `${url.replace(/^http/, "ws")}/graphql`,
  // Asked again for each connection: give the token that is good by then.
  connectionParams: () => ({ Authorization: `Bearer ${token}` }),
  // Queries and mutations share the socket too: it stays open for a second between them.
  lazyCloseTimeout: 1_000,
  // When a connection is lost, the client makes another, and asks again all that has not ended.
  retryAttempts: 5,
  shouldRetry: () => reached,
  on: { connected: () => (reached = true) },
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

const CREATE_STORY = /* GraphQL */ `
  mutation ($input: CreateStoryInput!) {
    createStory(input: $input) {
      ... on CreateStorySuccess { story { id } }
      ... on Error { code message }
    }
  }`;

const INITIATE = /* GraphQL */ `
  mutation ($input: InitiateStoryGenerationInput!) {
    initiateStoryGeneration(input: $input) {
      ... on InitiateStoryGenerationSuccess { generation { id } }
      ... on Error { code message }
    }
  }`;

const PROGRESS = /* GraphQL */ `
  subscription ($id: UUID!) {
    storyGenerationProgress(id: $id) {
      id status progress revision durationSeconds resultUrl error { code message }
    }
  }`;

const SUCCEEDED = /* GraphQL */ `
  query { storyGenerations(status: SUCCEEDED) { items { id } meta { total } } }`;

const DELETE_GENERATION = /* GraphQL */ `
  mutation ($id: UUID!) {
    deleteStoryGeneration(id: $id) {
      ... on DeleteStoryGenerationSuccess { id }
      ... on Error { code message }
    }
  }`;

const DELETE_STORY = /* GraphQL */ `
  mutation ($id: UUID!) {
    deleteStory(id: $id) {
      ... on DeleteStorySuccess { id }
      ... on Error { code message }
    }
  }`;

async function trip(): Promise<void> {
  const input = {
    title: "The lighthouse",
    content: "Every evening the keeper lit the lamp. Far out, a boat saw it and turned for home. ".repeat(30),
  };
  type Created = { createStory: Outcome<{ story: { id: string } }> };
  const { createStory } = await ask<Created>(CREATE_STORY, { input });
  const { story } = accepted(createStory);
  console.log("story", story.id);

  // What is asked again may have been done before: the key keeps it from being done twice.
  const order = { storyId: story.id, idempotencyKey: crypto.randomUUID() };
  type Initiated = { initiateStoryGeneration: Outcome<{ generation: { id: string } }> };
  const { initiateStoryGeneration } = await ask<Initiated>(INITIATE, { input: order });
  const { generation } = accepted(initiateStoryGeneration);
  console.log("generation", generation.id);

  const finished = await follow(generation.id);

  type Listed = { storyGenerations: { items: { id: string }[]; meta: { total: number } } };
  const { storyGenerations } = await ask<Listed>(SUCCEEDED);
  const listed = storyGenerations.items.some(({ id }) => id === generation.id);
  console.log(listed ? "listed" : "not listed", "among", storyGenerations.meta.total, "succeeded");

  // The link needs no token, and works for an hour.
  const audio = await fetch(finished.resultUrl!);
  if (!audio.ok) throw new Error(`The audio cannot be had: ${audio.status}`);
  await writeFile("story.mp3", await audio.bytes());
  console.log("story.mp3", finished.durationSeconds, "seconds");

  type Deleted = { deleteStoryGeneration: Outcome<{ id: string }> };
  accepted((await ask<Deleted>(DELETE_GENERATION, generation)).deleteStoryGeneration);
  type Removed = { deleteStory: Outcome<{ id: string }> };
  accepted((await ask<Removed>(DELETE_STORY, story)).deleteStory);
  console.log("deleted");
}

/** A generation, shown as it goes, once it has succeeded. */
async function follow(id: string): Promise<Generation> {
  let latest: Generation | undefined;
  type Progress = { storyGenerationProgress: Generation };
  for await (const event of client.iterate<Progress>({ query: PROGRESS, variables: { id } })) {
    const generation = dataOf(event).storyGenerationProgress;
    // After a reconnect the first event is the present state, which may be known.
    if (latest && generation.revision <= latest.revision) continue;
    latest = generation;
    console.log(latest.status, `${latest.progress}%`);
  }
  if (latest?.status === "SUCCEEDED") return latest;
  throw new Error(latest?.error ? `${latest.error.code}: ${latest.error.message}` : "It was deleted");
}

async function ask<T>(query: string, variables?: Record<string, unknown>): Promise<T> {
  for await (const result of client.iterate<T>({ query, variables })) return dataOf(result);
  throw new Error("There was no answer");
}

function dataOf<T>(result: { data?: T | null; errors?: readonly { message: string }[] }): T {
  if (result.errors || !result.data) throw result.errors ?? new Error("There was no data");
  return result.data;
}

function accepted<T extends object>(outcome: Outcome<T>): T {
  if ("code" in outcome) throw new Error(`${outcome.code}: ${outcome.message}`);
  return outcome;
}

/** In words: the client throws what ended the socket, or the errors of an operation. */
function explain(problem: unknown): string {
  if (problem instanceof CloseEvent) return `${problem.reason || "connection lost"} (${problem.code})`;
  if (problem instanceof Event) return `${url} cannot be reached`;
  return [problem].flat().map((error) => (error as Error).message).join("; ");
}

try {
  await trip();
} catch (problem) {
  console.error("Failed:", explain(problem));
  process.exitCode = 1;
} finally {
  await client.dispose();
}
