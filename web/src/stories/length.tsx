import { useSignal, useSignalEffect, type ReadonlySignal, type Signal } from "@preact/signals";
import { plural, spoken } from "../ui/time.ts";
import { characters, listeningSeconds, LONG_CHARACTERS, MOST_CHARACTERS } from "./estimate.ts";

const PAUSE_MS = 250;

/** How long the text is, and its audio would be, as one types. */
export function Length({
  content,
  isChanged,
}: {
  content: Signal<string>;
  isChanged: ReadonlySignal<boolean>;
}) {
  const told = useSignal("");
  const isTooLong = useSignal(false);
  useSignalEffect(() => {
    const text = content.value;
    const count = () => {
      const length = characters(text);
      const seconds = listeningSeconds(text);
      isTooLong.value = length > MOST_CHARACTERS;
      told.value =
        `${plural(length, "character")}${isTooLong.peek() ? ` of ${MOST_CHARACTERS.toLocaleString("en")} at most` : ""}` +
        (seconds ? `, about ${spoken(Math.max(1, seconds))} to listen to` : "");
    };
    if (text.length < LONG_CHARACTERS) return count();
    const timer = setTimeout(count, PAUSE_MS);
    return () => clearTimeout(timer);
  });
  return (
    <p id="content-length" class={isTooLong.value ? "length too-long" : "length"}>
      {told}
      {isChanged.value && content.value && ", not saved yet"}
    </p>
  );
}
