/** What can be done with a narration that has ended, and why one failed. */
import { useSignal } from "@preact/signals";
import type { Row } from "../api/operations.ts";
import { remove } from "../generations/actions.ts";
import { NarrateAgain } from "../generations/again.tsx";
import { LimitNote } from "../generations/limit.tsx";
import { stateOf } from "../generations/states.ts";
import { go, link } from "../routes.ts";
import { Problem } from "../ui/parts.tsx";
import { asksForChange, remedyOf } from "./words.ts";

export function Failed({ row }: { row: Row }) {
  const isCanceled = stateOf(row) === "canceled";
  return (
    <section class="failed" aria-labelledby="failed-title">
      <h2 id="failed-title">{isCanceled ? "This narration was canceled" : "This narration failed"}</h2>
      {!isCanceled && <p class="failed-why">{row.error?.message.replace(/(?<![.!?])$/, ".")}</p>}
      <p>{remedyOf(row)}</p>
      <After row={row} />
    </section>
  );
}

/** Narrate again, delete, and where its text can be changed. */
export function After({ row }: { row: Row }) {
  const problem = useSignal<string | undefined>(undefined);
  const { story } = row;
  const answered = (answer: Row | string | undefined) => {
    problem.value = typeof answer === "string" ? answer : undefined;
    if (typeof answer === "object") go({ page: "narration", id: answer.id });
  };
  const leave = () => {
    remove(row);
    go({ page: "narrations", status: undefined });
  };
  const isFailed = row.status === "FAILED";
  const mustChange = asksForChange(row);
  return (
    <div class="after">
      <a class={mustChange ? "button primary" : "button"} href={link({ page: "story", id: story.id })}>
        Open the story
      </a>
      <NarrateAgain row={row} look={isFailed && !mustChange ? "primary" : undefined} answered={answered} />
      <button type="button" class="quiet" onClick={leave}>
        Delete
      </button>
      {problem.value && <Problem>{problem.value}</Problem>}
      <LimitNote />
    </div>
  );
}
