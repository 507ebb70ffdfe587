/** The buttons of the player. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { SPEEDS } from "./memory.ts";
import type { Player } from "./player.ts";
import { SKIP } from "./steps.ts";

export function Controls({ player }: { player: Player }) {
  return (
    <div class="controls" role="group" aria-label="Player">
      <Control label="Previous sentence" press={() => player.previousSentence()}>
        <path d="M6 5v14M18 6l-8 6 8 6z" />
      </Control>
      <Control label={`Back ${SKIP} seconds`} press={() => player.skip(-SKIP)}>
        <path d="M4 12a8 8 0 1 0 3-6.2M7 2v4h4" />
        <text x="12" y="15.5">
          {SKIP}
        </text>
      </Control>
      <PlayButton player={player} />
      <Control label={`Forward ${SKIP} seconds`} press={() => player.skip(SKIP)}>
        <path d="M20 12a8 8 0 1 1-3-6.2M17 2v4h-4" />
        <text x="12" y="15.5">
          {SKIP}
        </text>
      </Control>
      <Control label="Next sentence" press={() => player.nextSentence()}>
        <path d="M18 5v14M6 6l8 6-8 6z" />
      </Control>
    </div>
  );
}

function PlayButton({ player }: { player: Player }) {
  const isPlaying = player.isPlaying.value;
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    // What had the focus before it was ready is gone.
    if (document.activeElement === document.body) button.current?.focus({ preventScroll: true });
  }, []);
  return (
    <button
      ref={button}
      type="button"
      class="primary play"
      aria-label={isPlaying ? "Pause" : "Play"}
      data-waiting={isPlaying && player.isWaiting.value ? "true" : undefined}
      onClick={() => player.toggle()}
    >
      <svg viewBox="0 0 24 24" aria-hidden="true">
        <path d={isPlaying ? "M7 5h3.5v14H7zM13.5 5H17v14h-3.5z" : "M8 4.5v15l12-7.5z"} />
      </svg>
    </button>
  );
}

function Control({
  label,
  press,
  children,
}: {
  label: string;
  press: () => void;
  children: ComponentChildren;
}) {
  return (
    <button type="button" class="control" aria-label={label} title={label} onClick={press}>
      <svg viewBox="0 0 24 24" aria-hidden="true">
        {children}
      </svg>
    </button>
  );
}

export function Speed({ player }: { player: Player }) {
  return (
    <label class="speed">
      <span>Speed</span>
      <select
        value={player.speed.value}
        onChange={(event) => player.setSpeed(Number(event.currentTarget.value))}
      >
        {SPEEDS.map((speed) => (
          <option key={speed} value={speed}>
            {speed} ×
          </option>
        ))}
      </select>
    </label>
  );
}
