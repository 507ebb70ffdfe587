/** Small parts that the pages share. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

/** The page's heading, which gets the focus when the page is new, so that a reader begins there. */
export function PageTitle({ children, title }: { children: ComponentChildren; title: string }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · Storycast`;
  }, [title]);
  useEffect(() => heading.current?.focus({ preventScroll: true }), []);
  return (
    <h1 ref={heading} tabIndex={-1}>
      {children}
    </h1>
  );
}

/** Something that went wrong, said where it belongs. */
export function Problem({ children, retry }: { children: ComponentChildren; retry?: () => void }) {
  return (
    <div class="problem" role="alert">
      <p>{children}</p>
      {retry && (
        <button type="button" class="quiet" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

/** Nothing is here yet, and what to do about it. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <svg class="empty-mark" viewBox="0 0 96 32" aria-hidden="true">
        <path d="M4 16h10m6-4v8m8-14v20m8-12v4m8-10v16m8-22v28m8-20v12m8-10v8m8-6v4m6-2h10" />
      </svg>
      <p class="empty-title">{title}</p>
      {children}
    </div>
  );
}

/** Grey bars in the shape of what will be there. */
export function Waiting({ rows, label }: { rows: number; label: string }) {
  return (
    <div class="waiting" role="status">
      <span class="unseen">{label}</span>
      {Array.from({ length: rows }, (_, at) => (
        <div key={at} class="waiting-row" aria-hidden="true" />
      ))}
    </div>
  );
}
