/** Plays one narration. Links that have had their time are replaced on the way, at the place where one is. */
import { computed, effect, signal, type ReadonlySignal } from "@preact/signals";
import { cueAt, type Captions } from "./captions.ts";
import { rememberSpeed, speed, SPEEDS } from "./memory.ts";

export interface Links {
  /** The link that is at hand, if it is likely to work. */
  known(): string | undefined;
  /** One that was just made. Throws an Error for people. */
  fresh(): Promise<string>;
}

/** Further into a sentence than this, "previous" means its own beginning. */
const WELL_INTO = 2;
/** Two failures this close are of the same place. */
const SAME_PLACE = 0.5;
const NOTHING: Captions = { cues: [], peaks: [] };

export class Player {
  readonly audio = document.createElement("audio");
  readonly duration: number;
  /** Seconds from the beginning: where one is, or is about to let go of the slider. */
  readonly time = signal(0);
  /** Whether it plays, or will as soon as it can. */
  readonly isPlaying = signal(false);
  readonly isWaiting = signal(false);
  readonly speed = signal(speed());
  /** Why it does not play, for people. */
  readonly problem = signal<string | undefined>(undefined);
  readonly captions = signal<Captions>(NOTHING);
  /** The place of the sentence that is spoken; -1 before the first. */
  readonly sentence: ReadonlySignal<number> = computed(() =>
    cueAt(this.captions.value.cues, this.time.value),
  );
  /** How often somebody went to another place. */
  readonly jumps = signal(0);
  readonly #links: Links;
  readonly #ends: (() => void)[] = [];
  #renewing = false;
  #isClosed = false;
  #isHeld = false;
  #failedAt: number | undefined;

  constructor(links: Links, duration: number) {
    this.#links = links;
    this.duration = duration;
    const { audio } = this;
    audio.preload = "metadata";
    this.#on("timeupdate", () => this.#look());
    this.#on("pause", () => !this.#renewing && !audio.ended && (this.isPlaying.value = false));
    this.#on("play", () => (this.isPlaying.value = true));
    this.#on("waiting", () => {
      this.isWaiting.value = true;
      if (!links.known()) void this.#renew();
    });
    for (const name of ["playing", "seeked", "canplay"] as const)
      this.#on(name, () => (this.isWaiting.value = false));
    this.#on("ended", () => {
      this.isPlaying.value = false;
      this.time.value = duration;
    });
    this.#on("error", () => this.#fail());
    this.#ends.push(effect(() => void (audio.playbackRate = audio.defaultPlaybackRate = this.speed.value)));
    this.#ends.push(effect(() => (this.isPlaying.value ? this.#watch() : undefined)));
    const link = links.known();
    if (link) audio.src = link;
  }

  /** Nothing more is heard, or asked for. */
  close(): void {
    this.#isClosed = true;
    for (const end of this.#ends) end();
    this.audio.pause();
    this.audio.removeAttribute("src");
    this.audio.load();
  }

  play(): void {
    this.problem.value = undefined;
    this.isPlaying.value = true;
    if (this.#isUsable()) this.#start();
    else void this.#renew();
  }

  pause(): void {
    this.isPlaying.value = false;
    this.audio.pause();
  }

  toggle(): void {
    if (this.isPlaying.peek()) this.pause();
    else this.play();
  }

  /** Show `time` as if one were there, until `seek`. */
  hold(time: number): void {
    this.#isHeld = true;
    this.time.value = this.#within(time);
  }

  seek(time: number): void {
    this.#isHeld = false;
    this.time.value = this.#within(time);
    this.jumps.value += 1;
    if (this.#isUsable()) this.audio.currentTime = this.time.peek();
    else void this.#renew();
  }

  skip(seconds: number): void {
    this.seek(this.time.peek() + seconds);
  }

  previousSentence(): void {
    const { cues } = this.captions.peek();
    const at = this.sentence.peek();
    const isWellInto = at >= 0 && this.time.peek() - cues[at]!.start > WELL_INTO;
    this.seek(cues[isWellInto ? at : at - 1]?.start ?? 0);
  }

  nextSentence(): void {
    const next = this.captions.peek().cues[this.sentence.peek() + 1];
    if (next) this.seek(next.start);
  }

  setSpeed(chosen: number): void {
    this.speed.value = chosen;
    rememberSpeed(chosen);
  }

  faster(steps: 1 | -1): void {
    const next = SPEEDS[SPEEDS.findIndex((one) => one === this.speed.peek()) + steps];
    if (next) this.setSpeed(next);
  }

  #within(time: number): number {
    return Math.min(Math.max(0, time), this.duration);
  }

  #isUsable(): boolean {
    return !this.#renewing && !this.audio.error && this.audio.src !== "" && this.#links.known() !== undefined;
  }

  #start(): void {
    this.audio.play().catch((error: DOMException) => {
      // What interrupts it goes on by itself, or says why not.
      if (error.name === "NotAllowedError") this.isPlaying.value = false;
    });
  }

  #look(): void {
    if (!this.#isHeld && !this.#renewing && !this.audio.error)
      this.time.value = this.#within(this.audio.currentTime);
  }

  /** `timeupdate` comes four times a second, which is late for a short sentence. */
  #watch(): () => void {
    const look = () => {
      frame = requestAnimationFrame(look);
      this.#look();
    };
    let frame = requestAnimationFrame(look);
    return () => cancelAnimationFrame(frame);
  }

  #fail(): void {
    if (this.#renewing) return;
    const at = this.time.peek();
    if (this.#failedAt !== undefined && Math.abs(at - this.#failedAt) < SAME_PLACE) {
      return this.#giveUp("The audio cannot be played from here. Try again, or go to another place.");
    }
    this.#failedAt = at;
    void this.#renew();
  }

  async #renew(): Promise<void> {
    if (this.#renewing) return;
    this.#renewing = true;
    try {
      const link = await this.#links.fresh();
      // Whoever waited for it may have left meanwhile.
      if (this.#isClosed) return;
      this.audio.src = link;
      this.audio.currentTime = this.time.peek();
    } catch (error) {
      return this.#giveUp((error as Error).message);
    } finally {
      this.#renewing = false;
    }
    if (this.isPlaying.peek()) this.#start();
  }

  #giveUp(why: string): void {
    this.#failedAt = undefined;
    this.isPlaying.value = false;
    this.isWaiting.value = false;
    this.problem.value = why;
  }

  #on(name: keyof HTMLMediaElementEventMap, listener: () => void): void {
    this.audio.addEventListener(name, listener);
    this.#ends.push(() => this.audio.removeEventListener(name, listener));
  }
}
