/** The button that starts a narration. It tells what comes next. */
import { computed, useComputed, useSignal, type ReadonlySignal, type Signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { signal } from "@preact/signals";
import { ask } from "../api/client.ts";
import { VOICES, type Voice, type WholeStory } from "../api/operations.ts";
import { inWords, limited, narrate } from "../generations/actions.ts";
import { LimitNote } from "../generations/limit.tsx";
import { Problem } from "../ui/parts.tsx";

const voices = signal<readonly Voice[]>([]);
const chosen = signal<string | undefined>(undefined);
const hasChoice = computed(() => voices.value.length > 1);

interface Props {
  id: string | undefined;
  content: Signal<string>;
  isChanged: ReadonlySignal<boolean>;
  /** Saves what is changed; undefined where that failed, which is told elsewhere. */
  save: () => Promise<WholeStory | undefined>;
}

export function Narrate({ id, content, isChanged, save }: Props) {
  const busy = useSignal(false);
  const problem = useSignal<string | undefined>(undefined);
  const hint = useComputed(() => next(id, content.value, isChanged.value));
  useEffect(() => void loadVoices(), []);
  const start = async () => {
    busy.value = true;
    problem.value = undefined;
    const story = await save();
    if (story) {
      const answer = await narrate(story.id, story.updatedAt, chosen.peek());
      if (typeof answer === "string") problem.value = answer;
    }
    busy.value = false;
  };
  return (
    <div class="narrate">
      {hasChoice.value && (
        <>
          <label for="voice">Voice</label>
          <select id="voice" value={chosen.value} onChange={(event) => (chosen.value = event.currentTarget.value)}>
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
        {hint}
      </p>
      {problem.value && <Problem>{problem.value}</Problem>}
      <LimitNote />
    </div>
  );
}

function next(id: string | undefined, content: string, isChanged: boolean): string {
  if (!content.trim()) return "Write or paste a story first.";
  const saved = isChanged ? (id ? "Saves your changes, then starts" : "Saves the story, then starts") : "Starts at once";
  return `${saved}; you can follow it live, go on writing, or leave.`;
}

async function loadVoices(): Promise<void> {
  if (voices.peek().length) return;
  const answer = await inWords(async () => await ask(VOICES, {}));
  if (typeof answer !== "string") {
    voices.value = answer.voices;
    chosen.value ??= answer.voices[0]?.id;
  }
}
