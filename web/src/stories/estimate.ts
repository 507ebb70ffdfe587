/** How long a text is, and how long it will take to hear. */

export const MOST_CHARACTERS = 1_000_000;
export const MOST_TITLE_CHARACTERS = 200;
/** From how many on, whatever is done with a text waits for a pause in the typing. */
export const LONG_CHARACTERS = 50_000;

/** Characters as the server counts them: a surrogate pair is one. */
export function characters(text: string): number {
  return text.length - (text.match(/[\ud800-\udbff][\udc00-\udfff]/g)?.length ?? 0);
}

// Fitted to what the voice made of a handful of texts, from one word to 650 characters: 1 to 12 % off.
const SECONDS_A_CHARACTER = 0.055;
const SECONDS_A_DIGIT = 0.2;
const SECONDS_A_SENTENCE = 0.45;
const SECONDS_A_PARAGRAPH = 0.4;

/** Seconds of audio, roughly. */
export function listeningSeconds(text: string): number {
  if (!/[\p{L}\p{N}]/u.test(text)) return 0;
  // Patterns take time in proportion to the text, whatever it is: an author may paste anything.
  const trimmed = text.trim();
  const count = (pattern: RegExp) => trimmed.match(pattern)?.length ?? 0;
  const digits = count(/\d/g);
  const silent = count(/\s(?=\s)|[^\p{L}\p{N}\s]/gu);
  const sentences = count(/[.!?…]["'”’)\]]*(?=\s|$)/g);
  const paragraphs = count(/\n[^\S\n]*\n\s*/g) + 1;
  return (
    (trimmed.length - silent - digits) * SECONDS_A_CHARACTER +
    digits * SECONDS_A_DIGIT +
    sentences * SECONDS_A_SENTENCE +
    paragraphs * SECONDS_A_PARAGRAPH
  );
}
