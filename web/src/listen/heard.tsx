/** A narration that is ready: the player, the text beside it, and what else there is to it. */
import { useSignal, type Signal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import type { Row } from "../api/operations.ts";
import { Problem } from "../ui/parts.tsx";
import { After } from "./after.tsx";
import { Controls, Speed } from "./controls.tsx";
import { Keyboard } from "./keyboard.tsx";
import { Log } from "./log.tsx";
import { GoOn } from "./place.tsx";
import { Player } from "./player.ts";
import type { Reading } from "./reading.ts";
import { Save } from "./save.tsx";
import { Seek } from "./seek.tsx";
import type { Source } from "./source.ts";
import { tellSystem } from "./system.ts";
import { Text } from "./text.tsx";

export function Heard({ source, row }: { source: Source; row: Row }) {
  const player = useMemo(
    () =>
      new Player(
        { known: () => source.known("resultUrl"), fresh: () => source.fresh("resultUrl") },
        row.durationSeconds ?? 0,
      ),
    [source],
  );
  const dock = useRef<HTMLElement>(null);
  const reading = useSignal<Reading | undefined>(undefined);
  useEffect(() => () => player.close(), [player]);
  useEffect(() => tellSystem(player, row), [player, row.story.title]);
  return (
    <div class="heard">
      <div class="side">
        <section ref={dock} class="player" aria-label="Listen">
          <Sound player={player} />
          <ComeBack reading={reading} />
          <GoOn id={row.id} player={player} />
          <Seek player={player} />
          {player.problem.value && <Problem retry={() => player.play()}>{player.problem}</Problem>}
          <div class="deck">
            <Controls player={player} />
            <div class="ways">
              <Speed player={player} />
              <Keyboard player={player} />
            </div>
          </div>
        </section>
        <div class="beside">
          <Save source={source} />
          <After row={row} />
          <Log narration={source.narration.value} />
        </div>
      </div>
      <section class="text" aria-label="Text">
        <Text source={source} player={player} dock={dock} reading={reading} />
      </section>
    </div>
  );
}

function ComeBack({ reading }: { reading: Signal<Reading | undefined> }) {
  if (!reading.value?.isAway.value) return null;
  return (
    <button type="button" class="come-back" onClick={() => reading.peek()?.comeBack()}>
      Back to what is spoken
    </button>
  );
}

/** The sound itself, which is not seen. */
function Sound({ player }: { player: Player }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => place.current!.append(player.audio), [player]);
  return <div ref={place} hidden />;
}
