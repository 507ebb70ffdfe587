// Apollo Client: the whole trip, with a cache that the subscription keeps up to date.
// https://www.apollographql.com/docs/react

import { writeFile } from "node:fs/promises";
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from "@apollo/client";
import type { TypedDocumentNode } from "@apollo/client";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { OperationTypeNode } from "graphql";
import { createClient } from "graphql-ws";

const url = process.env.STORYCAST_URL ?? "http://127.0.0.1:8000";
const headers = { Authorization: `Bearer ${process.env.STORYCAST_TOKEN ?? ""}` };

const socket = createClient({
  url: `${url.replace(/^http/, "ws")}/graphql`,
  // Asked again for each connection: give the token that is good by then.
  connectionParams: () => headers,
  // Else a server that restarts would not be tried again.
  shouldRetry: () => true,
});

const client = new ApolloClient({
  link: ApolloLink.split(
    ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
    new GraphQLWsLink(socket),
    new HttpLink({ uri: `${url}/graphql`, headers }),
  ),
  cache: new InMemoryCache({
    typePolicies: {
      Query: {
        fields: {
          // Whatever brought a generation, it can be asked for by its id.
          storyGeneration: (known, { args, toReference }) =>
            known ?? toReference({ __typename: "StoryGeneration", id: args?.id }),
        },
      },
    },
    // The cache has to know what `... on Error` matches.
    possibleTypes: {
      Error: [
        "GenerationFinishedError",
        "GenerationInProgressError",
        "GenerationNotFoundError",
        "IdempotencyConflictError",
        "RateLimitedError",
        "StoryInUseError",
        "StoryNotFoundError",
        "ValidationError",
      ],
    },
  }),
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

const GENERATION = gql`
  fragment Live on StoryGeneration {
    id
    status
    progress
    revision
    durationSeconds
    resultUrl
    error { code message }
  }
`;

const CREATE_STORY: TypedDocumentNode<
  { createStory: Outcome<{ story: { id: string } }> },
  { input: { title: string; content: string } }
> = gql`
  mutation CreateStory($input: CreateStoryInput!) {
    createStory(input: $input) {
      ... on CreateStorySuccess { story { id } }
      ... on Error { code message }
    }
  }
`;

const INITIATE: TypedDocumentNode<
  { initiateStoryGeneration: Outcome<{ generation: Generation }> },
  { input: { storyId: string; idempotencyKey?: string } }
> = gql`
  mutation Initiate($input: InitiateStoryGenerationInput!) {
    initiateStoryGeneration(input: $input) {
      ... on InitiateStoryGenerationSuccess { generation { ...Live } }
      ... on Error { code message }
    }
  }
  ${GENERATION}
`;

const PROGRESS: TypedDocumentNode<{ storyGenerationProgress: Generation }, { id: string }> = gql`
  subscription Progress($id: UUID!) {
    storyGenerationProgress(id: $id) { ...Live }
  }
  ${GENERATION}
`;

const WATCHED: TypedDocumentNode<{ storyGeneration: Generation | null }, { id: string }> = gql`
  query Watched($id: UUID!) {
    storyGeneration(id: $id) { ...Live }
  }
  ${GENERATION}
`;

const SUCCEEDED: TypedDocumentNode<{
  storyGenerations: { items: { id: string }[]; meta: { total: number } };
}> = gql`
  query Succeeded {
    storyGenerations(status: SUCCEEDED) { items { id } meta { total } }
  }
`;

const DELETE_GENERATION: TypedDocumentNode<
  { deleteStoryGeneration: Outcome<{ id: string }> },
  { id: string }
> = gql`
  mutation DeleteGeneration($id: UUID!) {
    deleteStoryGeneration(id: $id) {
      ... on DeleteStoryGenerationSuccess { id }
      ... on Error { code message }
    }
  }
`;

const DELETE_STORY: TypedDocumentNode<{ deleteStory: Outcome<{ id: string }> }, { id: string }> = gql`
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
  const created = await client.mutate({ mutation: CREATE_STORY, variables: { input } });
  const { story } = accepted(created.data!.createStory);
  console.log("story", story.id);

  const order = { storyId: story.id, idempotencyKey: crypto.randomUUID() };
  const initiated = await client.mutate({ mutation: INITIATE, variables: { input: order } });
  const { generation } = accepted(initiated.data!.initiateStoryGeneration);
  console.log("generation", generation.id);

  const finished = await follow(generation.id);

  const { data } = await client.query({ query: SUCCEEDED });
  const { items, meta } = data!.storyGenerations;
  const listed = items.some(({ id }) => id === generation.id);
  console.log(listed ? "listed" : "not listed", "among", meta.total, "succeeded");

  // The link needs no token, and works for an hour.
  const audio = await fetch(finished.resultUrl!);
  if (!audio.ok) throw new Error(`The audio cannot be had: ${audio.status}`);
  await writeFile("story.mp3", await audio.bytes());
  console.log("story.mp3", finished.durationSeconds, "seconds");

  const deleted = await client.mutate({
    mutation: DELETE_GENERATION,
    variables: { id: generation.id },
    // Whatever shows it, the list above among them, shows it no more.
    update: (cache) => {
      cache.evict({ id: cache.identify({ ...generation, __typename: "StoryGeneration" }) });
      cache.gc();
    },
  });
  accepted(deleted.data!.deleteStoryGeneration);
  const removed = await client.mutate({ mutation: DELETE_STORY, variables: { id: story.id } });
  accepted(removed.data!.deleteStory);
  console.log("deleted");
}

/**
 * A generation, shown as it goes, once it has succeeded.
 *
 * What is shown comes from a query that reads the cache alone, as a component would. The subscription's events
 * are the same StoryGeneration, so the cache takes them in, and tells whoever watches.
 */
async function follow(id: string): Promise<Generation> {
  const watched = client.watchQuery({ query: WATCHED, variables: { id }, fetchPolicy: "cache-only" });
  const finished = Promise.withResolvers<Generation>();
  const watching = watched.subscribe(({ data, dataState }) => {
    if (dataState !== "complete" || !data.storyGeneration) return;
    const { status, progress, error } = data.storyGeneration;
    console.log(status, `${progress}%`);
    if (status === "SUCCEEDED") finished.resolve(data.storyGeneration);
    if (status === "FAILED") finished.reject(new Error(`${error?.code}: ${error?.message}`));
  });
  let latest: Generation["status"] | undefined;
  const feeding = client.subscribe({ query: PROGRESS, variables: { id } }).subscribe({
    next: ({ data, error }) => {
      if (error) finished.reject(error);
      latest = data?.storyGenerationProgress.status;
    },
    complete: () => {
      if (latest !== "SUCCEEDED" && latest !== "FAILED") finished.reject(new Error("It was deleted"));
    },
  });
  try {
    return await finished.promise;
  } finally {
    watching.unsubscribe();
    feeding.unsubscribe();
  }
}

function accepted<T extends object>(outcome: Outcome<T>): T {
  if ("code" in outcome) throw new Error(`${outcome.code}: ${outcome.message}`);
  return outcome;
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
  client.stop();
  await socket.dispose();
}
