/** What happened to a narration, with times. */
import type { Narration } from "../api/operations.ts";
import { inFull, spoken, timeOfDay } from "../ui/time.ts";
import { eventInWords } from "./words.ts";

export function Log({ narration }: { narration: Narration | undefined }) {
  if (!narration) return null;
  const { log, createdAt, finishedAt } = narration;
  return (
    <details class="log">
      <summary>What happened</summary>
      <ol>
        {log.map(({ event, detail, occurredAt }, at) => (
          <li key={at}>
            <time dateTime={occurredAt} title={inFull(occurredAt)}>
              {timeOfDay(occurredAt)}
            </time>
            <p>
              {eventInWords(event)}
              {detail && <span class="log-detail">{detail}</span>}
            </p>
          </li>
        ))}
      </ol>
      <p class="hint">
        Asked for on {inFull(createdAt)}.
        {finishedAt &&
          ` Done after ${spoken(Math.max(1, (Date.parse(finishedAt) - Date.parse(createdAt)) / 1000))}.`}
      </p>
    </details>
  );
}
