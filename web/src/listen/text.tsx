/** The narrated text, as it is heard. A click on a sentence plays from there. */
import { useSignal, type Signal } from "@preact/signals";
import type { RefObject } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { inWords, Unanswered } from "../api/unanswered.ts";
import { Empty, Problem, Waiting } from "../ui/parts.tsx";
import { paragraphs, parse, type Captions, type Cue } from "./captions.ts";
import type { Player } from "./player.ts";
import { readAlong, type Reading } from "./reading.ts";
import type { Source } from "./source.ts";

interface Props {
  source: Source;
  player: Player;
  /** What may cover the page's lower edge. */
  dock: RefObject<HTMLElement | null>;
  /** To be set once there is something to read. */
  reading: Signal<Reading | undefined>;
}

export function Text({ source, ...others }: Props) {
  const { player } = others;
  const state = useSignal<"loading" | "ready" | string>("loading");
  const load = async () => {
    state.value = "loading";
    const answer = await inWords(() => captionsOf(source));
    if (typeof answer === "string") return void (state.value = answer);
    player.captions.value = answer;
    state.value = "ready";
  };
  useEffect(() => void load(), [source, player]);
  if (state.value === "loading") return <Waiting rows={4} label="Loading the text" />;
  if (state.value !== "ready")
    return <Problem retry={() => void load()}>The text cannot be shown. {state}</Problem>;
  const { cues } = player.captions.value;
  if (!cues.length) return <Empty title="There is no text to this narration." />;
  return <Sentences cues={cues} {...others} />;
}

/** Throws Unanswered where they do not come, or not whole, or something else does. */
async function captionsOf(source: Source): Promise<Captions> {
  const known = source.known("captionsUrl");
  const found = (known && (await got(known))) || (await got(await source.fresh("captionsUrl")));
  if (!found) throw new Unanswered("Try again in a moment.");
  return found;
}

async function got(link: string): Promise<Captions | undefined> {
  try {
    const answer = await fetch(link, { credentials: "omit" });
    return answer.ok ? parse(await answer.text()) : undefined;
  } catch {
    return undefined;
  }
}

function Sentences({ cues, player, dock, reading }: { cues: readonly Cue[] } & Omit<Props, "source">) {
  const text = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const along = readAlong(text.current!, dock.current!, player);
    reading.value = along;
    return along.end;
  }, [cues]);
  // Drawn once: what is lit later changes two attributes, and no page of thousands of sentences.
  const drawn = useMemo(
    () =>
      paragraphs(cues).map(([first, after]) => (
        <p key={first}>
          {cues.slice(first, after).flatMap(({ text: said }, at) => [
            <span key={at} class="sentence" data-at={first + at}>
              {said}
            </span>,
            " ",
          ])}
        </p>
      )),
    [cues],
  );
  const clicked = (event: MouseEvent) => {
    const sentence = (event.target as Element).closest<HTMLElement>("[data-at]");
    // Who selects text does not go anywhere.
    if (!sentence || !getSelection()?.isCollapsed) return;
    player.seek(cues[Number(sentence.dataset.at)]!.start);
    player.play();
  };
  return (
    <div ref={text} class="sentences" onClick={clicked}>
      {drawn}
    </div>
  );
}
