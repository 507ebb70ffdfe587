/** Files, and texts, that are dropped or pasted anywhere on the page: each becomes a new story. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { take, takeText } from "./taking.tsx";

const hasFiles = (data: DataTransfer | null): data is DataTransfer => data?.types.includes("Files") ?? false;
const isField = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && target.matches("input, textarea, select, [contenteditable]");

/** Says, while a file is over the page, what will become of it. */
export function FilesAtHand() {
  const isOver = useSignal(false);
  useEffect(() => {
    const over = (event: DragEvent) => {
      if (!hasFiles(event.dataTransfer)) return;
      event.preventDefault();
      isOver.value = true;
    };
    const leave = (event: DragEvent) => {
      if (event.relatedTarget === null) isOver.value = false;
    };
    const drop = (event: DragEvent) => {
      if (!hasFiles(event.dataTransfer)) return;
      event.preventDefault();
      isOver.value = false;
      void take([...event.dataTransfer.files]);
    };
    const paste = (event: ClipboardEvent) => {
      const data = event.clipboardData;
      const text = data?.getData("text/plain");
      // Some programs put a picture of the text beside it.
      if (text && isField(event.target)) return;
      if (!text && !hasFiles(data)) return;
      event.preventDefault();
      if (text) takeText(text);
      else void take([...data!.files]);
    };
    addEventListener("dragover", over);
    addEventListener("dragleave", leave);
    addEventListener("drop", drop);
    addEventListener("paste", paste);
    return () => {
      removeEventListener("dragover", over);
      removeEventListener("dragleave", leave);
      removeEventListener("drop", drop);
      removeEventListener("paste", paste);
    };
  }, []);
  return isOver.value ? <p class="drop-here">Drop it: the file becomes a story</p> : null;
}
