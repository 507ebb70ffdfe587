/** The waveform, and the slider over it. */
import { computed, effect, signal, useComputed, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { clock } from "../ui/time.ts";
import { barsIn, fit, onLooks, paint, shape } from "./drawing.ts";
import type { Player } from "./player.ts";
import { LEAP, STEP } from "./steps.ts";
import { heights } from "./waveform.ts";
import { placeInWords } from "./words.ts";

const STEPS: Readonly<Record<string, number>> = {
  ArrowLeft: -STEP,
  ArrowDown: -STEP,
  ArrowRight: STEP,
  ArrowUp: STEP,
  PageDown: -LEAP,
  PageUp: LEAP,
};

export function Seek({ player }: { player: Player }) {
  return (
    <div class="seek">
      <Waveform player={player} />
      <Slider player={player} />
      <div class="times">
        <Elapsed player={player} />
        <span class="unseen"> of </span>
        <span>{clock(player.duration)}</span>
      </div>
    </div>
  );
}

function Waveform({ player }: { player: Player }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const place = canvas.current!;
    const looks = signal(0);
    const unlisten = onLooks(place, () => (looks.value += 1));
    let path = new Path2D();
    // To the pixel: what would look the same is not drawn again.
    const played = computed(
      () => Math.round((player.time.value / player.duration) * place.width) / place.width,
    );
    const stops = [
      effect(() => {
        void looks.value;
        fit(place);
        const bars = heights(player.captions.value, player.duration, barsIn(place.clientWidth));
        path = shape(bars, place.clientWidth, place.clientHeight);
        paint(place, path, played.peek());
      }),
      effect(() => paint(place, path, played.value)),
      unlisten,
    ];
    return () => stops.forEach((stop) => stop());
  }, [player]);
  return <canvas ref={canvas} class="waveform" aria-hidden="true" />;
}

function Slider({ player }: { player: Player }) {
  const said = useSignal(placeInWords(0));
  const slider = useRef<HTMLInputElement>(null);
  useEffect(() => {
    let told = 0;
    return effect(() => {
      const now = placeInWords(player.time.value);
      // Who listens is not to be told each second; who moves it is.
      const isHeard = player.isPlaying.peek() && document.activeElement === slider.current;
      if (!isHeard || player.jumps.value !== told) said.value = now;
      told = player.jumps.value;
    });
  }, [player]);
  const pressed = (event: KeyboardEvent) => {
    const seconds = STEPS[event.key];
    if (seconds === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    player.skip(seconds);
  };
  const value = useComputed(() => player.time.value.toFixed(1));
  const text = useComputed(() => `${said.value} of ${placeInWords(player.duration)}`);
  return (
    <input
      ref={slider}
      class="slider"
      type="range"
      aria-label="Position"
      aria-valuetext={text}
      min={0}
      max={player.duration}
      step="any"
      value={value}
      onKeyDown={pressed}
      onInput={(event) => player.hold(event.currentTarget.valueAsNumber)}
      onChange={(event) => player.seek(event.currentTarget.valueAsNumber)}
    />
  );
}

function Elapsed({ player }: { player: Player }) {
  const shown = useComputed(() => clock(player.time.value));
  return <span>{shown}</span>;
}
