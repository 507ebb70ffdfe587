/** Writing a story. What is not saved is kept in the browser, and told as such. */
import { batch, useComputed, useSignal, useSignalEffect, type Signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Unanswered } from "../api/client.ts";
import type { WholeStory } from "../api/operations.ts";
import { owner } from "../api/session.ts";
import { onComeback } from "../api/socket.ts";
import { go } from "../routes.ts";
import { Empty, PageTitle, Problem, Waiting } from "../ui/parts.tsx";
import { announce } from "../live/announcements.ts";
import { inFull, plural } from "../ui/time.ts";
import { readStory, removeStory, writeStory, type Problems } from "./actions.ts";
import { forgetDraft, keepDraft, readDraft } from "./drafts.ts";
import { characters, LONG_CHARACTERS, MOST_CHARACTERS, MOST_TITLE_CHARACTERS } from "./estimate.ts";
import { adopt } from "./desks.ts";
import { Length } from "./length.tsx";
import { put, stories } from "./list.ts";
import { Narrate } from "./narrate.tsx";
import { OpenFile } from "./taking.tsx";

/** `id` is undefined for a story to be. Once that is saved, the same editor goes on with its id. */
export function Editor({ id }: { id: string | undefined }) {
  const saved = useSignal<WholeStory | undefined>(undefined);
  const state = useSignal<"loading" | "ready" | "missing">(id === undefined ? "ready" : "loading");
  const failure = useSignal<string | undefined>(undefined);
  const load = async () => {
    failure.value = undefined;
    try {
      saved.value = await readStory(id!);
      state.value = saved.value ? "ready" : "missing";
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error;
      failure.value = error.message;
    }
  };
  useEffect(() => void (id !== undefined && load()), []);
  useEffect(() => onComeback(() => failure.peek() && void load()), []);
  useSignalEffect(() => {
    const listed = stories.value.find((story) => story.id === id);
    // It was changed in another place.
    if (listed && saved.peek() && listed.updatedAt > saved.peek()!.updatedAt) void load();
  });
  if (failure.value) {
    return (
      <section class="desk">
        <Problem retry={load}>{failure.value}</Problem>
      </section>
    );
  }
  if (state.value === "missing") {
    return (
      <section class="desk">
        <PageTitle title="Not found">This story is not there</PageTitle>
        <Empty title="It was deleted, or it is not yours.">
          <a href="#/stories">Go to your stories</a>
        </Empty>
      </section>
    );
  }
  if (state.value === "loading") {
    return (
      <section class="desk">
        <Waiting rows={6} label="Loading the story" />
      </section>
    );
  }
  return <Sheet id={id} saved={saved} />;
}

const KEEP_MS = 400;

function Sheet({ id, saved }: { id: string | undefined; saved: Signal<WholeStory | undefined> }) {
  const user = owner.peek()!.id;
  const kept = useRef(readDraft(user, id ?? "new")).current;
  const before = useRef(saved.peek());
  const title = useSignal(kept?.title ?? saved.peek()?.title ?? "");
  const content = useSignal(kept?.content ?? saved.peek()?.content ?? "");
  const base = useSignal(kept?.base ?? saved.peek()?.updatedAt ?? "");
  const problems = useSignal<Problems>({});
  const busy = useSignal(false);
  const noRoom = useSignal(false);
  const isChanged = useComputed(
    () => title.value !== (saved.value?.title ?? "") || content.value !== (saved.value?.content ?? ""),
  );
  const isOutdated = useComputed(() => saved.value !== undefined && isChanged.value && base.value !== saved.value.updatedAt);

  useSignalEffect(() => {
    const draft = { title: title.value, content: content.value, base: base.value };
    if (!isChanged.value) return forgetDraft(user, id ?? "new");
    const keep = () => void (noRoom.value = !keepDraft(user, id ?? "new", draft));
    // A long text is kept when the typing pauses.
    if (draft.content.length < LONG_CHARACTERS) return keep();
    const timer = setTimeout(keep, KEEP_MS);
    addEventListener("pagehide", keep);
    return () => {
      clearTimeout(timer);
      removeEventListener("pagehide", keep);
      keep();
    };
  });
  // What was changed elsewhere replaces what was not changed here.
  useSignalEffect(() => {
    const [old, story] = [before.current, saved.value];
    before.current = story;
    if (!old || !story || title.peek() !== old.title || content.peek() !== old.content) return;
    batch(() => ([title.value, content.value, base.value] = [story.title, story.content, story.updatedAt]));
  });
  useEffect(() => {
    const taken = () => {
      const draft = readDraft(user, "new");
      if (id === undefined && draft) [title.value, content.value] = [draft.title, draft.content];
    };
    addEventListener("storycast:draft", taken);
    return () => removeEventListener("storycast:draft", taken);
  }, []);

  /** The story as it is saved; undefined, with the reason shown, where it could not be. Twice at once is once. */
  const saving = useRef<ReturnType<typeof write>>(undefined);
  const save = () => (saving.current ??= write().finally(() => (saving.current = undefined)));
  const write = async (): Promise<WholeStory | undefined> => {
    if (!isChanged.peek() && saved.peek()) return saved.peek();
    problems.value = check(title.peek(), content.peek());
    if (Object.keys(problems.peek()).length) return undefined;
    busy.value = true;
    const sent = { title: title.peek(), content: content.peek() };
    const written = await writeStory(id, sent.title, sent.content);
    busy.value = false;
    if ("problems" in written) return void (problems.value = written.problems);
    saved.value = written.story;
    put(written.story);
    base.value = written.story.updatedAt;
    announce("Saved.");
    if (id === undefined) {
      forgetDraft(user, "new");
      adopt(written.story.id);
      go({ page: "story", id: written.story.id }, "replace");
    }
    return written.story;
  };
  const discard = () => {
    title.value = saved.peek()?.title ?? "";
    content.value = saved.peek()?.content ?? "";
    base.value = saved.peek()?.updatedAt ?? "";
    problems.value = {};
  };
  const keys = (event: KeyboardEvent) => {
    if (event.key.toLowerCase() !== "s" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    void save();
  };

  return (
    <section class="desk" aria-label="Editor" onKeyDown={keys}>
      <a class="back" href="#/stories">
        ← All stories
      </a>
      <PageTitle title={saved.value?.title ?? "New story"}>
        <span class="unseen">{saved.value?.title ?? "New story"}</span>
      </PageTitle>
      {isOutdated.value && (
        <Problem>
          This story was changed elsewhere at {inFull(saved.value!.updatedAt)}, after you began. Saving replaces that with
          your text; “Discard changes” shows it.
        </Problem>
      )}
      <label class="unseen" for="title">
        Title
      </label>
      <textarea
        id="title"
        class="title-field"
        rows={1}
        value={title.value}
        placeholder="Title"
        autocomplete="off"
        aria-invalid={problems.value.title !== undefined}
        aria-describedby="title-problem"
        onInput={(event) => (title.value = event.currentTarget.value.replace(/\s*\n\s*/g, " "))}
        onKeyDown={(event) => {
          if (event.key !== "Enter" || event.isComposing) return;
          event.preventDefault();
          document.getElementById("content")?.focus();
        }}
      />
      <p id="title-problem" class="field-problem" role="alert">
        {problems.value.title}
      </p>
      <label class="unseen" for="content">
        Story
      </label>
      <textarea
        id="content"
        class="content-field"
        value={content.value}
        placeholder="Once upon a time …"
        aria-invalid={problems.value.content !== undefined}
        aria-describedby="content-problem content-length"
        onInput={(event) => (content.value = event.currentTarget.value)}
      />
      <p id="content-problem" class="field-problem" role="alert">
        {problems.value.content}
      </p>
      <Length content={content} isChanged={isChanged} />
      {noRoom.value && <Problem>There is no room in this browser to keep what is not saved: save it soon.</Problem>}
      {problems.value.form && <Problem>{problems.value.form}</Problem>}
      <div class="desk-actions">
        <Narrate id={id} content={content} isChanged={isChanged} save={save} />
        <button type="button" disabled={busy.value || !isChanged.value} onClick={() => void save()}>
          {busy.value ? "Saving …" : isChanged.value || !id ? "Save" : "Saved"}
        </button>
        {!id && !content.value && <OpenFile />}
        {isChanged.value && (id || title.value || content.value) && (
          <button type="button" class="quiet" onClick={discard}>
            Discard changes
          </button>
        )}
        {id && (
          <button
            type="button"
            class="quiet push"
            onClick={() => {
              removeStory(id, saved.peek()!.title);
              go({ page: "stories" });
            }}
          >
            Delete story
          </button>
        )}
      </div>
    </section>
  );
}

/** What the server would refuse, said without asking it. */
function check(title: string, content: string): Problems {
  const over = characters(content) - MOST_CHARACTERS;
  return {
    ...(!title.trim() && { title: "A story needs a title." }),
    ...(characters(title) > MOST_TITLE_CHARACTERS && { title: `A title has at most ${MOST_TITLE_CHARACTERS} characters.` }),
    ...(!content.trim() && { content: "There is no text yet." }),
    ...(over > 0 && { content: `The text is ${plural(over, "character")} too long.` }),
  };
}
