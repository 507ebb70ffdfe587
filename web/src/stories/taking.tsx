/** Taking a text file as a new story, unsaved. */
import { useRef } from "preact/hooks";
import { owner } from "../api/session.ts";
import { go } from "../routes.ts";
import { tell } from "../ui/toasts.tsx";
import { keepDraft, readDraft, TAKEN } from "./drafts.ts";
import { NoStory, readTextFile } from "./files.ts";

/** The file becomes a new story; one that is being written already is not lost. What is wrong is told. */
export async function take(files: readonly File[]): Promise<void> {
  if (!files.length) return;
  if (files.length > 1) return tell("One file at a time, please: each becomes a story.", "bad");
  try {
    const { title, content } = await readTextFile(files[0]!);
    const user = owner.peek()!.id;
    const before = readDraft(user, "new");
    if (before?.content.trim()) return tell("Save or discard the new story first; then drop the file again.", "bad");
    if (!keepDraft(user, "new", { title, content, base: "" })) {
      return tell("There is no room in this browser for that file: paste its text instead.", "bad");
    }
    dispatchEvent(new Event(TAKEN));
    go({ page: "new-story" });
  } catch (error) {
    if (!(error instanceof NoStory)) throw error;
    tell(error.message, "bad");
  }
}

/** For those who cannot drop files. */
export function OpenFile() {
  const field = useRef<HTMLInputElement>(null);
  return (
    <>
      <button type="button" onClick={() => field.current?.click()}>
        Open a file …
      </button>
      <input
        ref={field}
        type="file"
        hidden
        aria-label="A text file"
        accept=".txt,.text,.md,.markdown,text/plain,text/markdown"
        onChange={(event) => {
          void take([...(event.currentTarget.files ?? [])]);
          event.currentTarget.value = "";
        }}
      />
    </>
  );
}
