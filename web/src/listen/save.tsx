/** Audio and captions as files. */
import { useSignal } from "@preact/signals";
import { inWords } from "../api/unanswered.ts";
import { Problem } from "../ui/parts.tsx";
import { toSave } from "./links.ts";
import type { Kind, Source } from "./source.ts";

const FILES: readonly { readonly kind: Kind; readonly name: string }[] = [
  { kind: "resultUrl", name: "Audio (MP3)" },
  { kind: "captionsUrl", name: "Captions (WebVTT)" },
];

export function Save({ source }: { source: Source }) {
  const problem = useSignal<string | undefined>(undefined);
  const saveFresh = async (kind: Kind) => {
    problem.value = undefined;
    const answer = await inWords(async () => ({ link: await source.fresh(kind) }));
    if (typeof answer === "string") problem.value = answer;
    else openToSave(answer.link);
  };
  return (
    <section class="save" aria-labelledby="save-title">
      <h2 id="save-title">Download</h2>
      <p class="save-links">
        {FILES.map(({ kind, name }) => {
          const link = source.narration.value?.[kind];
          if (!link) return null;
          const clicked = (event: MouseEvent) => {
            if (source.known(kind)) return;
            event.preventDefault();
            void saveFresh(kind);
          };
          return (
            <a key={kind} class="button" {...target(link)} onClick={clicked}>
              {name}
            </a>
          );
        })}
      </p>
      {problem.value && <Problem>{problem.value}</Problem>}
    </section>
  );
}

/** A bucket may show the file instead of having it saved: not in place of this page. */
function target(link: string) {
  const href = toSave(link);
  return href === link ? { href, download: "", target: "_blank", rel: "noopener" } : { href, download: "" };
}

function openToSave(link: string): void {
  const anchor = Object.assign(document.createElement("a"), target(link));
  anchor.click();
}
