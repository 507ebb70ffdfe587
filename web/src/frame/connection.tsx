/** Whether what the page shows is live. */
import { useComputed, useSignal, useSignalEffect } from "@preact/signals";
import { owner, session } from "../api/session.ts";
import { connection } from "../api/socket.ts";
import { trouble } from "../live/following.ts";

const GRACE_MS = 1_000;
const SLOW_MS = 5_000;

/** Told when it lasts: a server that restarts is back before anybody has read the sentence. */
export function Connection() {
  const isLost = useSignal(false);
  const patience = useComputed(() => {
    if (session.value.state === "unreachable") return GRACE_MS;
    if (session.value.state !== "signed-in" || connection.value === "live") return undefined;
    return connection.value === "lost" ? GRACE_MS : SLOW_MS;
  });
  useSignalEffect(() => {
    if (patience.value === undefined) return void (isLost.value = false);
    const timer = setTimeout(() => (isLost.value = true), patience.value);
    return () => clearTimeout(timer);
  });
  const sentence = isLost.value ? loss() : trouble.value && `Live news stopped: ${trouble.value}`;
  return (
    <div class="connection" role="status" data-connection={isLost.value ? "lost" : connection.value}>
      {sentence && <p>{sentence}</p>}
    </div>
  );
}

const loss = (): string =>
  owner.value
    ? "Connection lost. What you see may be out of date; trying to come back …"
    : "The server cannot be reached. Trying again …";
