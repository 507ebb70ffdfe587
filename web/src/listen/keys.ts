/** The keys of the player. */

export type Command =
  | "toggle"
  | "back-5"
  | "forward-5"
  | "back-10"
  | "forward-10"
  | "previous-sentence"
  | "next-sentence"
  | "slower"
  | "faster"
  | "show-keys";

/** For people, in the order in which they are shown. */
export const KEYS: readonly { readonly keys: readonly string[]; readonly what: string }[] = [
  { keys: ["Space", "K"], what: "Play, pause" },
  { keys: ["←", "→"], what: "5 seconds back, on" },
  { keys: ["J", "L"], what: "10 seconds back, on" },
  { keys: [",", "."], what: "Previous, next sentence" },
  { keys: ["<", ">"], what: "Slower, faster" },
  { keys: ["?"], what: "These keys" },
];

const COMMANDS: Readonly<Record<string, Command>> = {
  " ": "toggle",
  k: "toggle",
  ArrowLeft: "back-5",
  ArrowRight: "forward-5",
  j: "back-10",
  l: "forward-10",
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
  readonly metaKey: boolean;
  readonly repeat: boolean;
}

/** What has the focus, as far as it takes keys for itself. */
export type Focus = "nothing" | "text" | "choice" | "button" | "slider";

const ONCE: readonly Command[] = ["toggle", "show-keys"];

/** What `press` asks the player for; nothing where it is the browser's, or belongs to what has the focus. */
export function commandOf(press: Press, focus: Focus): Command | undefined {
  if (press.ctrlKey || press.altKey || press.metaKey) return undefined;
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
