/** The button that starts a narration. It tells what comes next. */
import { computed, signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { ask } from "../api/client.ts";
import { VOICES, type Voice } from "../api/operations.ts";
import { limited, narrate } from "../generations/actions.ts";
import { inWords } from "../api/unanswered.ts";
import { LimitNote } from "../generations/limit.tsx";
import { stateOf } from "../generations/states.ts";
import { find } from "../live/generations.ts";
import { link } from "../routes.ts";
import { Problem } from "../ui/parts.tsx";
import type { Writing } from "./writing.ts";

const voices = signal<readonly Voice[]>([]);
const chosen = signal<string | undefined>(undefined);
const hasChoice = computed(() => voices.value.length > 1);

export function Narrate({ id, writing }: { id: string | undefined; writing: Writing }) {
  const { content, isChanged } = writing;
  const busy = useSignal(false);
  const problem = useSignal<string | undefined>(undefined);
  const begun = useSignal<string | undefined>(undefined);
  useEffect(() => void loadVoices(), []);
  const start = async () => {
    busy.value = true;
    problem.value = begun.value = undefined;
    try {
      const story = await writing.save();
      const answer = story && (await narrate(story.id, story.updatedAt, chosen.peek()));
      if (typeof answer === "string") problem.value = answer;
      else begun.value = answer?.id;
    } finally {
      busy.value = false;
    }
  };
  return (
    <div class="narrate">
      {hasChoice.value && (
        <>
          <label for="voice">Voice</label>
          <select
            id="voice"
            value={chosen.value}
            onChange={(event) => (chosen.value = event.currentTarget.value)}
          >
            {voices.value.map((voice) => (
              <option key={voice.id} value={voice.id}>
                {voice.name}
              </option>
            ))}
          </select>
        </>
      )}
      <button
        type="button"
        class="primary"
        aria-describedby="narrate-next"
        disabled={busy.value || limited.value !== undefined || !content.value.trim()}
        onClick={() => void start()}
      >
        {busy.value ? "Starting …" : isChanged.value ? "Save and narrate" : "Narrate"}
      </button>
      <p id="narrate-next" class="hint">
        <Begun id={begun.value} /> {next(id, content.value, isChanged.value, begun.value !== undefined)}
      </p>
      {problem.value && <Problem>{problem.value}</Problem>}
      <LimitNote />
    </div>
  );
}

/** The narration that was started here, and where to follow or hear it. */
function Begun({ id }: { id: string | undefined }) {
  const row = id === undefined ? undefined : find(id)?.value;
  if (!row) return null;
  const to = link({ page: "narration", id: row.id });
  switch (stateOf(row)) {
    case "ready":
      return (
        <>
          It is ready: <a href={to}>listen to it</a>.
        </>
      );
    case "failed":
    case "canceled":
      return (
        <>
          It has ended: <a href={to}>see why</a>.
        </>
      );
    default:
      return (
        <>
          It has begun: <a href={to}>follow it live</a>.
        </>
      );
  }
}

/** What the button will do. */
function next(id: string | undefined, content: string, isChanged: boolean, isBegun: boolean): string {
  if (!content.trim()) return "Write or paste a story first.";
  if (isChanged) return id ? "Saves your changes, then narrates them." : "Saves the story, then narrates it.";
  return isBegun ? "" : "Starts at once; you can follow it live, go on writing, or leave.";
}

async function loadVoices(): Promise<void> {
  if (voices.peek().length) return;
  const answer = await inWords(async () => await ask(VOICES, {}));
  if (typeof answer !== "string") {
    voices.value = answer.voices;
    chosen.value ??= answer.voices[0]?.id;
  }
}
