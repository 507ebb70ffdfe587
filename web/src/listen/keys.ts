/** The keys of the player. */
import { SKIP, STEP } from "./steps.ts";

export type Command =
  | "toggle"
  | "step-back"
  | "step-on"
  | "skip-back"
  | "skip-on"
  | "previous-sentence"
  | "next-sentence"
  | "slower"
  | "faster"
  | "show-keys";

/** For people, in the order in which they are shown. */
export const KEYS: readonly { readonly keys: readonly string[]; readonly what: string }[] = [
  { keys: ["Space", "K"], what: "Play, pause" },
  { keys: ["←", "→"], what: `${STEP} seconds back, on` },
  { keys: ["J", "L"], what: `${SKIP} seconds back, on` },
  { keys: [",", "."], what: "Previous, next sentence" },
  { keys: ["<", ">"], what: "Slower, faster" },
  { keys: ["?"], what: "These keys" },
];

const COMMANDS: Readonly<Record<string, Command>> = {
  " ": "toggle",
  k: "toggle",
  ArrowLeft: "step-back",
  ArrowRight: "step-on",
  j: "skip-back",
  l: "skip-on",
  ",": "previous-sentence",
  ".": "next-sentence",
  "<": "slower",
  ">": "faster",
  "?": "show-keys",
};

export interface Press {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly altKey: boolean;
  readonly shiftKey: boolean;
  readonly metaKey: boolean;
  readonly repeat: boolean;
}

/** What has the focus, as far as it takes keys for itself. */
export type Focus = "nothing" | "text" | "choice" | "button" | "slider";

const ONCE: readonly Command[] = ["toggle", "show-keys"];

/**
 * What `press` asks the player for; nothing where it is the browser's, or belongs to what has the focus. Letters and
 * signs ask for nothing where `areOn` is false: who speaks to the computer presses them by every word
 * (https://www.w3.org/WAI/WCAG22/Understanding/character-key-shortcuts).
 */
export function commandOf(press: Press, focus: Focus, areOn: boolean): Command | undefined {
  if (press.ctrlKey || press.altKey || press.metaKey) return undefined;
  const isSign = press.key.length === 1 && press.key !== " ";
  // By Shift a sign is another one; with arrows and the space bar it selects and scrolls.
  if (isSign ? !areOn : press.shiftKey) return undefined;
  const key = press.key.length === 1 ? press.key.toLowerCase() : press.key;
  const command = COMMANDS[key];
  if (!command || (press.repeat && ONCE.includes(command))) return undefined;
  // A choice is made by typing, too; buttons are pressed by the space bar.
  if (focus === "text" || focus === "choice") return undefined;
  return focus === "button" && key === " " ? undefined : command;
}

/** What `element`, if anything, takes for itself. */
export function focusOf(element: Element | null): Focus {
  if (!element) return "nothing";
  if (element.matches("input[type=range]")) return "slider";
  if (element.matches("input, textarea, [contenteditable]")) return "text";
  if (element.matches("select")) return "choice";
  return element.matches("button, summary") ? "button" : "nothing";
}
