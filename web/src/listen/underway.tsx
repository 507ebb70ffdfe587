/** A narration that waits or is being made. */
import { useSignal } from "@preact/signals";
import type { Row } from "../api/operations.ts";
import { cancel } from "../generations/actions.ts";
import { timeLeft } from "../generations/left.ts";
import { NAMES, stateOf, WAITS } from "../generations/states.ts";
import { Problem } from "../ui/parts.tsx";
import { spoken } from "../ui/time.ts";

export function Underway({ row }: { row: Row }) {
  const state = stateOf(row);
  const isBegun = state === "narrating";
  return (
    <section class="underway" aria-label="Progress">
      <p class="underway-figure">{isBegun ? `${row.progress} %` : NAMES[state]}</p>
      <progress max={100} value={row.progress} aria-label={`Progress of ${row.story.title}`} />
      <p class="underway-left">{isBegun ? <Left row={row} /> : `It ${WAITS}.`}</p>
      <p class="hint">When it is ready it can be heard here. You may leave: it goes on by itself.</p>
      <Cancel row={row} />
    </section>
  );
}

function Left({ row }: { row: Row }) {
  const left = timeLeft(row);
  return <>{left === undefined ? "Narrating …" : `About ${spoken(left)} left`}</>;
}

function Cancel({ row }: { row: Row }) {
  const isBusy = useSignal(false);
  const problem = useSignal<string | undefined>(undefined);
  const pressed = async () => {
    isBusy.value = true;
    problem.value = await cancel(row.id);
    isBusy.value = false;
  };
  return (
    <>
      <button type="button" disabled={isBusy.value} onClick={() => void pressed()}>
        {isBusy.value ? "Canceling …" : "Cancel the narration"}
      </button>
      {problem.value && <Problem>{problem.value}</Problem>}
    </>
  );
}
