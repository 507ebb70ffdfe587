/** The time, as a signal that ticks only for those who read it. */
import { signal, type ReadonlySignal } from "@preact/signals";

/** Milliseconds since 1970, every `period` milliseconds. */
function ticking(period: number): ReadonlySignal<number> {
  let timer: ReturnType<typeof setInterval> | undefined;
  const now = signal(Date.now(), {
    watched() {
      now.value = Date.now();
      timer = setInterval(() => (now.value = Date.now()), period);
    },
    unwatched: () => clearInterval(timer),
  });
  return now;
}

export const everySecond = ticking(1_000);
export const everyMinute = ticking(60_000);
