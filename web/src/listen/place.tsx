/** Where one stopped listening: remembered, and offered to go on from. */
import { effect, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { owner } from "../api/session.ts";
import { clock } from "../ui/time.ts";
import { placeIn, rememberPlace } from "./memory.ts";
import type { Player } from "./player.ts";

const EVERY_MS = 5_000;

/** The offer, until it is taken, or one goes elsewhere. */
export function GoOn({ id, player }: { id: string; player: Player }) {
  const user = owner.peek()!.id;
  const place = useSignal(placeIn(user, id));
  useEffect(() => {
    if (place.peek() === undefined) return undefined;
    return effect(() => {
      if (player.isPlaying.value || player.jumps.value > 0) place.value = undefined;
    });
  }, [player]);
  useEffect(() => keepPlace(user, id, player), [player]);
  const there = place.value;
  if (there === undefined) return null;
  const goOn = () => {
    player.seek(there);
    player.play();
  };
  return (
    <button type="button" class="go-on" onClick={goOn}>
      Go on at {clock(there)}
    </button>
  );
}

/** Remember, for `user`, where `player` is until the function that comes back is called. */
function keepPlace(user: string, id: string, player: Player): () => void {
  const keep = () => rememberPlace(user, id, player.time.peek(), player.duration);
  const listened = new AbortController();
  addEventListener("pagehide", keep, { signal: listened.signal });
  let hasBegun = false;
  const end = effect(() => {
    hasBegun ||= player.isPlaying.value || player.jumps.value > 0;
    if (!hasBegun) return undefined;
    keep();
    const timer = player.isPlaying.value ? setInterval(keep, EVERY_MS) : undefined;
    return () => clearInterval(timer);
  });
  return () => {
    listened.abort();
    end();
    if (hasBegun) keep();
  };
}
