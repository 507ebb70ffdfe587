/** A story as it is being written: what is saved, what is typed over it, and the draft of that in the browser. */
import { batch, computed, effect, signal, type Signal } from "@preact/signals";
import type { WholeStory } from "../api/operations.ts";
import { announce } from "../live/announcements.ts";
import { go } from "../routes.ts";
import { plural } from "../ui/time.ts";
import { writeStory, type Problems } from "./actions.ts";
import { adopt } from "./desks.ts";
import { forgetDraft, keepDraft, readDraft, TAKEN, type Draft } from "./drafts.ts";
import { characters, LONG_CHARACTERS, MOST_CHARACTERS, MOST_TITLE_CHARACTERS } from "./estimate.ts";
import { put } from "./list.ts";

const PAUSE_MS = 400;
const BLANK: Draft = { title: "", content: "", base: "" };

export class Writing {
  readonly title = signal("");
  readonly content = signal("");
  readonly problems = signal<Problems>({});
  readonly isSaving = signal(false);
  /** Whether the browser could not keep what is not saved. */
  readonly hasNoRoom = signal(false);
  readonly isChanged = computed(() => {
    const { title, content } = this.#asSaved();
    return this.title.value !== title || this.content.value !== content;
  });
  /** Whether it was saved elsewhere since what is typed here was begun. */
  readonly isOutdated = computed(
    () =>
      this.saved.value !== undefined &&
      this.isChanged.value &&
      this.#base.value !== this.saved.value.updatedAt,
  );
  readonly saved: Signal<WholeStory | undefined>;
  readonly #base = signal("");
  readonly #user: string;
  #id: string | undefined;
  #saving: Promise<WholeStory | undefined> | undefined;

  /** `id` is undefined for a story to be; `saved` is the story where it is one. */
  constructor(user: string, id: string | undefined, saved: Signal<WholeStory | undefined>) {
    this.#user = user;
    this.#id = id;
    this.saved = saved;
    this.#show(readDraft(user, this.#place) ?? this.#asSaved());
  }

  /** Keep drafts, and take what is saved elsewhere, until the function that comes back is called. */
  begin(): () => void {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const flush = () => {
      clearTimeout(timer);
      if (timer !== undefined) this.#keep();
      timer = undefined;
    };
    const stopKeeping = effect(() => {
      const isLong = this.content.value.length >= LONG_CHARACTERS;
      void [this.title.value, this.isChanged.value, this.#base.value];
      clearTimeout(timer);
      // A long text is kept when the typing pauses.
      timer = isLong ? setTimeout(flush, PAUSE_MS) : undefined;
      if (!isLong) this.#keep();
    });
    let before = this.saved.peek();
    const stopTaking = effect(() => {
      const [old, story] = [before, this.saved.value];
      before = story;
      const isUntouched = this.title.peek() === old?.title && this.content.peek() === old.content;
      if (story && isUntouched) this.#show(this.#asSaved());
    });
    const take = () => {
      const draft = readDraft(this.#user, this.#place);
      if (this.#id === undefined && draft) this.#show(draft);
    };
    // Another tab may have kept a text of its own meanwhile: whoever closes last is kept.
    const close = () => void (this.isChanged.peek() && this.#keep());
    addEventListener("pagehide", close);
    addEventListener(TAKEN, take);
    return () => {
      flush();
      stopKeeping();
      stopTaking();
      removeEventListener("pagehide", close);
      removeEventListener(TAKEN, take);
    };
  }

  /** Somebody typed into a field: what was wrong with it is no longer said. */
  type(field: "title" | "content", text: string): void {
    const { [field]: _, ...others } = this.problems.peek();
    batch(() => {
      this[field].value = text;
      this.problems.value = others;
    });
  }

  /** The story as it is saved; undefined, with `problems`, where it could not be. Twice at once is once. */
  save(): Promise<WholeStory | undefined> {
    this.#saving ??= this.#write().finally(() => (this.#saving = undefined));
    return this.#saving;
  }

  discard(): void {
    this.problems.value = {};
    this.#show(this.#asSaved());
  }

  async #write(): Promise<WholeStory | undefined> {
    if (!this.isChanged.peek() && this.saved.peek()) return this.saved.peek();
    const [title, content] = [this.title.peek(), this.content.peek()];
    this.problems.value = check(title, content);
    if (Object.keys(this.problems.peek()).length) return undefined;
    this.isSaving.value = true;
    const written = await writeStory(this.#id, title, content).finally(() => (this.isSaving.value = false));
    if ("problems" in written) return void (this.problems.value = written.problems);
    const { story } = written;
    const isNew = this.#id === undefined;
    if (isNew) forgetDraft(this.#user, this.#place);
    this.#id = story.id;
    batch(() => {
      this.saved.value = story;
      this.#base.value = story.updatedAt;
      put(story);
    });
    announce("Saved.");
    if (isNew) {
      adopt(story.id);
      go({ page: "story", id: story.id }, "replace");
    }
    return story;
  }

  get #place(): string {
    return this.#id ?? "new";
  }

  #asSaved(): Draft {
    const story = this.saved.value;
    return story ? { title: story.title, content: story.content, base: story.updatedAt } : BLANK;
  }

  #show({ title, content, base }: Draft): void {
    batch(() => ([this.title.value, this.content.value, this.#base.value] = [title, content, base]));
  }

  #keep(): void {
    if (!this.isChanged.peek()) return forgetDraft(this.#user, this.#place);
    const draft = { title: this.title.peek(), content: this.content.peek(), base: this.#base.peek() };
    this.hasNoRoom.value = !keepDraft(this.#user, this.#place, draft);
  }
}

/** What the server would refuse, said without asking it. */
function check(title: string, content: string): Problems {
  const over = characters(content) - MOST_CHARACTERS;
  return {
    ...(!title.trim() && { title: "A story needs a title." }),
    ...(characters(title) > MOST_TITLE_CHARACTERS && {
      title: `A title has at most ${MOST_TITLE_CHARACTERS} characters.`,
    }),
    ...(!content.trim() && { content: "There is no text yet." }),
    ...(over > 0 && { content: `The text is ${plural(over, "character")} too long.` }),
  };
}
