/** One narration in a list, live. */
import { useSignal } from "@preact/signals";
import type { Row } from "../api/operations.ts";
import { find, isFinal } from "../live/generations.ts";
import { link } from "../routes.ts";
import { everyMinute } from "../ui/now.ts";
import { ago, inFull } from "../ui/time.ts";
import { cancel, remove, type Problem } from "./actions.ts";
import { NarrateAgain } from "./again.tsx";
import { timeLeft } from "./left.ts";
import { detail, NAMES, stateOf } from "./states.ts";

/** `of`: what the list is of; in a story's own list its title is not said again. */
export function GenerationRow({ id, of }: { id: string; of: "all" | "story" }) {
  const row = find(id)?.value;
  const problem = useSignal<Problem>(undefined);
  if (!row) return null;
  const state = stateOf(row);
  const { story, createdAt, attempts } = row;
  const when = ago(createdAt, everyMinute.value);
  return (
    <li class="row" data-id={id} data-state={state}>
      <div class="row-text">
        <a class="row-title" dir="auto" href={link({ page: "narration", id })}>
          {of === "all" ? story.title : `Narration, ${when}`}
        </a>
        <p class="row-facts">
          <Progress row={row} />
          {attempts > 1 && <span>attempt {attempts}</span>}
          {of === "all" && (
            <time dateTime={createdAt} title={inFull(createdAt)}>
              {when}
            </time>
          )}
        </p>
      </div>
      <Actions row={row} tell={(words) => (problem.value = words)} />
      {!isFinal(row) && (
        <progress
          class="row-progress"
          max={100}
          value={row.progress}
          aria-label={`Progress of ${story.title}`}
        />
      )}
      {problem.value && (
        <p class="row-problem" role="alert">
          {problem.value}
        </p>
      )}
    </li>
  );
}

function Progress({ row }: { row: Row }) {
  const state = stateOf(row);
  const more = detail(row, state === "narrating" ? timeLeft(row) : undefined);
  return (
    <span class={`state state-${state}`}>
      <strong>{NAMES[state]}</strong>
      {more && <span> {more}</span>}
    </span>
  );
}

function Actions({ row, tell }: { row: Row; tell: (words: Problem) => void }) {
  const busy = useSignal(false);
  const { story } = row;
  const pressed = async () => {
    tell(undefined);
    busy.value = true;
    tell(await cancel(row.id));
    busy.value = false;
    // The button that had the focus has gone.
    requestAnimationFrame(() => {
      if (document.activeElement === document.body)
        document.querySelector<HTMLElement>(`[data-id="${row.id}"] a`)?.focus();
    });
  };
  if (!isFinal(row)) {
    return (
      <div class="row-actions">
        <button type="button" class="quiet" disabled={busy.value} onClick={() => void pressed()}>
          Cancel<span class="unseen"> the narration of {story.title}</span>
        </button>
      </div>
    );
  }
  return (
    <div class="row-actions">
      {row.status === "SUCCEEDED" && (
        <a class="button" href={link({ page: "narration", id: row.id })}>
          Listen<span class="unseen"> to {story.title}</span>
        </a>
      )}
      <NarrateAgain
        row={row}
        look="quiet"
        isNamed
        answered={(answer) => tell(typeof answer === "string" ? answer : undefined)}
      />
      <button type="button" class="quiet" onClick={() => remove(row)}>
        Delete<span class="unseen"> the narration of {story.title}</span>
      </button>
    </div>
  );
}
