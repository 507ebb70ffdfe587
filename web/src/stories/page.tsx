/** The stories, and the one that is being read or written beside them. */
import { useSignal } from "@preact/signals";
import { GenerationList } from "../generations/list.tsx";
import { listOfStory, OF_A_STORY } from "../live/following.ts";
import type { Route } from "../routes.ts";
import { Empty, PageTitle } from "../ui/parts.tsx";
import { deskOf } from "./desks.ts";
import { Editor } from "./editor.tsx";
import { StoryList } from "./shelf.tsx";
import { OpenFile } from "./taking.tsx";

type Here = Extract<Route, { page: "stories" | "new-story" | "story" }>;

export function StoriesPage({ here }: { here: Here }) {
  const missing = useSignal<string | undefined>(undefined);
  const id = here.page === "story" ? here.id : undefined;
  return (
    <div class={`page stories stories-${here.page}`}>
      <section class="shelf" aria-label="Stories">
        <div class="page-head">
          {here.page === "stories" ? <PageTitle title="Stories">Stories</PageTitle> : <h2>Stories</h2>}
          <a class="button primary" href="#/stories/new">
            New story
          </a>
        </div>
        <StoryList current={id} />
      </section>
      {here.page === "stories" ? (
        <div class="desk desk-empty">
          <Empty title="Pick a story, or write one.">
            <p>You can drop a .txt or .md file anywhere on this page, or</p>
            <OpenFile />
          </Empty>
        </div>
      ) : (
        <Editor key={deskOf(id)} id={id} missing={() => (missing.value = id)} />
      )}
      {id && id !== missing.value && (
        <aside class="takes" aria-label="Narrations of this story">
          <h2>Narrations</h2>
          <Takes key={id} id={id} />
        </aside>
      )}
    </div>
  );
}

function Takes({ id }: { id: string }) {
  const view = useSignal(listOfStory(id)).value;
  return (
    <>
      <GenerationList
        view={view}
        label="Narrations of this story"
        of="story"
        empty={<p class="hint">None yet. “Narrate” makes the first.</p>}
      />
      {view.ids.value.length >= OF_A_STORY && <a href="#/narrations">All narrations</a>}
    </>
  );
}
