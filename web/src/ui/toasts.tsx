/** Short messages at the page's edge, which go by themselves; among them deletions that can be undone. */
import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

export interface Toast {
  readonly id: number;
  readonly sentence: string;
  readonly tone: "plain" | "bad";
  readonly undo?: () => void;
}

const SHOWN_MS = 7_000;
/** More would hide the page: the oldest goes, and what it said is done. */
const MOST = 3;
const toasts = signal<readonly Toast[]>([]);
const ends = new Map<number, () => void>();
let last = 0;

export function tell(sentence: string, tone: Toast["tone"] = "plain"): void {
  add({ sentence, tone });
}

/**
 * Say what is about to be done, and do it when the time to undo it has passed. `begin` shows it as done,
 * `undo` as not done, `finish` does it. Whoever closes the page undoes no more: it is done then, too.
 */
export function soon(sentence: string, begin: () => void, undo: () => void, finish: () => void): void {
  begin();
  const id = add({
    sentence,
    tone: "plain",
    undo: () => {
      ends.delete(id);
      dismiss(id);
      undo();
    },
  });
  ends.set(id, finish);
}

addEventListener("pagehide", () => {
  for (const { id } of toasts.peek()) dismiss(id);
});

function add(toast: Omit<Toast, "id">): number {
  const id = (last += 1);
  for (const { id: old } of toasts.peek().slice(0, 1 - MOST)) dismiss(old);
  toasts.value = [...toasts.peek(), { ...toast, id }];
  return id;
}

function dismiss(id: number): void {
  toasts.value = toasts.peek().filter((toast) => toast.id !== id);
  const finish = ends.get(id);
  ends.delete(id);
  finish?.();
}

export function Toasts() {
  return (
    <section class="toasts" aria-label="Messages" aria-live="polite">
      {toasts.value.map((toast) => (
        <Shown key={toast.id} toast={toast} />
      ))}
    </section>
  );
}

function Shown({ toast }: { toast: Toast }) {
  const box = useRef<HTMLDivElement>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const wait = () => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => leave(), SHOWN_MS);
  };
  const leave = (how = () => dismiss(toast.id)) => {
    const hadFocus = box.current?.contains(document.activeElement);
    how();
    if (hadFocus) document.querySelector<HTMLElement>("main h1")?.focus();
  };
  const isRead = () => box.current?.querySelector(":focus-visible") != null;
  // Whoever reads it, or is about to press its button, has all the time.
  const hold = () => clearTimeout(timer.current);
  useEffect(() => {
    wait();
    // What had the focus may have gone with what was deleted.
    if (toast.undo && (!document.activeElement || document.activeElement === document.body)) {
      box.current?.querySelector("button")?.focus({ preventScroll: true });
    }
    return hold;
  }, []);
  return (
    <div
      ref={box}
      class={`toast toast-${toast.tone}`}
      role={toast.tone === "bad" ? "alert" : undefined}
      onMouseEnter={hold}
      onMouseLeave={() => !isRead() && wait()}
      onFocusOut={wait}
      onFocusIn={() => isRead() && hold()}
    >
      <p>{toast.sentence}</p>
      {toast.undo && (
        <button type="button" class="quiet" onClick={() => leave(toast.undo)}>
          Undo
        </button>
      )}
      <button type="button" class="icon" aria-label="Dismiss" onClick={() => leave()}>
        <Cross />
      </button>
    </div>
  );
}

function Cross() {
  return (
    <svg class="glyph" viewBox="0 0 16 16" aria-hidden="true">
      <path d="M4 4l8 8M12 4l-8 8" />
    </svg>
  );
}
