import { useSignalEffect } from "@preact/signals";
import { everySecond } from "../ui/now.ts";
import { spoken } from "../ui/time.ts";
import { limited } from "./actions.ts";

/** Why no narration can be started at present, and for how long yet; nothing where one can. */
export function LimitNote() {
  useSignalEffect(() => {
    if (limited.value && limited.value.until <= everySecond.value) limited.value = undefined;
  });
  if (!limited.value) return null;
  const left = Math.max(1, Math.ceil((limited.value.until - everySecond.value) / 1000));
  return (
    <div class="problem">
      <p role="alert">{limited.value.why}</p>
      <p>The next can start in {spoken(left)}.</p>
    </div>
  );
}
