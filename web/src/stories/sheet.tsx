/** Writing a story. What is not saved is kept in the browser, and told as such. */
import type { Signal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import type { WholeStory } from "../api/operations.ts";
import { owner } from "../api/session.ts";
import { find, unfinished } from "../live/generations.ts";
import { go } from "../routes.ts";
import { PageTitle, Problem } from "../ui/parts.tsx";
import { inFull } from "../ui/time.ts";
import { removeStory } from "./actions.ts";
import { Length } from "./length.tsx";
import { Narrate } from "./narrate.tsx";
import { OpenFile } from "./taking.tsx";
import { Writing } from "./writing.ts";

export function Sheet({ id, saved }: { id: string | undefined; saved: Signal<WholeStory | undefined> }) {
  const writing = useMemo(() => new Writing(owner.peek()!.id, id, saved), []);
  useEffect(() => writing.begin(), []);
  const keys = (event: KeyboardEvent) => {
    if (event.key.toLowerCase() !== "s" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    void writing.save();
  };
  const problems = writing.problems.value;
  const isChanged = writing.isChanged.value;
  const isInUse = unfinished.value.some((each) => find(each)!.value.story.id === id);
  const isEmpty = !writing.title.value && !writing.content.value;

  return (
    <section class="desk" aria-label="Editor" onKeyDown={keys}>
      <a class="back" href="#/stories">
        ← All stories
      </a>
      <PageTitle title={saved.value?.title ?? "New story"}>
        <span class="unseen">{saved.value?.title ?? "New story"}</span>
      </PageTitle>
      {writing.isOutdated.value && (
        <Problem>
          This story was changed elsewhere at {inFull(saved.value!.updatedAt)}, after you began. Saving
          replaces that with your text; “Discard changes” shows it.
        </Problem>
      )}
      <label class="unseen" for="title">
        Title
      </label>
      <textarea
        id="title"
        class="title-field"
        dir="auto"
        rows={1}
        value={writing.title}
        placeholder="Title"
        autocomplete="off"
        aria-invalid={problems.title !== undefined}
        aria-describedby="title-problem"
        onInput={(event) => writing.type("title", event.currentTarget.value.replace(/\s*\n\s*/g, " "))}
        onKeyDown={(event) => {
          if (event.key !== "Enter" || event.isComposing) return;
          event.preventDefault();
          document.getElementById("content")?.focus();
        }}
      />
      <p id="title-problem" class="field-problem" role="alert">
        {problems.title}
      </p>
      <label class="unseen" for="content">
        Story
      </label>
      <textarea
        id="content"
        class="content-field"
        dir="auto"
        value={writing.content}
        placeholder="Once upon a time …"
        aria-invalid={problems.content !== undefined}
        aria-describedby="content-problem content-length"
        onInput={(event) => writing.type("content", event.currentTarget.value)}
      />
      <p id="content-problem" class="field-problem" role="alert">
        {problems.content}
      </p>
      <Length content={writing.content} isChanged={writing.isChanged} />
      {writing.hasNoRoom.value && (
        <Problem>There is no room in this browser to keep what is not saved: save it soon.</Problem>
      )}
      {problems.form && <Problem>{problems.form}</Problem>}
      <div class="desk-actions">
        <Narrate id={id} writing={writing} />
        <button
          type="button"
          disabled={writing.isSaving.value || !isChanged}
          onClick={() => void writing.save()}
        >
          {writing.isSaving.value ? "Saving …" : isChanged || !id ? "Save" : "Saved"}
        </button>
        {!id && isEmpty && <OpenFile />}
        {isChanged && (
          <button type="button" class="quiet" onClick={() => writing.discard()}>
            Discard changes
          </button>
        )}
        {id && (
          <button
            type="button"
            class="quiet push"
            disabled={isInUse}
            aria-describedby={isInUse ? "in-use" : undefined}
            onClick={() => {
              removeStory(id, saved.peek()!.title);
              go({ page: "stories" });
            }}
          >
            Delete story
          </button>
        )}
        {isInUse && (
          <p id="in-use" class="hint">
            It can be deleted when none of its narrations is underway.
          </p>
        )}
      </div>
    </section>
  );
}
