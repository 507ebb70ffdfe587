/** How long a text is, and how long it will take to hear. */

export const MOST_CHARACTERS = 1_000_000;
export const MOST_TITLE_CHARACTERS = 200;

/** Characters as the server counts them: a surrogate pair is one. */
export function characters(text: string): number {
  return text.length - (text.match(/[\ud800-\udbff][\udc00-\udfff]/g)?.length ?? 0);
}

// Fitted to what the voice made of stories: see the test.
const SECONDS_A_CHARACTER = 0.052;
const SECONDS_A_SENTENCE = 0.45;
const SECONDS_A_PARAGRAPH = 0.5;

/** Seconds of audio, roughly. */
export function listeningSeconds(text: string): number {
  const spoken = text.length - (text.match(/\s{2,}|[^\p{L}\p{N}\s]/gu)?.length ?? 0);
  const sentences = text.match(/[.!?…]+["'”’)\]]*(?=\s|$)/g)?.length ?? 0;
  const paragraphs = text.match(/\S[^\n]*(?:\n(?!\s*\n)[^\n]*)*/g)?.length ?? 0;
  if (!/[\p{L}\p{N}]/u.test(text)) return 0;
  return spoken * SECONDS_A_CHARACTER + sentences * SECONDS_A_SENTENCE + paragraphs * SECONDS_A_PARAGRAPH;
}
