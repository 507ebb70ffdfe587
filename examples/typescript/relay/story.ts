// What trip.ts asks, for relay-compiler: it checks each document against the schema, and writes what the
// runtime needs to __generated__. A bundler with Relay's plugin puts that in the place of the tags here;
// Node alone has none, so trip.ts imports it itself, and nobody runs this file.

import { graphql } from "relay-runtime";

export const live = graphql`
  fragment story_live on StoryGeneration {
    id
    status
    progress
    revision
    durationSeconds
    resultUrl
    error { code message }
  }
`;

export const create = graphql`
  mutation storyCreateMutation($input: CreateStoryInput!) {
    createStory(input: $input) {
      __typename
      ... on CreateStorySuccess { story { id } }
      ... on Error { code message }
    }
  }
`;

export const initiate = graphql`
  mutation storyInitiateMutation($input: InitiateStoryGenerationInput!) {
    initiateStoryGeneration(input: $input) {
      __typename
      ... on InitiateStoryGenerationSuccess { generation { id ...story_live @relay(mask: false) } }
      ... on Error { code message }
    }
  }
`;

export const progress = graphql`
  subscription storyProgressSubscription($id: UUID!) {
    storyGenerationProgress(id: $id) { ...story_live @relay(mask: false) }
  }
`;

export const watched = graphql`
  query storyWatchedQuery($id: UUID!) {
    storyGeneration(id: $id) { ...story_live @relay(mask: false) }
  }
`;

export const succeeded = graphql`
  query storySucceededQuery($first: Int!, $after: String) {
    storyGenerationsConnection(first: $first, after: $after, status: SUCCEEDED)
      @connection(key: "story_storyGenerationsConnection") {
      edges { node { id } }
    }
  }
`;

export const deleteGeneration = graphql`
  mutation storyDeleteGenerationMutation($id: UUID!) {
    deleteStoryGeneration(id: $id) {
      __typename
      ... on DeleteStoryGenerationSuccess { id }
      ... on Error { code message }
    }
  }
`;

export const deleteStory = graphql`
  mutation storyDeleteMutation($id: UUID!) {
    deleteStory(id: $id) {
      __typename
      ... on DeleteStorySuccess { id }
      ... on Error { code message }
    }
  }
`;
