/** Taking a text file as a new story, unsaved. */
import { useRef } from "preact/hooks";
import { owner } from "../api/session.ts";
import { go } from "../routes.ts";
import { tell } from "../ui/toasts.tsx";
import { keepDraft, readDraft, TAKEN } from "./drafts.ts";
import { NoStory, readTextFile, type TextFile } from "./files.ts";

/** The file becomes a new story; one that is being written already is not lost. What is wrong is told. */
export async function take(files: readonly File[]): Promise<void> {
  if (!files.length) return;
  if (files.length > 1) return tell("One file at a time, please: each becomes a story.", "bad");
  try {
    begin(await readTextFile(files[0]!));
  } catch (error) {
    if (!(error instanceof NoStory)) throw error;
    tell(error.message, "bad");
  }
}

/** A text that was pasted where there is no field for it. */
export const takeText = (content: string): void => void begin({ title: "", content });

/** Put it on the blank desk, and go there; whether there was room for it. What was not saved there is not lost. */
export function begin({ title, content }: TextFile): boolean {
  const user = owner.peek()!.id;
  const isTaken = readDraft(user, "new")?.content.trim();
  if (isTaken) tell("Save or discard the new story first; then try again.", "bad");
  else if (!keepDraft(user, "new", { title, content, base: "" })) {
    tell("There is no room in this browser to keep it: open a new story, and paste the text there.", "bad");
  } else {
    dispatchEvent(new Event(TAKEN));
    go({ page: "new-story" });
    return true;
  }
  return false;
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
