/** What can be done with stories. */
import { ask, change } from "../api/client.ts";
import { CREATE_STORY, DELETE_STORY, STORY, UPDATE_STORY, type WholeStory } from "../api/operations.ts";
import { inWords } from "../api/unanswered.ts";
import { deleteSoon } from "../ui/deleting.ts";
import { drop, hide } from "./list.ts";

/** What is wrong, by field; `form` is what concerns none of them. */
export interface Problems {
  readonly title?: string;
  readonly content?: string;
  readonly form?: string;
}
type Written = { readonly story: WholeStory } | { readonly problems: Problems };

/** The story; undefined where there is none such. Throws Unanswered. */
export async function readStory(id: string): Promise<WholeStory | undefined> {
  return (await ask(STORY, { id })).story ?? undefined;
}

/** `id` is undefined for a story to be. */
export async function writeStory(id: string | undefined, title: string, content: string): Promise<Written> {
  const answer = await inWords(async () =>
    id === undefined
      ? (await change(CREATE_STORY, { input: { title, content } })).createStory
      : (await change(UPDATE_STORY, { input: { id, title, content } })).updateStory,
  );
  if (typeof answer === "string") return { problems: { form: answer } };
  if ("story" in answer) return { story: answer.story };
  if (answer.__typename === "StoryNotFoundError") {
    return {
      problems: {
        form: "This story was deleted elsewhere. Your text is kept: load the page again to make it a new story.",
      },
    };
  }
  return { problems: byField(answer.message, answer.fields) };
}

function byField(message: string, fields: readonly { path: readonly string[]; message: string }[]): Problems {
  const of = (name: string) => fields.find(({ path }) => path.at(-1) === name)?.message;
  const [title, content] = [of("title"), of("content")];
  return (title ?? content) ? { ...(title && { title }), ...(content && { content }) } : { form: message };
}

/** Delete it with its narrations in a while, unless that is undone. */
export function removeStory(id: string, title: string): void {
  deleteSoon({
    name: title,
    sentence: `${title} is deleted, with its narrations.`,
    hide: (isHidden) => hide(id, isHidden),
    drop: () => drop(id),
    send: async () => {
      const answer = await inWords(async () => (await change(DELETE_STORY, { id })).deleteStory);
      if (typeof answer === "string") return answer;
      return answer.__typename === "StoryInUseError" ? answer.message : undefined;
    },
  });
}
