import { useSignal } from "@preact/signals";
import type { Row } from "../api/operations.ts";
import { limited, narrate, type Problem } from "./actions.ts";

interface Props {
  row: Row;
  look: "primary" | "quiet" | undefined;
  /** Whether the button says of what, to those who do not see what it stands beside. */
  isNamed?: boolean;
  /** Told nothing when it is asked for; then what came of it. */
  answered: (answer: Row | Problem) => void;
}

/** Narrates the story of a narration that has ended once more, by the same voice. */
export function NarrateAgain({ row: { id, story, voice }, look, isNamed, answered }: Props) {
  const isBusy = useSignal(false);
  const pressed = async () => {
    answered(undefined);
    isBusy.value = true;
    const answer = await narrate(story.id, `again ${id}`, voice.id);
    isBusy.value = false;
    answered(answer);
  };
  return (
    <button
      type="button"
      class={look}
      disabled={isBusy.value || limited.value !== undefined}
      onClick={() => void pressed()}
    >
      {isBusy.value ? "Starting …" : "Narrate again"}
      {isNamed && <span class="unseen"> {story.title}</span>}
    </button>
  );
}
