// GraphQL Code Generator: the whole trip, with types from the schema, plain fetch and graphql-ws.

import { writeFile } from "node:fs/promises";
import { createClient } from "graphql-ws";
import { graphql } from "./generated/gql.ts";
import type { ProgressSubscription, TypedDocumentString } from "./generated/graphql.ts";

const url = process.env.STORYCAST_URL ?? "http://127.0.0.1:8000";
const headers = { Authorization: `Bearer ${process.env.STORYCAST_TOKEN ?? ""}` };

const socket = createClient({
  url: `${url.replace(/^http/, "ws")}/graphql`,
  // Asked again for each connection: give the token that is good by then.
  connectionParams: () => headers,
  // Else a server that restarts would not be tried again.
  shouldRetry: () => true,
});

const CREATE_STORY = graphql(`
  mutation CreateStory($input: CreateStoryInput!) {
    createStory(input: $input) {
      ... on CreateStorySuccess { __typename story { id } }
      ... on Error { __typename code message }
    }
  }
`);

const INITIATE = graphql(`
  mutation Initiate($input: InitiateStoryGenerationInput!) {
    initiateStoryGeneration(input: $input) {
      ... on InitiateStoryGenerationSuccess { __typename generation { id } }
      ... on Error { __typename code message }
    }
  }
`);

const PROGRESS = graphql(`
  subscription Progress($id: UUID!) {
    storyGenerationProgress(id: $id) {
      status
      progress
      revision
      durationSeconds
      resultUrl
      error { code message }
    }
  }
`);

const SUCCEEDED = graphql(`
  query Succeeded {
    storyGenerations(status: SUCCEEDED) { items { id } meta { total } }
  }
`);

const DELETE_GENERATION = graphql(`
  mutation DeleteGeneration($id: UUID!) {
    deleteStoryGeneration(id: $id) {
      ... on DeleteStoryGenerationSuccess { __typename id }
      ... on Error { __typename code message }
    }
  }
`);

const DELETE_STORY = graphql(`
  mutation DeleteStory($id: UUID!) {
    deleteStory(id: $id) {
      ... on DeleteStorySuccess { __typename id }
      ... on Error { __typename code message }
    }
  }
`);

async function trip(): Promise<void> {
  const input = {
    title: "The lighthouse",
    content: "Every evening the keeper lit the lamp. Far out, a boat saw it and turned for home. ".repeat(30),
  };
  const { story } = accepted((await ask(CREATE_STORY, { input })).createStory);
  console.log("story", story.id);

  const order = { storyId: story.id, idempotencyKey: crypto.randomUUID() };
  const { generation } = accepted((await ask(INITIATE, { input: order })).initiateStoryGeneration);
  console.log("generation", generation.id);

  const finished = await follow(generation.id);

  const { items, meta } = (await ask(SUCCEEDED, {})).storyGenerations;
  const listed = items.some(({ id }) => id === generation.id);
  console.log(listed ? "listed" : "not listed", "among", meta.total, "succeeded");

  // The link needs no token, and works for an hour.
  const audio = await fetch(finished.resultUrl!);
  if (!audio.ok) throw new Error(`The audio cannot be had: ${audio.status}`);
  await writeFile("story.mp3", await audio.bytes());
  console.log("story.mp3", finished.durationSeconds, "seconds");

  accepted((await ask(DELETE_GENERATION, generation)).deleteStoryGeneration);
  accepted((await ask(DELETE_STORY, story)).deleteStory);
  console.log("deleted");
}

type Generation = ProgressSubscription["storyGenerationProgress"];

/** A generation, shown as it goes, once it has succeeded. */
async function follow(id: string): Promise<Generation> {
  let latest: Generation | undefined;
  for await (const event of socket.iterate<ProgressSubscription>(request(PROGRESS, { id }))) {
    const generation = dataOf(event).storyGenerationProgress;
    // After a reconnect the first event is the present state, which may be known.
    if (latest && generation.revision <= latest.revision) continue;
    latest = generation;
    console.log(latest.status, `${latest.progress}%`);
  }
  if (latest?.status === "SUCCEEDED") return latest;
  throw new Error(latest?.error ? `${latest.error.code}: ${latest.error.message}` : "It was deleted");
}

/** The answer to a document, with the type that the generator knows it by. */
async function ask<Data, Variables>(
  document: TypedDocumentString<Data, Variables>,
  variables: Variables,
): Promise<Data> {
  const response = await fetch(`${url}/graphql`, {
    method: "POST",
    headers: { ...headers, "Content-Type": "application/json" },
    body: JSON.stringify(request(document, variables)),
  });
  return dataOf((await response.json()) as Answer<Data>);
}

/** By its id and by its text: a server that runs trusted documents alone goes by the id. */
function request<Variables>(document: TypedDocumentString<unknown, Variables>, variables: Variables) {
  const documentId = document.__meta__?.hash as string;
  return { documentId, query: document.toString(), variables };
}

type Answer<Data> = { data?: Data | null; errors?: readonly { message: string }[] };

function dataOf<Data>({ data, errors }: Answer<Data>): Data {
  if (errors || !data) throw new Error(errors?.map(({ message }) => message).join("; "));
  return data;
}

type Refusal = { code: string; message: string };

/** The success of a mutation; whatever else its union holds ends the program. */
function accepted<Outcome extends object>(outcome: Outcome): Exclude<Outcome, Refusal> {
  if ("code" in outcome) {
    const { code, message } = outcome as unknown as Refusal;
    throw new Error(`${code}: ${message}`);
  }
  return outcome as Exclude<Outcome, Refusal>;
}

/** In words. Where the network failed, the cause says how. */
function explain(problem: unknown): string {
  const { message, cause } = problem as Error;
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
