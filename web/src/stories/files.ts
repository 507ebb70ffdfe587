/** Text files that somebody chose, dropped or pasted. */

import { MOST_CHARACTERS, MOST_TITLE_CHARACTERS } from "./estimate.ts";

/** The message is for people. */
export class NoStory extends Error {}

export interface TextFile {
  readonly title: string;
  readonly content: string;
}

// UTF-8 has at most four bytes a character.
const MOST_BYTES = 4 * MOST_CHARACTERS;
const NAMED = /\.(txt|text|md|markdown)$/i;

/** The file as a story to be. Throws NoStory where it cannot be one. */
export async function readTextFile(file: File): Promise<TextFile> {
  if (!NAMED.test(file.name) && !file.type.startsWith("text/plain")) {
    throw new NoStory(`${file.name} is no .txt or .md file.`);
  }
  if (file.size > MOST_BYTES)
    throw new NoStory(
      `${file.name} is too long: a story has at most ${MOST_CHARACTERS.toLocaleString("en")} characters.`,
    );
  const content = decode(new Uint8Array(await file.arrayBuffer())).replace(/\r\n?/g, "\n");
  if (content.includes("\0")) throw new NoStory(`${file.name} holds no text.`);
  if (!content.trim()) throw new NoStory(`${file.name} is empty.`);
  return { title: titleOf(content, file.name), content };
}

/** UTF-8, or UTF-16 by its mark; else what old Windows programs wrote. */
export function decode(bytes: Uint8Array): string {
  const mark = (bytes[0] ?? 0) * 256 + (bytes[1] ?? 0);
  if (mark === 0xfffe) return new TextDecoder("utf-16le").decode(bytes);
  if (mark === 0xfeff) return new TextDecoder("utf-16be").decode(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}

/** A Markdown file's first heading, or the file's name. */
export function titleOf(content: string, name: string): string {
  const heading = /\.(md|markdown)$/i.test(name) ? /^#\s+(.+?)\s*#*$/m.exec(content)?.[1] : undefined;
  const named = name.replace(NAMED, "").replace(/[_-]+/g, " ").trim();
  return [...(heading ?? named)].slice(0, MOST_TITLE_CHARACTERS).join("") || "Untitled";
}
