/** The story on the desk: there yet, or not, or not any more. */
import { useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { WholeStory } from "../api/operations.ts";
import { owner } from "../api/session.ts";
import { onComeback } from "../api/socket.ts";
import { wordsOf } from "../api/unanswered.ts";
import { Empty, PageTitle, Problem, Waiting } from "../ui/parts.tsx";
import { readStory } from "./actions.ts";
import { forgetDraft, readDraft } from "./drafts.ts";
import { hidden, stories } from "./list.ts";
import { Sheet } from "./sheet.tsx";
import { begin } from "./taking.tsx";

/** `id` is undefined for a story to be. Once that is saved, the same editor goes on with its id. `missing` is told. */
export function Editor({ id, missing }: { id: string | undefined; missing: () => void }) {
  const saved = useSignal<WholeStory | undefined>(undefined);
  const state = useSignal<"loading" | "ready" | "missing">(id === undefined ? "ready" : "loading");
  const failure = useSignal<string | undefined>(undefined);
  const known = useRef(id);
  known.current = id;
  const load = async () => {
    if (known.current === undefined) return;
    failure.value = undefined;
    try {
      saved.value = await readStory(known.current);
      state.value = saved.value ? "ready" : "missing";
      if (!saved.value) missing();
    } catch (error) {
      failure.value = wordsOf(error);
    }
  };
  useEffect(() => void load(), []);
  useEffect(() => onComeback(() => failure.peek() && void load()), []);
  useSignalEffect(() => {
    const listed = stories.value.find((story) => story.id === id);
    // It was changed in another place.
    if (listed && saved.peek() && listed.updatedAt > saved.peek()!.updatedAt) void load();
  });
  if (id !== undefined && hidden.ids.value.has(id)) {
    return (
      <section class="desk">
        <PageTitle title="Deleted">This story is being deleted</PageTitle>
        <Empty title="It can be undone for a moment yet." />
      </section>
    );
  }
  if (failure.value && !saved.value) {
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
          <Orphan id={id!} />
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

/** What was typed over a story that is gone can become another. */
function Orphan({ id }: { id: string }) {
  const user = owner.peek()!.id;
  const draft = readDraft(user, id);
  if (!draft) return null;
  return (
    <>
      <p>What you wrote, and did not save, is kept.</p>
      <button type="button" class="primary" onClick={() => begin(draft) && forgetDraft(user, id)}>
        Make it a new story
      </button>
    </>
  );
}
