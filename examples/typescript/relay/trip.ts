// Relay's runtime: the whole trip, on documents that relay-compiler has checked (story.ts). https://relay.dev

import { writeFile } from "node:fs/promises";
import { createClient } from "graphql-ws";
import relay from "relay-runtime";
import type {
  GraphQLResponse,
  GraphQLTaggedNode,
  MutationParameters,
  RecordSourceProxy,
  Snapshot,
} from "relay-runtime";

import create, { type storyCreateMutation } from "./__generated__/storyCreateMutation.graphql.ts";
import deleteGeneration from "./__generated__/storyDeleteGenerationMutation.graphql.ts";
import type { storyDeleteGenerationMutation } from "./__generated__/storyDeleteGenerationMutation.graphql.ts";
import removeStory, { type storyDeleteMutation } from "./__generated__/storyDeleteMutation.graphql.ts";
import initiate, { type storyInitiateMutation } from "./__generated__/storyInitiateMutation.graphql.ts";
import progress, { type storyProgressSubscription } from "./__generated__/storyProgressSubscription.graphql.ts";
import succeeded, { type storySucceededQuery } from "./__generated__/storySucceededQuery.graphql.ts";
import watched, { type storyWatchedQuery } from "./__generated__/storyWatchedQuery.graphql.ts";

const { Environment, Network, Observable, RecordSource, Store } = relay;

const url = process.env.STORYCAST_URL ?? "http://127.0.0.1:8000";
const headers = { Authorization: `Bearer ${process.env.STORYCAST_TOKEN ?? ""}` };

const socket = createClient({
  url: `${url.replace(/^http/, "ws")}/graphql`,
  // Asked again for each connection: give the token that is good by then.
  connectionParams: () => headers,
  // Else a server that restarts would not be tried again.
  shouldRetry: () => true,
});

type Answer = { data?: Record<string, unknown>; errors?: { message: string }[] };

const environment = new Environment({
  store: new Store(new RecordSource()),
  // A deletion answers with the id of what is gone: by the id alone that would be the same record.
  getDataID: (fields, typename) => (fields.id ? recordId(typename, fields.id) : null),
  network: Network.create(
    async ({ text, name }, variables) => {
      const response = await fetch(`${url}/graphql`, {
        method: "POST",
        headers: { ...headers, "Content-Type": "application/json" },
        body: JSON.stringify({ query: text, operationName: name, variables }),
      });
      const { data, errors } = (await response.json()) as Answer;
      if (!data) throw new Error(errors?.map(({ message }) => message).join("; "));
      return { data, errors };
    },
    ({ text, name }, variables) =>
      Observable.create((sink) =>
        socket.subscribe(
          { query: text!, operationName: name, variables },
          { ...sink, next: (result) => sink.next(result as GraphQLResponse) },
        ),
      ),
  ),
});

async function trip(): Promise<void> {
  const input = {
    title: "The lighthouse",
    content: "Every evening the keeper lit the lamp. Far out, a boat saw it and turned for home. ".repeat(30),
  };
  const { createStory } = await commit<storyCreateMutation>(create, { input });
  const { story } = accepted(createStory);
  console.log("story", story!.id);

  const order = { storyId: story!.id, idempotencyKey: crypto.randomUUID() };
  const { initiateStoryGeneration } = await commit<storyInitiateMutation>(initiate, { input: order });
  const { id } = accepted(initiateStoryGeneration).generation!;
  console.log("generation", id);

  const finished = await follow(id);

  // Page by page: `after` is the endCursor of the page before.
  const page = await relay
    .fetchQuery<storySucceededQuery>(environment, succeeded, { first: 20 })
    .toPromise();
  const { edges } = page!.storyGenerationsConnection;
  const listed = edges.some(({ node }) => node.id === id);
  console.log(listed ? "listed" : "not listed", "among", edges.length, "succeeded");

  // The link needs no token, and works for an hour.
  const audio = await fetch(finished.resultUrl!);
  if (!audio.ok) throw new Error(`The audio cannot be had: ${audio.status}`);
  await writeFile("story.mp3", await audio.bytes());
  console.log("story.mp3", finished.durationSeconds, "seconds");

  // @deleteRecord wants an ID, and these are UUIDs: the updater says the same.
  const deletion = await commit<storyDeleteGenerationMutation>(deleteGeneration, { id }, (store) =>
    store.delete(recordId("StoryGeneration", id)),
  );
  accepted(deletion.deleteStoryGeneration);
  const { deleteStory } = await commit<storyDeleteMutation>(removeStory, { id: story!.id });
  accepted(deleteStory);
  console.log("deleted");
}

type Generation = NonNullable<storyWatchedQuery["response"]["storyGeneration"]>;

/**
 * A generation, shown as it goes, once it has succeeded.
 *
 * What is shown is the store's: the subscription's events are the same record, and whoever watches it is told.
 */
async function follow(id: string): Promise<Generation> {
  const operation = relay.createOperationDescriptor(relay.getRequest(watched), { id });
  const kept = environment.retain(operation);
  const read = () => environment.lookup(operation.fragment);
  await relay.fetchQuery<storyWatchedQuery>(environment, watched, { id }).toPromise();
  const present = ({ data }: Snapshot) => (data as storyWatchedQuery["response"]).storyGeneration!;
  const show = (snapshot: Snapshot) => console.log(present(snapshot).status, `${present(snapshot).progress}%`);
  show(read());
  const watching = environment.subscribe(read(), show);
  await new Promise<void>((resolve, reject) => {
    relay.requestSubscription<storyProgressSubscription>(environment, {
      subscription: progress,
      variables: { id },
      onError: reject,
      onCompleted: resolve,
    });
  });
  const finished = present(read());
  watching.dispose();
  kept.dispose();
  if (finished.status === "SUCCEEDED") return finished;
  const { error } = finished;
  throw new Error(error ? `${error.code}: ${error.message}` : "It was deleted");
}

function commit<T extends MutationParameters>(
  mutation: GraphQLTaggedNode,
  variables: T["variables"],
  updater?: (store: RecordSourceProxy) => void,
): Promise<T["response"]> {
  return new Promise((resolve, reject) => {
    relay.commitMutation<T>(environment, {
      mutation,
      variables,
      updater,
      onCompleted: (response, errors) => (errors?.length ? reject(errors[0]) : resolve(response)),
      onError: reject,
    });
  });
}

function recordId(typename: string, id: unknown): string {
  return `${typename}:${id}`;
}

/** The success of a mutation; a refusal has a code, and ends the program. */
function accepted<T extends { code?: string; message?: string }>(outcome: T): T {
  if (outcome.code) throw new Error(`${outcome.code}: ${outcome.message}`);
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
  await socket.dispose();
}
