/** Every operation that the pages send. All that is exported here is a document, or the type of one. */
import { graphql, type FragmentOf, type ResultOf } from "./graphql.ts";

/** What a row of the narrations shows. */
export const ROW = graphql(`
  fragment Row on StoryGeneration @_unmask {
    id
    status
    progress
    revision
    attempts
    createdAt
    startedAt
    finishedAt
    durationSeconds
    story {
      id
      title
    }
    voice {
      id
      name
    }
    error {
      code
      message
    }
  }
`);
export type Row = FragmentOf<typeof ROW>;
export type Status = Row["status"];

export const VIEWER = graphql(`
  query Viewer {
    viewer {
      id
    }
  }
`);

export const VOICES = graphql(`
  query Voices {
    voices {
      id
      name
      language
    }
  }
`);
export type Voice = ResultOf<typeof VOICES>["voices"][number];

export const STORIES = graphql(`
  query Stories($page: Int!, $pageSize: Int!) {
    stories(page: $page, pageSize: $pageSize) {
      items {
        id
        title
        createdAt
        updatedAt
      }
      meta {
        total
      }
    }
  }
`);
export type StoryItem = ResultOf<typeof STORIES>["stories"]["items"][number];

/** A story with its text, for the desk. */
export const WHOLE_STORY = graphql(`
  fragment WholeStory on Story @_unmask {
    id
    title
    content
    createdAt
    updatedAt
  }
`);
export type WholeStory = FragmentOf<typeof WHOLE_STORY>;

export const STORY = graphql(
  `
    query Story($id: UUID!) {
      story(id: $id) {
        ...WholeStory
      }
    }
  `,
  [WHOLE_STORY],
);

export const CREATE_STORY = graphql(
  `
    mutation CreateStory($input: CreateStoryInput!) {
      createStory(input: $input) {
        __typename
        ... on CreateStorySuccess {
          story {
            ...WholeStory
          }
        }
        ... on Error {
          code
          message
        }
        ... on ValidationError {
          fields {
            path
            message
          }
        }
      }
    }
  `,
  [WHOLE_STORY],
);

export const UPDATE_STORY = graphql(
  `
    mutation UpdateStory($input: UpdateStoryInput!) {
      updateStory(input: $input) {
        __typename
        ... on UpdateStorySuccess {
          story {
            ...WholeStory
          }
        }
        ... on Error {
          code
          message
        }
        ... on ValidationError {
          fields {
            path
            message
          }
        }
      }
    }
  `,
  [WHOLE_STORY],
);

export const DELETE_STORY = graphql(`
  mutation DeleteStory($id: UUID!) {
    deleteStory(id: $id) {
      __typename
      ... on Error {
        code
        message
      }
    }
  }
`);

export const INITIATE = graphql(
  `
    mutation Initiate($input: InitiateStoryGenerationInput!) {
      initiateStoryGeneration(input: $input) {
        __typename
        ... on InitiateStoryGenerationSuccess {
          generation {
            ...Row
          }
        }
        ... on Error {
          code
          message
        }
        ... on RateLimitedError {
          retryAfterSeconds
        }
      }
    }
  `,
  [ROW],
);

export const CANCEL = graphql(
  `
    mutation Cancel($id: UUID!) {
      cancelStoryGeneration(id: $id) {
        __typename
        ... on CancelStoryGenerationSuccess {
          generation {
            ...Row
          }
        }
        ... on Error {
          code
          message
        }
      }
    }
  `,
  [ROW],
);

export const DELETE = graphql(`
  mutation Delete($id: UUID!) {
    deleteStoryGeneration(id: $id) {
      __typename
      ... on Error {
        code
        message
      }
    }
  }
`);

export const GENERATIONS = graphql(
  `
    query Generations($first: Int!, $after: String, $status: GenerationStatus) {
      storyGenerationsConnection(first: $first, after: $after, status: $status) {
        edges {
          node {
            ...Row
          }
        }
        pageInfo {
          hasNextPage
          endCursor
        }
      }
    }
  `,
  [ROW],
);

export const STORY_GENERATIONS = graphql(
  `
    query StoryGenerations($id: UUID!, $pageSize: Int!) {
      story(id: $id) {
        generations(page: 1, pageSize: $pageSize) {
          items {
            ...Row
          }
        }
      }
    }
  `,
  [ROW],
);

export const GENERATION = graphql(
  `
    query Generation($id: UUID!) {
      storyGeneration(id: $id) {
        ...Row
      }
    }
  `,
  [ROW],
);

/** What there is to hear and to read of one narration. */
export const NARRATION = graphql(
  `
    query Narration($id: UUID!) {
      storyGeneration(id: $id) {
        ...Row
        resultUrl
        captionsUrl
        log {
          event
          detail
          occurredAt
        }
      }
    }
  `,
  [ROW],
);
export type Narration = NonNullable<ResultOf<typeof NARRATION>["storyGeneration"]>;

export const EVENTS = graphql(
  `
    subscription Events {
      storyGenerationEvents {
        change
        id
        generation {
          ...Row
        }
      }
    }
  `,
  [ROW],
);
