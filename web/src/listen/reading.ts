/** Keeps the sentence that is spoken in view, as long as the person does not look elsewhere. */
import { effect, signal, type ReadonlySignal } from "@preact/signals";
import type { Player } from "./player.ts";

/** After a hand on the page, it is left where it is for so long. */
const HANDS_OFF_MS = 3_000;
const SCROLL_KEYS = ["PageUp", "PageDown", "Home", "End", "ArrowUp", "ArrowDown"];
/** The middle part of what is seen, and where in it a sentence is brought. */
const [UPPER, LOWER, TARGET] = [0.15, 0.7, 0.3];

export interface Reading {
  /** Whether the person looks elsewhere. */
  readonly isAway: ReadonlySignal<boolean>;
  /** Go where it is spoken. */
  comeBack(): void;
  end(): void;
}

/**
 * Light the sentence that is spoken among those in `text`, which have their place in `data-at`, and keep it in view.
 * `dock` is what may cover the lower edge.
 */
export function readAlong(text: HTMLElement, dock: HTMLElement, player: Player): Reading {
  const sentences = text.querySelectorAll<HTMLElement>("[data-at]");
  const isAway = signal(false);
  let lit: HTMLElement | undefined;
  let handAt = -Infinity;

  const room = () => {
    const { top, bottom } = dock.getBoundingClientRect();
    return top > innerHeight / 2 && bottom > innerHeight - 1 ? top : innerHeight;
  };
  const isSeen = () => {
    const { top, bottom } = (lit ?? text).getBoundingClientRect();
    return bottom > 0 && top < room();
  };
  const bring = (tries = 3) => {
    if (!lit) return;
    const { top, bottom } = lit.getBoundingClientRect();
    const height = room();
    if (top >= height * UPPER && bottom <= height * LOWER) return;
    const by = top - height * TARGET;
    const isCalm = Math.abs(by) < height && !matchMedia("(prefers-reduced-motion: reduce)").matches;
    scrollBy({ top: by, behavior: isCalm ? "smooth" : "instant" });
    // What was far had only an estimated height, and has another when it is drawn.
    if (!isCalm && tries > 0) requestAnimationFrame(() => requestAnimationFrame(() => bring(tries - 1)));
  };
  const touched = () => (handAt = performance.now());
  const scrolled = () => {
    if (performance.now() - handAt < HANDS_OFF_MS) isAway.value = !isSeen();
  };
  const pressed = (event: KeyboardEvent) => SCROLL_KEYS.includes(event.key) && touched();
  const grabbed = (event: PointerEvent) => event.clientX >= document.documentElement.clientWidth && touched();

  const ends = [
    effect(() => {
      const at = player.sentence.value;
      lit?.removeAttribute("aria-current");
      lit = sentences[at];
      lit?.setAttribute("aria-current", "true");
      if (isAway.peek()) isAway.value = !isSeen();
      else if (player.isPlaying.peek() && performance.now() - handAt > HANDS_OFF_MS) bring();
    }),
    effect(() => {
      if (player.jumps.value > 0) comeBack();
    }),
  ];
  function comeBack() {
    handAt = -Infinity;
    isAway.value = false;
    bring();
  }
  const listened = new AbortController();
  const quietly = { passive: true, signal: listened.signal };
  addEventListener("wheel", touched, quietly);
  addEventListener("touchmove", touched, quietly);
  addEventListener("keydown", pressed, quietly);
  addEventListener("pointerdown", grabbed, quietly);
  addEventListener("scroll", scrolled, quietly);
  return {
    isAway,
    comeBack,
    end: () => {
      listened.abort();
      for (const end of ends) end();
    },
  };
}
