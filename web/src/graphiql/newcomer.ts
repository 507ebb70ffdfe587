/** The operations that a newcomer wants, with what to know about each. */

export interface Tab {
  readonly query: string;
  readonly variables?: string;
}

/** The first is open at first. */
export type Tabs = [Required<Tab>, ...Tab[]];

const INITIATE = `# Starts narrating a story, and answers at once:
# run it with the button, or by Ctrl-Enter. Which
# story is in the variables below; it may be any of
# your stories: { stories { items { id title } } }
#
# With the same idempotencyKey nothing new starts:
# change it, or leave it out, to narrate again.
mutation Initiate($input: InitiateStoryGenerationInput!) {
  initiateStoryGeneration(input: $input) {
    ... on InitiateStoryGenerationSuccess {
      generation {
        id
        status
      }
    }
    ... on RateLimitedError {
      retryAfterSeconds
    }
    ... on Error {
      code
      message
    }
  }
}
`;

const FOLLOW = `# Tells of each change to your narrations, from when
# you run it until you press the button again. It
# ends, too, when you go to another tab in here: so
# start a narration on the stories page, in another
# window.
subscription Follow {
  storyGenerationEvents {
    change
    id
    generation {
      status
      progress
      revision
      story {
        title
      }
    }
  }
}
`;

const LIST = `# Your narrations in one status, newest first. The
# variables say which: PENDING, IN_PROGRESS,
# SUCCEEDED or FAILED, or null for all of them.
#
# A resultUrl needs no token, and works for a while:
# open it to listen.
query ListByStatus($status: GenerationStatus) {
  storyGenerations(status: $status, pageSize: 10) {
    items {
      id
      status
      story {
        title
      }
      durationSeconds
      resultUrl
      captionsUrl
      error {
        code
        message
      }
    }
    meta {
      total
    }
  }
}
`;

const DELETE = `# Deletes a narration that is finished, for good, and
# its files. Put its id into the variables below:
# ListByStatus tells it. What is unfinished has to be
# canceled first: cancelStoryGeneration.
mutation Delete($id: UUID!) {
  deleteStoryGeneration(id: $id) {
    ... on DeleteStoryGenerationSuccess {
      id
    }
    ... on Error {
      code
      message
    }
  }
}
`;

/** Nobody's, so that what is run unchanged does no harm. */
export const NONE = "00000000-0000-0000-0000-000000000000";

const variables = (values: object): string => JSON.stringify(values, null, 2);

/** `story` is the id of one to narrate. */
export function tabsFor(story: string = NONE): Tabs {
  return [
    { query: INITIATE, variables: variables({ input: { storyId: story, idempotencyKey: "my first one" } }) },
    { query: FOLLOW },
    { query: LIST, variables: variables({ status: "SUCCEEDED" }) },
    { query: DELETE, variables: variables({ id: NONE }) },
  ];
}
