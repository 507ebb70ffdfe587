/** The list of stories. */
import { computed } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Row } from "../api/operations.ts";
import { NAMES, stateOf } from "../generations/states.ts";
import { find, ids } from "../live/generations.ts";
import { link } from "../routes.ts";
import { everyMinute } from "../ui/now.ts";
import { Empty, Problem, Waiting } from "../ui/parts.tsx";
import { Sentinel } from "../ui/sentinel.tsx";
import { ago } from "../ui/time.ts";
import { failure, hasMore, more, refresh, state, stories, tryAgain } from "./list.ts";

/** The newest narration of each story, of those that are known. */
const newest = computed(() => {
  const found = new Map<string, Row>();
  for (const id of ids.value) {
    const row = find(id)!.value;
    if (!found.has(row.story.id)) found.set(row.story.id, row);
  }
  return found;
});

export function StoryList({ current }: { current: string | undefined }) {
  useEffect(() => void (state.peek() === "new" ? more() : refresh()), []);
  const shown = stories.value;
  if (!shown.length && state.value !== "ready" && !failure.value)
    return <Waiting rows={4} label="Loading stories" />;
  return (
    <>
      {shown.length > 0 && (
        <ul class="shelf-list">
          {shown.map(({ id, title, updatedAt }) => (
            <li key={id}>
              <a href={link({ page: "story", id })} aria-current={id === current ? "true" : undefined}>
                <span class="shelf-title" dir="auto">
                  {title}
                </span>
                <span class="shelf-facts">
                  <span>{ago(updatedAt, everyMinute.value)}</span>
                  <Newest id={id} />
                </span>
              </a>
            </li>
          ))}
        </ul>
      )}
      {!shown.length && !hasMore.value && (
        <Empty title="No stories yet.">
          <p>Write one, paste one, or drop a .txt or .md file here.</p>
        </Empty>
      )}
      {failure.value ? (
        <Problem retry={() => void tryAgain()}>{failure.value}</Problem>
      ) : (
        hasMore.value &&
        state.value === "ready" && <Sentinel key={shown.length} reached={() => void more()} />
      )}
    </>
  );
}

function Newest({ id }: { id: string }) {
  const row = newest.value.get(id);
  if (!row) return null;
  const state = stateOf(row);
  return (
    <span class={`state state-${state}`}>
      {NAMES[state]}
      {state === "narrating" && ` ${row.progress} %`}
    </span>
  );
}
