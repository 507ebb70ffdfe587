import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { show } from "../live/following.ts";
import type { View } from "../live/view.ts";
import { Problem, Waiting } from "../ui/parts.tsx";
import { Sentinel } from "../ui/sentinel.tsx";
import { GenerationRow } from "./row.tsx";

interface Props {
  view: View;
  label: string;
  of: "all" | "story";
  /** What is said where there are none. */
  empty: ComponentChildren;
}

/** A list of narrations that keeps itself right, and goes on as one scrolls. */
export function GenerationList({ view, label, of, empty }: Props) {
  useEffect(() => show(view), [view]);
  const state = view.state.value;
  const failure = view.failure.value;
  const shown = view.ids.value;
  const more = () => void view.more();
  if (state !== "ready" && !shown.length && !failure) return <Waiting rows={3} label={`Loading: ${label}`} />;
  return (
    <>
      {shown.length > 0 && (
        <ul class="rows" aria-label={label}>
          {shown.map((id) => (
            <GenerationRow key={id} id={id} of={of} />
          ))}
        </ul>
      )}
      {!shown.length && state === "ready" && !view.hasMore && empty}
      {failure ? (
        <Problem retry={more}>{failure}</Problem>
      ) : (
        view.hasMore && (
          <>
            <Sentinel key={shown.length} reached={more} />
            <button type="button" class="quiet more" disabled={state === "loading"} onClick={more}>
              {state === "loading" ? "Loading …" : "Show more"}
            </button>
          </>
        )
      )}
    </>
  );
}
